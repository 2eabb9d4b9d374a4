"""The server's own database."""

from __future__ import annotations

from engine.errors import ConfigurationError, DatabaseError
from engine.messages import N_, _
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, skipped, warning, wrong
from tools.flowctl.doctor.store import database_of


async def run(patient: Patient) -> list[Finding]:
    """It is asked something; nothing is made."""
    try:
        async with database_of(patient.settings) as database:
            name, state = database.name, await database.state()
    except ConfigurationError as error:
        return [wrong(str(error))]
    except DatabaseError as error:
        return [wrong(str(error), _("calls go on without; what happens waits in the outbox"))]
    if state == "none":
        return [skipped(_("{database}: made at the first start, or by `flowctl apply`").format(database=name))]
    if state == "behind":
        message = _("{database}: its tables are of an earlier version").format(database=name)
        return [warning(message, _("the next start brings them up to date, and so does `flowctl database upgrade`"))]
    if state == "newer":
        message = _("{database}: its tables are of a later version").format(database=name)
        return [wrong(message, _("update flowctl on this machine"))]
    return [ok(_("{database} answers, its tables are up to date").format(database=name))]


CHECK = Check("database", N_("Database"), 50, run, seconds=10.0)
