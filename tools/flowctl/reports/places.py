"""How a file is named in what others read."""

from __future__ import annotations

import os
from pathlib import Path


def relative(file: str, folder: Path | None = None) -> str:
    """A file as seen from a folder, by default the present one, with `/` between its parts; a file elsewhere with
    its whole path. A name that is no text is shown with escapes."""
    path, here = _plain(Path(file)), _plain(folder or Path())
    found = path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_posix()
    return found.encode("utf-8", "backslashreplace").decode()


def _plain(path: Path) -> Path:
    """A whole path without `..`; links stay what they are."""
    return Path(os.path.normpath(path.absolute()))
