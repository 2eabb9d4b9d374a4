"""The clock, and the zone that days are counted in."""

from __future__ import annotations

import asyncio
import shutil
from datetime import datetime
from pathlib import Path

from engine.messages import N_, _
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, skipped, warning


async def run(patient: Patient) -> list[Finding]:
    """timedatectl is asked, which is there with systemd."""
    now = datetime.now().astimezone()
    zone = getattr(patient.settings, "time_zone", None) or _machine_zone() or now.tzname()
    found = [ok(_("{time}, zone {zone}").format(time=now.isoformat(sep=" ", timespec="seconds"), zone=zone))]
    synchronised = await _synchronised()
    if synchronised is None:
        return [*found, skipped(_("nothing here says whether the clock is synchronised"))]
    if synchronised:
        return [*found, ok(_("the clock is synchronised"))]
    advice = _("`timedatectl set-ntp true`: records and opening hours follow this clock")
    return [*found, warning(_("the clock is not synchronised"), advice)]


async def _synchronised() -> bool | None:
    program = shutil.which("timedatectl")
    if program is None:
        return None
    process = await asyncio.create_subprocess_exec(
        program, "show", "--property=NTPSynchronized", "--value",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, stdin=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    out, _err = await process.communicate()
    return {b"yes": True, b"no": False}.get(out.strip())


def _machine_zone() -> str:
    link = Path("/etc/localtime")
    return str(link.resolve()).partition("/zoneinfo/")[2] if link.exists() else ""


CHECK = Check("clock", N_("Clock"), 100, run)
