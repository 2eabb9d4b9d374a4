"""Whether a folder can be written to, and what to do when it cannot."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from engine.messages import _

_FULL = (errno.ENOSPC, errno.EDQUOT)


def write_to(folder: Path) -> None:
    """Write something; nothing stays behind. Blocking; raises OSError."""
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"x" * 4096)
        file.flush()
        os.fsync(file.fileno())


def make_room() -> str:
    """What to do about a disk that is full."""
    return _("make room, or keep recordings and logs for less long")


def remedy(error: OSError, otherwise: str) -> str:
    """What to do about an error of `write_to`; `otherwise`: when there is room."""
    return make_room() if error.errno in _FULL else otherwise
