"""The data folder: there, ours, writable, and with room."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

from engine.messages import N_, _
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, warning, wrong
from tools.flowctl.doctor.examine import in_thread
from tools.flowctl.doctor.writing import make_room, remedy, write_to

LOW, FEW = 1_000_000_000, 100_000_000
"""Bytes free below which it is said, and below which it is wrong: an hour of one recorded call is 58 MB (116 MB
when both sides are)."""


async def run(patient: Patient) -> list[Finding]:
    """Nothing stays behind in the folder."""
    return await in_thread(lambda: _look(patient.settings.data))


def _look(folder: Path) -> list[Finding]:
    if not folder.is_dir():
        return _absent(folder)
    found = []
    status = folder.stat()
    try:
        write_to(folder)
    except OSError as error:
        message = _("{folder} cannot be written to: {reason}").format(folder=folder, reason=error.strerror)
        advice = _("it belongs to {owner}: run the server as this user, or `chown` the folder")
        return [wrong(message, remedy(error, advice.format(owner=_user(status.st_uid))))]
    if status.st_uid not in (os.geteuid(), 0) and os.geteuid() == 0:
        found.append(ok(_("{folder} belongs to {owner}").format(folder=folder, owner=_user(status.st_uid))))
    if status.st_mode & 0o007:
        message = _("everybody on this machine may look into {folder}").format(folder=folder)
        found.append(warning(message, f"chmod o-rwx {folder}"))
    return [*found, _room(folder)]


def _absent(folder: Path) -> list[Finding]:
    parent = next(one for one in folder.parents if one.exists())
    if not os.access(parent, os.W_OK):
        message = _("{folder} does not exist, and {parent} cannot be written to").format(folder=folder, parent=parent)
        return [wrong(message, _("make the folder, and give it to the user that runs the server"))]
    return [ok(_("{folder} is made at the first start").format(folder=folder)), _room(parent)]


def _room(folder: Path) -> Finding:
    usage = shutil.disk_usage(folder)
    message = _("{free} GB of {total} GB are free on the disk of {folder}").format(
        free=f"{usage.free / 1e9:.1f}", total=f"{usage.total / 1e9:.1f}", folder=folder
    )
    if usage.free < FEW:
        return wrong(message, make_room())
    return warning(message, make_room()) if usage.free < LOW else ok(message)


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


CHECK = Check("data", N_("Data folder"), 10, run)
