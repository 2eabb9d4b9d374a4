"""The mails that wait, for people to look at: read from an outbox that a server may have open."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DatabaseError
from engine.outside.mail.aside import REFUSED
from engine.outside.mail.letter import one_line
from engine.outside.mail.spool import KIND


@dataclass(frozen=True, slots=True)
class Queued:
    """A mail that waits. `since`: ISO 8601; `due`: of the next attempt, seconds since 1970, 0 for at once; `error`:
    what became of the last."""

    id: str
    to: str
    subject: str
    since: str
    attempts: int
    due: float
    error: str


def queued(outbox: Path) -> list[Queued]:
    """Those that wait, the oldest first. Blocking; raises DatabaseError."""
    if not outbox.exists():
        return []
    with _opened(outbox, "ro") as file:
        query = "SELECT id, body, attempts, due, error FROM entries WHERE kind = ? ORDER BY seq"
        rows = file.execute(query, (KIND,)).fetchall()
    found = []
    for id_, text, attempts, due, error in rows:
        body = json.loads(text)
        subject = one_line(str(body.get("subject", "")))
        found.append(Queued(id_, str(body.get("to", "")), subject, str(body.get("date", "")), attempts, due, error))
    return found


def retry(outbox: Path) -> int:
    """Let all that wait be tried now, by a server within seconds; how many. Blocking; raises DatabaseError."""
    if not outbox.exists():
        return 0
    with _opened(outbox, "rw") as file:
        return file.execute("UPDATE entries SET due = 0 WHERE kind = ?", (KIND,)).rowcount


def given_up(folder: Path) -> list[Path]:
    """The notes of mails that were given up, the oldest first. Blocking."""
    return sorted((folder / REFUSED).glob("*.txt"), key=lambda path: path.stat().st_mtime)


@contextlib.contextmanager
def _opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    try:
        file = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", timeout=5, uri=True, isolation_level=None)
        with contextlib.closing(file):
            yield file
    except sqlite3.Error as error:
        raise DatabaseError(f"{path}: {error}") from error
