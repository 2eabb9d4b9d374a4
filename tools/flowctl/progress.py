"""How far a command is, for somebody who waits at a terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TextIO

PATIENCE = 1.0
"""Seconds without a word: what is done by then needs none."""
PACE = 0.2
"""Seconds between two words."""


class Progress:
    """One line on standard error, written over again and again, and gone at the end. Only on a terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._next = time.monotonic() + PATIENCE
        self._written = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._written:
            self._write("")
            self._stream.write("\r")
            self._stream.flush()

    def show(self, text: str) -> None:
        """Say how far it is, unless that was said a moment ago."""
        if time.monotonic() >= self._next and self._stream.isatty():
            self._next = time.monotonic() + PACE
            self._write(text)

    def _write(self, text: str) -> None:
        self._stream.write(f"\r{text.ljust(self._written)}")
        self._stream.flush()
        self._written = len(text)
