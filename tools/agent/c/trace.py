"""The trace of the C interface: what the application asked and what it was told, a line each."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from pathlib import Path


class Trace(logging.Handler):
    """Off until `switch`. Also takes what the library logs, which would else be on the application's screen."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._on = False
        self._writing = threading.Lock()

    def switch(self, on: bool) -> None:
        """Whether lines are written from now on."""
        self._on = on

    def say(self, text: str) -> None:
        """Write a line, with the time of day. Blocking. When it cannot be written the trace is off, and standard
        error says why."""
        if not self._on:
            return
        line = f"{time.strftime('%H:%M:%S')} - {' '.join(text.splitlines())}\n".encode("utf-8", "replace")
        with self._writing:
            try:
                # Numbers of callers are in it: for the agent alone.
                descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                try:
                    os.write(descriptor, line)
                finally:
                    os.close(descriptor)
            except OSError as error:
                self._on = False
                sys.stderr.write(f"agent: no trace: {error}\n")

    def emit(self, record: logging.LogRecord) -> None:
        self.say(f"{record.levelname} : {record.getMessage()}")
