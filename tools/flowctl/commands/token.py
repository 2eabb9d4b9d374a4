"""`flowctl token`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.messages import _
from tools.flowctl.people import with_database
from tools.flowctl.speaking import HELP, refuse, settings_of

if TYPE_CHECKING:
    from engine.records.database import Database
    from engine.records.tokens import Holder

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Examples: flowctl token 201   ·   flowctl token crm --application   ·   flowctl token 201 --revoke"
)
def token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Code of the agent, or name of the application.")],
    application: Annotated[
        bool, typer.Option("--application", help="For a program: calls for every agent, and the states of all.")
    ] = False,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="No token: the one that there is is good no longer.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")
    ] = None,
    language: Annotated[str | None, typer.Option(help=HELP)] = None,
) -> None:
    """Make a token with which an agent, or an application, asks the web server for calls. It is shown once, and takes
    the place of the one before."""
    made = with_database(
        "token",
        settings_of("token", config, language=language),
        lambda database: _do(database, name, application, revoke),
    )
    typer.echo(made if made is not None else _("{name} has no token any more").format(name=name))


async def _do(database: Database, name: str, application: bool, revoke: bool) -> str | None:
    from engine.records.tokens import Holder, Tokens

    holder = Holder("application" if application else "agent", name)
    if not revoke:
        await _check(database, holder)
        return await Tokens(database).issue(holder, datetime.now(UTC))
    if not await Tokens(database).revoke(holder):
        refuse("token", _("{name} has no token; nothing was changed").format(name=name))
    return None


async def _check(database: Database, holder: Holder) -> None:
    from engine.records.people import People
    from engine.scenario.suggest import did_you_mean

    if holder.role == "application":
        if not 1 <= len(holder.name) <= 100:
            refuse("token", _("the name of an application has 1 to 100 characters; nothing was changed"))
        return
    codes = [agent.code for agent in (await People(database).load()).directory.agents]
    if holder.name not in codes:
        hint = did_you_mean(holder.name, codes)
        known = f" ({hint})" if hint else ""
        said = _("there is no agent {code}{hint}; nothing was changed")
        refuse("token", said.format(code=repr(holder.name), hint=known))
