"""The databases and web services that scenarios ask."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.errors import CallError, ConfigurationError
from engine.messages import N_, _
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, skipped, wrong
from tools.flowctl.doctor.examine import in_thread

if TYPE_CHECKING:
    from engine.outside.databases import SqlDatabases
    from engine.server.settings import Settings

SECONDS = 4.0
"""For each to answer, or to take a connection."""
HTTPS = 443


async def run(patient: Patient) -> list[Finding]:
    """Databases are asked for nothing but a number, web services only connected with."""
    settings = patient.settings
    if not settings.databases and not settings.http.allow:
        return [skipped(_("no databases, and no web services"))]
    found = await _databases(settings) if settings.databases else []
    return [*found, *await asyncio.gather(*(_connects(host) for host in settings.http.allow))]


async def _databases(settings: Settings) -> list[Finding]:
    from engine.outside.databases import SqlDatabases
    from engine.server.passwords import database_passwords

    urls = {name: database.url for name, database in settings.databases.items()}
    try:
        passwords = await in_thread(lambda: database_passwords(settings))
        databases = SqlDatabases(urls, passwords, settings.folder)
    except ConfigurationError as error:
        return [wrong(str(error))]
    try:
        return list(await asyncio.gather(*(_answers(databases, name) for name in urls)))
    finally:
        await databases.close()


async def _answers(databases: SqlDatabases, name: str) -> Finding:
    from engine.outside.ports import BySql

    try:
        await databases.row(name, BySql("SELECT 1", {}), SECONDS)
    except CallError as error:
        return wrong(str(error), _("look at databases.{name} in the settings").format(name=name))
    return ok(_("the database {name} answers").format(name=name))


async def _connects(host: str) -> Finding:
    name, _colon, port = host.partition(":")
    try:
        async with asyncio.timeout(SECONDS):
            _reader, writer = await asyncio.open_connection(name, int(port or HTTPS))
        writer.close()
    except (OSError, TimeoutError) as error:
        said = getattr(error, "strerror", "") or _("no answer within {seconds} s").format(seconds=f"{SECONDS:g}")
        advice = _("look at the name, the route and the firewall; `http` nodes that ask it fail")
        return wrong(f"{host}: {said}", advice)
    return ok(_("{host} takes connections").format(host=host))


CHECK = Check("outside", N_("Databases and web services of scenarios"), 75, run, seconds=10.0)
