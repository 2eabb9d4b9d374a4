"""The table of contacts."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import DatabaseError
from engine.messages import N_, _, _n
from engine.records.contacts.table import CONTACTS, RAW
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, skipped, warning
from tools.flowctl.doctor.store import database_of


async def run(patient: Patient) -> list[Finding]:
    """They are counted, and one is read with all its columns."""

    async def count(connection: AsyncConnection) -> int:
        await connection.execute(select(*RAW.values()).limit(1))
        return int((await connection.execute(select(func.count()).select_from(CONTACTS))).scalar_one())

    async with database_of(patient.settings) as database:
        try:
            found = await database.read(count)
        except (DatabaseError, DBAPIError) as error:
            return [warning(str(error), _("callers are strangers until the table can be read"))]
    if not found:
        return [skipped(_("none: `flowctl contacts import` reads them from a file"))]
    return [ok(_n("{count} contact", "{count} contacts", found).format(count=found))]


CHECK = Check("contacts", N_("Contacts"), 65, run, seconds=10.0)
