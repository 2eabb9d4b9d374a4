"""`flowctl agent`: the companion of an agent."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    import ssl

app = typer.Typer(add_completion=False)

PASSWORD = "FLOWCTL_AGENT_PASSWORD"  # noqa: S105 - where it is, not what it is
LANGUAGES = ("en", "fr")


@app.command(epilog="Example: flowctl agent --server calls.example.org --tls --code 201 --extension 17")
def agent(
    code: Annotated[str, typer.Option(help="The agent's code.")],
    server: Annotated[str, typer.Option(metavar="HOST[:PORT]", help="Where the server is.")] = "127.0.0.1",
    extension: Annotated[str, typer.Option(help="Where calls reach you; by default as the directory says.")] = "",
    tls: Annotated[bool, typer.Option("--tls", help="Encrypt; the server must be who it says it is.")] = False,
    ca: Annotated[Path | None, typer.Option(help="Certificates (PEM) to trust in place of the system's.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="The password is the first line of standard input.")
    ] = False,
    allow_command: Annotated[
        list[str] | None, typer.Option(metavar="PROGRAM", help="A program that centres may run here; repeatable.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(metavar="HOST", help="A host whose pages centres may open here; repeatable.")
    ] = None,
    command_limit: Annotated[
        float | None, typer.Option(min=1, metavar="SECONDS", help="Kill such a program after that time.")
    ] = None,
    variables_file: Annotated[str, typer.Option(help="Gets the variables of a call.")] = "Variables.txt",
    sounds: Annotated[Path | None, typer.Option(help="Folder of ring sounds: CENTRE.wav, default.wav.")] = None,
    no_sound: Annotated[bool, typer.Option("--no-sound", help="Do not ring.")] = False,
    auto_accept: Annotated[bool, typer.Option("--auto-accept", help="Take whatever is offered.")] = False,
    language: Annotated[str, typer.Option(help="en or fr.")] = "en",
    output: Annotated[str, typer.Option("--format", help="text, or json for a program that drives it.")] = "text",
) -> None:
    """Log in as an agent: see waiting calls, take them, have the caller's file shown.

    Exit status: 0 logged out, 1 not let in, or not again, or logged out by the server, 2 it could not begin.
    """
    import asyncio

    from tools.agent import ScreenPop, VariablesFile
    from tools.flowctl.companion.start import CannotBegin, Desk, work
    from tools.flowctl.companion.texts import Texts, plain

    if output not in ("text", "json"):
        _refuse("--format is text or json")
    if language not in LANGUAGES:
        _refuse(f"--language is {' or '.join(LANGUAGES)}")
    if output == "text" and not (sys.stdin.isatty() and sys.stdout.isatty()):
        _refuse("there is no terminal; --format json is for programs")
    if sounds is not None and not sounds.is_dir():
        _refuse(f"--sounds: there is no folder {sounds}")
    try:
        host, port = _address(server)
        variables = VariablesFile(variables_file)
        if not os.access(variables.path.parent, os.W_OK):
            raise ValueError(f"--variables-file: {variables.path} cannot be written")
        pop = ScreenPop(
            commands=allow_command or (), hosts=allow_host or (), variables_file=variables, limit=command_limit
        )
        context = _context(ca) if tls or ca is not None else None
    except (ValueError, OSError) as error:
        _refuse(str(error))
    if context is None and host not in ("127.0.0.1", "::1", "localhost"):
        typer.echo("flowctl agent: the password crosses the network in clear; --tls encrypts", err=True)
    password = _password(code, language, from_input=password_stdin)
    desk = Desk(host, port, code, extension, language, context, sounds, no_sound, auto_accept, pop, variables)
    try:
        ended = asyncio.run(work(desk, password, in_lines=output == "json"))
    except CannotBegin as error:
        _refuse(str(error))
    if told := Texts(language).ended(ended.why, ended.said):
        typer.echo(plain(told), err=True)
    raise typer.Exit(0 if ended.why == "closed" else 1)


def _refuse(message: str) -> NoReturn:
    from tools.flowctl.companion.texts import plain

    typer.echo(f"flowctl agent: {plain(message)}", err=True)
    raise typer.Exit(2)


def _address(server: str) -> tuple[str, int]:
    """`host`, `host:port`, `[::1]`, `[::1]:port`."""
    from urllib.parse import urlsplit

    from tools.agent.messages import PORT

    if server.count(":") > 1 and not server.startswith("["):
        server = f"[{server}]"
    try:
        parts = urlsplit(f"//{server}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.netloc != server or parts.username is not None:
        raise ValueError(f"--server {server}: write HOST or HOST:PORT")
    return host, PORT if port is None else port


def _context(ca: Path | None) -> ssl.SSLContext:
    import ssl

    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise ValueError(f"--ca {ca}: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _password(code: str, language: str, *, from_input: bool) -> str:
    """From the environment, whence no program started here gets it; from the input; or asked for."""
    known = os.environ.pop(PASSWORD, None)
    if from_input:
        line = bytearray()
        # What follows is for somebody else: nothing is read ahead.
        while (byte := os.read(0, 1)) not in (b"", b"\n"):
            line += byte
        return line.decode(errors="replace").removesuffix("\r")
    if known is not None:
        return known
    if not sys.stdin.isatty():
        _refuse(f"the password is missing: {PASSWORD} in the environment, or --password-stdin")
    # Typer shows its question before it hides what is typed.
    from getpass import getpass

    from tools.flowctl.companion.texts import Texts

    try:
        return getpass(Texts(language)("password", code=code))
    except EOFError:
        _refuse("the password is missing")
