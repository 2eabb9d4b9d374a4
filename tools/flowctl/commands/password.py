"""`flowctl password`."""

from __future__ import annotations

import asyncio
import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.messages import _
from tools.flowctl.people import with_people
from tools.flowctl.speaking import HELP, refuse

if TYPE_CHECKING:
    from engine.records.people import People

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Examples: flowctl password 201   ·   flowctl password 201 < file   ·   flowctl password 201 --remove"
)
def password(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Code of the agent.")],
    remove: Annotated[
        bool, typer.Option("--remove", help="No password: the agent is reached by telephone alone.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")
    ] = None,
    language: Annotated[str | None, typer.Option(help=HELP)] = None,
) -> None:
    """Set an agent's password: asked for on a terminal, or else the first line of standard input."""
    with_people("password", config, lambda people: _check(people, code), language=language)
    new = None if remove else _ask(code)
    with_people("password", config, lambda people: _set(people, code, new), language=language)
    done = _("the password of {code} is removed") if remove else _("the password of {code} is set")
    typer.echo(done.format(code=code))


def _ask(code: str) -> str:
    from engine.centres.directory import PASSWORD_LENGTH

    if sys.stdin.isatty():
        new = getpass.getpass(_("New password of {code}: ").format(code=code))
        if getpass.getpass(_("Again: ")) != new:
            refuse("password", _("the two are not the same; nothing was changed"))
    else:
        new = sys.stdin.readline().rstrip("\r\n")
    if not 1 <= len(new) <= PASSWORD_LENGTH:
        said = _("a password has 1 to {most} characters; nothing was changed")
        refuse("password", said.format(most=PASSWORD_LENGTH))
    return new


async def _check(people: People, code: str) -> None:
    codes = [agent.code for agent in (await people.load()).directory.agents]
    if code not in codes:
        from engine.scenario.suggest import did_you_mean

        hint = did_you_mean(code, codes)
        said = _("there is no agent {code}").format(code=repr(code))
        refuse("password", f"{said} ({hint})" if hint else said)


async def _set(people: People, code: str, new: str | None) -> None:
    from engine.centres.passwords import hashed

    password_hash = None if new is None else await asyncio.to_thread(hashed, new)
    await people.set_password(code, password_hash)
