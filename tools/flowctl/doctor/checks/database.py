"""The server's own database."""

from __future__ import annotations

from engine.errors import DatabaseError
from engine.messages import N_, _
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, skipped, wrong
from tools.flowctl.doctor.store import database_of


async def run(patient: Patient) -> list[Finding]:
    """It is asked something; nothing is made."""
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import AsyncConnection

    async def ask(connection: AsyncConnection) -> int:
        return int((await connection.execute(text("SELECT 1"))).scalar_one())

    async with database_of(patient.settings) as database:
        try:
            answer = await database.read(ask)
        except DatabaseError as error:
            return [wrong(str(error), _("calls go on without; what happens waits in the outbox"))]
    return [ok(_("it answers"))] if answer else [skipped(_("made at the first start, or by `flowctl apply`"))]


CHECK = Check("database", N_("Database"), 50, run, seconds=10.0)
