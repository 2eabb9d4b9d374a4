"""The service of systemd."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from engine.messages import N_, _
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, skipped, warning, wrong
from tools.flowctl.doctor.examine import in_thread
from tools.flowctl.systemd import UNIT, configured


async def run(patient: Patient) -> list[Finding]:
    """Only when there is a unit, and systemd is what runs this machine."""
    path = Path("/") / UNIT
    text = await in_thread(lambda: path.read_text() if path.is_file() else "")
    if not text:
        return [skipped(_("none: `flowctl install --systemd` makes the server one"))]
    found = []
    if configured(text) != patient.settings.file:
        advice = _("`flowctl install --systemd --config …` once more")
        found.append(warning(_("{file} is of other settings than these").format(file=path), advice))
    if shutil.which("systemctl") is None or not await in_thread(Path("/run/systemd/system").is_dir):
        return [*found, skipped(_("systemd does not run here"))]
    return [*found, *await _state()]


async def _state() -> list[Finding]:
    enabled, active = [await _ask(word) for word in ("is-enabled", "is-active")]
    found = []
    if enabled != "enabled":
        advice = "systemctl enable flowctl"
        found.append(warning(_("it does not start with the machine ({state})").format(state=enabled), advice))
    if active == "failed":
        found.append(wrong(_("it has failed"), "journalctl -u flowctl -e"))
    elif active != "active":
        found.append(warning(_("it is not started ({state})").format(state=active), "systemctl start flowctl"))
    else:
        found.append(ok(_("it runs")))
    return found


async def _ask(word: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "systemctl", word, "flowctl",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, stdin=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    out, _err = await process.communicate()
    return out.decode().strip() or "unknown"


CHECK = Check("service", N_("Service"), 120, run)
