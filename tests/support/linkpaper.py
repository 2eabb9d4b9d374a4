"""A wire that keeps what is written on it, for connections on a virtual clock."""

from __future__ import annotations

import json
from typing import Any

from engine.server.link.connection import Wire


class Paper(Wire):
    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.closed = False
        self.aborted = False
        self.pile = 0
        """What `unread` says."""

    def send(self, line: bytes) -> None:
        self.lines.append(json.loads(line))

    @property
    def unread(self) -> int:
        return self.pile

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True

    def said(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["type"] == kind]
