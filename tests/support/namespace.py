"""A second machine of its own for tests: a network namespace with one link to this one. Needs root, as `ip netns`."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Namespace:
    """IPv4 addresses of the two ends of the link."""

    name: str
    here: str
    there: str

    @property
    def prefix(self) -> tuple[str, ...]:
        """What runs a command there."""
        return ("ip", "netns", "exec", self.name)


@contextmanager
def namespace() -> Iterator[Namespace]:
    """Make one, with a subnet of 10.213.0.0/16 that is chosen by chance; gone at the end of the block."""
    number = secrets.randbelow(2**14) * 4
    subnet = f"10.213.{number >> 8}"
    name = f"flow{os.getpid()}x{number:x}"
    space = Namespace(name, f"{subnet}.{(number & 255) + 1}", f"{subnet}.{(number & 255) + 2}")
    # The link of a namespace that is gone goes a moment later: no two have one name.
    device = f"fl{secrets.token_hex(5)}"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("addr", "add", f"{space.here}/30", "dev", device)
        _ip("link", "set", device, "up")
        _ip("-n", name, "addr", "add", f"{space.there}/30", "dev", "eth0")
        _ip("-n", name, "link", "set", "eth0", "up")
        _ip("-n", name, "route", "add", "default", "via", space.here)
        yield space
    finally:
        _ip("netns", "del", name)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")
