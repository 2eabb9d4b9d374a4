"""The command line. Each command is one module of `tools.flowctl.commands`, imported only when it is run or
asked for help, so that `flowctl --help` and shell completion stay fast."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

COMMANDS = {
    "init": "Make a folder with a first scenario, ready to validate, simulate and serve.",
    "validate": "Say every mistake in scenarios, with line and column.",
    "simulate": "Run a scenario without a telephone, on a virtual clock.",
    "test": "Run the tests beside scenarios.",
    "serve": "Answer calls.",
    "install": "Make a server a service of the machine (systemd).",
    "doctor": "Try every part of a server, and say what to do.",
    "apply": "Put the agents and centres of a file into a server's database.",
    "export": "Write the agents and centres of a server's database as a file.",
    "password": "Set an agent's password.",
    "token": "Make a token for an agent's, or an application's, requests by HTTP.",
    "agent": "Log in as an agent: see waiting calls, take them.",
    "records": "Show the records of calls that are over.",
    "contacts": "Put a file of contacts into the table of them; find one.",
    "database": "Show the state of the database; bring its tables up to date.",
    "logs": "Show the daily log, and what comes.",
    "purge": "Delete what is older than the settings keep it.",
    "report": "Statistics of calls, centres, agents and waiting: tables, plots, sheets.",
    "status": "Show what a server is doing: calls, waiting calls, agents, trunks.",
    "mailbox": "List, save and delete the messages of mailboxes.",
    "channels": "Show the channels and trunks of a server, and what they are doing.",
    "mail": "Try the mail server; show the mails that wait.",
    "switch": "Open or close by hand, whatever the opening hours say.",
    "dial": "Call a SIP address, press keys, record what is heard.",
    "lsp": "Tell an editor what is wrong as you type.",
    "graph": "Draw a scenario as SVG, DOT or Mermaid.",
    "diff": "Say which callers' paths differ between two versions of a scenario.",
    "fmt": "Lay scenario files out the same way; comments and order stay.",
    "schema": "Print the JSON Schema of scenario files.",
}
"""Name → summary. Each module defines `app`, a `typer.Typer` with a single command."""


class LazyGroup(TyperGroup):
    """Lists the commands from the table; imports the module of the one that is used."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        if self._listing:
            return _summary_only(cmd_name)
        module = importlib.import_module(f"tools.flowctl.commands.{cmd_name}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    _listing = False
    """True while names and summaries are all that is needed: for the help of the group, and for completion."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        with self._summaries():
            super().format_help(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        with self._summaries():
            return super().shell_complete(ctx, incomplete)

    @contextmanager
    def _summaries(self) -> Iterator[None]:
        self._listing = True
        try:
            yield
        finally:
            self._listing = False


def _summary_only(name: str) -> Any:
    stub = typer.Typer(add_completion=False)

    @stub.command(name=name, help=COMMANDS[name])
    def nothing() -> None: ...

    return typer.main.get_command(stub)


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Call flows in YAML: check, simulate and serve them.",
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"flowctl {version('flowctl')}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """Call flows in YAML: check, simulate and serve them."""


def main() -> None:
    """Entry point of the `flowctl` command. What nobody expected is one line and exit 2.

    With FLOWCTL_DEBUG=1 it is a traceback; one without the values of variables, since those may be callers' codes.
    """
    try:
        app()
    except Exception as error:
        if os.environ.get("FLOWCTL_DEBUG") == "1":
            raise
        reason = " ".join(str(error).split())[:300]
        sys.stderr.write(
            f"flowctl: unexpected {type(error).__name__}: {reason or 'no reason given'}; "
            "FLOWCTL_DEBUG=1 shows where\n"
        )
        sys.exit(2)


if __name__ == "__main__":
    main()
