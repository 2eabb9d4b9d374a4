"""The file with the variables of a call."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

_BREAKS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029\0]+")
"""Whatever a program may take for the end of a line."""


class VariablesFile:
    """Lines `name : value`, UTF-8, written whole each time: whoever reads finds the variables of one call, never of
    two."""

    def __init__(self, path: str | Path) -> None:
        """path: absolute, or a bare name for a file in the working folder. Raises ValueError for another."""
        given = Path(path)
        if given.name in ("", "..") or (not given.is_absolute() and len(given.parts) > 1):
            raise ValueError(f"{path}: give the whole path of the variables file, or a name without a folder")
        self.path = Path.cwd() / given
        """Absolute."""

    def write(self, variables: Mapping[str, str]) -> None:
        """Blocking. Raises OSError; then there is no file any more, if that can be had: not that of another call."""
        lines = [f"{_one_line(name)} : {_one_line(value)}\n" for name, value in variables.items()]
        try:
            self._replace("".join(lines).encode("utf-8", "replace"))
        except OSError:
            self.path.unlink(missing_ok=True)
            raise

    def _replace(self, content: bytes) -> None:
        descriptor, name = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            temporary.replace(self.path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def _one_line(text: str) -> str:
    return _BREAKS.sub(" ", text)
