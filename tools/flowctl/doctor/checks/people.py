"""The agents and centres of the database."""

from __future__ import annotations

from pathlib import Path

from engine.errors import ConfigurationError
from engine.messages import N_, _, _n
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, skipped, warning, wrong
from tools.flowctl.doctor.examine import in_thread
from tools.flowctl.doctor.store import database_of


async def run(patient: Patient) -> list[Finding]:
    """The database is only read."""
    from engine.records.people import People

    settings = patient.settings
    async with database_of(settings) as database:
        stored = await People(database).load()
    found = [] if settings.directory is None else await in_thread(lambda: _file(settings.directory or Path()))
    if not stored.revision.number:
        return [*found, skipped(_("none are stored yet: the first start, or `flowctl apply`, does it"))]
    agents = [agent for agent in stored.directory.agents if agent.active]
    said = _("{agents} active agents, {centres} centres").format(
        agents=len(agents), centres=len(stored.directory.centres)
    )
    found.append(ok(said))
    empty = [centre.name for centre in stored.directory.centres if not centre.agents]
    if empty:
        text = _n("centre without agents: {names}", "centres without agents: {names}", len(empty))
        found.append(warning(text.format(names=", ".join(empty)), _("calls that search there find nobody")))
    nowhere = [agent.code for agent in agents if not agent.phone and not agent.logs_in]
    if nowhere:
        text = _n("agent without a phone: {codes}", "agents without a phone: {codes}", len(nowhere))
        found.append(warning(text.format(codes=", ".join(nowhere)), _("give them a phone, or a password to log in")))
    return found


def _file(path: Path) -> list[Finding]:
    from engine.centres.directory import Directory

    try:
        Directory.load(path)
    except ConfigurationError as error:
        return [wrong(line, _("mend the file, then `flowctl apply` it")) for line in str(error).splitlines()]
    return []


CHECK = Check("people", N_("Agents and centres"), 60, run, seconds=10.0)
