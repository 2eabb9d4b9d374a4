"""The clock, and the zone that days are counted in."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime

from engine.messages import N_, _
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, skipped, warning
from tools.flowctl.doctor.examine import in_thread


async def run(patient: Patient) -> list[Finding]:
    """timedatectl is asked, which is there with systemd."""
    now = datetime.now(UTC)
    zone = await in_thread(lambda: patient.settings.zone)
    time = now.astimezone(zone).isoformat(sep=" ", timespec="seconds")
    found = [ok(_("{time}, zone {zone}").format(time=time, zone=zone))]
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


CHECK = Check("clock", N_("Clock"), 100, run)
