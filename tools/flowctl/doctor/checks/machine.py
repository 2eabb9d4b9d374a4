"""The machine: file descriptors, processors, and what was compiled for it."""

from __future__ import annotations

import os
import resource
from pathlib import Path

from engine.messages import N_, _
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, warning

A_CALL = 4
"""File descriptors that a call with two legs takes in the process that has most: RTP and RTCP of each."""
OTHERS = 200
"""For everything else."""


async def run(patient: Patient) -> list[Finding]:
    """Reads /proc alone."""
    return [_descriptors(patient), _kernel(), _workers(patient)]


def _descriptors(patient: Patient) -> Finding:
    from engine.server.channels import ports_of, rules_of
    from engine.server.descriptors import ENOUGH

    counts = [rules.count for rules in rules_of(patient.settings).values() if rules.count is not None]
    calls = min(ports_of(patient.settings), sum(counts) or ports_of(patient.settings))
    needed = min(ENOUGH, A_CALL * calls + OTHERS)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    have = ENOUGH if hard == resource.RLIM_INFINITY else hard
    said = _("{have} file descriptors, {calls} calls may need {needed}").format(have=have, calls=calls, needed=needed)
    if have >= needed:
        return ok(said)
    advice = _("`ulimit -Hn {needed}` before the start, or LimitNOFILE={needed} in the systemd unit")
    return warning(said, advice.format(needed=needed))


def _kernel() -> Finding:
    from drivers.sip.media.kernel import COMPILED

    if COMPILED:
        return ok(_("the sound kernel is compiled"))
    advice = _("install gcc and python3-dev, then flowctl again; without, a call costs several times as much")
    return warning(_("the sound kernel is not compiled, Python does its work"), advice)


def _workers(patient: Patient) -> Finding:
    processors = len(os.sched_getaffinity(0))
    wanted = patient.settings.rtp.workers or processors
    if patient.status is not None:
        running = _children(patient.status.pid)
        said = _("{running} of {wanted} media workers run").format(running=running, wanted=wanted)
        return ok(said) if running >= wanted else warning(said, _("the server starts those that are missing again"))
    said = _("{wanted} media workers on {processors} processors").format(wanted=wanted, processors=processors)
    if wanted <= processors:
        return ok(said)
    return warning(said, _("more workers than processors make sound late: lower rtp.workers"))


def _children(pid: int) -> int:
    """Processes that `pid` has started, those that serve `multiprocessing` itself left out."""
    own = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # After the name, in parentheses, which may hold anything: state and parent.
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            words = (path.parent / "cmdline").read_bytes()
        except (OSError, ValueError, IndexError):
            continue
        own += parent == pid and b"resource_tracker" not in words
    return own


CHECK = Check("machine", N_("Machine"), 110, run)
