"""File descriptors: each socket of a call takes one, and a process may have so many."""

from __future__ import annotations

import os
import resource
from pathlib import Path

ENOUGH = 65_536
"""More than that is never asked for: what starts other programs may go through all of them."""


def raise_limit() -> int:
    """Let this process and those that it starts open as many as the machine allows, instead of the usual 1,024; how
    many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return soft


def most_open() -> int:
    """How many the one process of the server has open that has most, media workers included. Blocking; 0 where the
    machine does not tell."""
    try:
        children = [
            pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()
        ]
    except OSError:
        children = []
    return max(_open_in(pid) for pid in ("self", *children))


def _open_in(pid: str) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - a thousand Path objects a second for nothing
    except OSError:
        return 0
