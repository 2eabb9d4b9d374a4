"""The folders of the daily log and of the journals."""

from __future__ import annotations

import os
from pathlib import Path

from engine.messages import N_, _
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, skipped, warning, wrong
from tools.flowctl.doctor.examine import in_thread
from tools.flowctl.doctor.writing import remedy, write_to


async def run(patient: Patient) -> list[Finding]:
    """Nothing stays behind in a folder, and none is made."""
    settings = patient.settings
    logs, journals = settings.data / settings.logs.folder, settings.data / settings.journals.folder
    found = await in_thread(lambda: [_look(logs), *([_link(logs)] if logs.is_symlink() else [])])
    if not settings.journals.wanted:
        return [*found, skipped(_("no journals are set"))]
    return [*found, await in_thread(lambda: _look(journals))]


def _look(folder: Path) -> Finding:
    there = next(one for one in (folder, *folder.parents) if one.exists())
    advice = _("let the user that runs the server write there, or name another folder in the settings")
    try:
        if there == folder:
            write_to(folder)
            return ok(_("{folder} can be written to").format(folder=folder))
        if not (there.is_dir() and os.access(there, os.W_OK)):
            raise PermissionError(None, _("{parent} cannot be written to").format(parent=there))
    except OSError as error:
        message = _("{folder} cannot be written to: {reason}").format(folder=folder, reason=error.strerror)
        return wrong(message, remedy(error, advice))
    return ok(_("{folder} is made at the first start").format(folder=folder))


def _link(folder: Path) -> Finding:
    message = _("{folder} is a link: old logs are not deleted there").format(folder=folder)
    return warning(message, _("write where it leads to as `logs.folder`"))


CHECK = Check("logs", N_("Logs and journals"), 15, run)
