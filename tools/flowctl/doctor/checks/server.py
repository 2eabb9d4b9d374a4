"""Whether the server runs."""

from __future__ import annotations

from engine.messages import N_, _
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, skipped, warning


async def run(patient: Patient) -> list[Finding]:
    """Both are well: what follows is looked at in another way."""
    if patient.unreadable:
        advice = _("run this as the user of the server, or as root; a server of this version writes it anew")
        return [warning(patient.unreadable, advice)]
    if patient.status is None:
        return [skipped(_("not running"))]
    return [ok(_("running, process {pid}").format(pid=patient.status.pid))]


CHECK = Check("server", N_("Server"), 0, run)
