"""The scenarios: each can serve."""

from __future__ import annotations

from pathlib import Path

from engine.messages import N_, _, _n
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, warning, wrong
from tools.flowctl.doctor.examine import in_thread

MOST = 5
"""Errors that are shown."""


async def run(patient: Patient) -> list[Finding]:
    """As `flowctl validate` sees them."""
    return await in_thread(lambda: _look(patient.settings.scenarios))


def _look(folder: Path) -> list[Finding]:
    from engine.scenario.check import check_files
    from engine.scenario.load import walk_files

    if not folder.is_dir():
        advice = _("make the folder, or name another one as `scenarios`; `flowctl init` makes a first scenario")
        return [wrong(_("the folder {folder} does not exist").format(folder=folder), advice)]
    files = list(walk_files([folder]))
    if not files:
        message = _("there is no scenario in {folder}: every call is refused").format(folder=folder)
        return [warning(message, _("`flowctl init` makes a first one"))]
    results = check_files(files)
    found = [
        wrong(f"{Path(error.file).name}:{error.line}: {error.rule} {error.message}", error.hint or "")
        for result in results
        for error in result.errors
    ]
    good = sum(result.compiled is not None for result in results)
    warnings = sum(one.severity == "warning" for result in results for one in result.diagnostics)
    serve = _n("{count} scenario can serve", "{count} scenarios can serve", good).format(count=good)
    summary = [warning(serve) if not good else ok(serve)]
    if len(found) > MOST or warnings:
        command = f"flowctl validate {folder}"
        message = _("{errors} errors, {warnings} warnings").format(errors=len(found), warnings=warnings)
        summary.append(warning(message, _("`{command}` tells all").format(command=command)))
    return [*found[:MOST], *summary]


CHECK = Check("scenarios", N_("Scenarios"), 30, run, seconds=30.0)
