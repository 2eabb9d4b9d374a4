"""Ports for those who must be told theirs before they open it."""

from __future__ import annotations

import itertools
import os
import socket

_FIRST, _LAST, _STEP = 10_000, 19_996, 4
"""Below those that the kernel gives to whoever asks for any (from 32768 on): between our asking and their opening,
nobody else gets one. In steps, for programs that take the ports above theirs as well."""

_numbers = itertools.cycle(range(_FIRST, _LAST, _STEP))
for _ in range(os.getpid() * 631 % ((_LAST - _FIRST) // _STEP)):
    next(_numbers)  # two parts of the tests run side by side: each begins elsewhere


def free_port(host: str = "127.0.0.1") -> int:
    """A UDP and TCP port that nobody uses, another one each time."""
    while True:
        number = next(_numbers)
        try:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind((host, number))
        except OSError:
            continue
        return number
