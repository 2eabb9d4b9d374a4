"""The file of the outbox: SQLite, of which one process at a time is the owner.

Everything here blocks, raises sqlite3.Error and OSError, and is for one thread.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import ConfigurationError

ALIVE_STEP = 1.0
"""Seconds between two notes that the owner is alive, at least."""

FURTHEST_SECONDS = 1200.0
"""Nothing is postponed for so long: what seems to be was, before the machine's clock was put back, and is due."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL,
  body TEXT NOT NULL, due REAL NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '', UNIQUE (kind, id));
CREATE INDEX IF NOT EXISTS entries_due ON entries (kind, due, seq);
CREATE TABLE IF NOT EXISTS begun (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alive (one INTEGER PRIMARY KEY CHECK (one = 1), at REAL NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """`id` is unique within the kind; `body` is JSON."""

    kind: str
    id: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting(Entry):
    """An entry in the outbox. `attempts`: how often it was postponed."""

    seq: int
    attempts: int


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """What the last run began and did not end, and the last moment at which it was alive, seconds since 1970."""

    entries: Sequence[Entry]
    alive: float


class OutboxFile:
    """The entries, what has begun, and when its owner was alive last."""

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        """now: seconds since 1970."""
        self.path = path
        self._now = now
        self._connection: sqlite3.Connection | None = None
        self._alive = 0.0
        """What the file says, as far as we have written it."""
        self._lock: int | None = None
        """Descriptor of the file that says whose the outbox is."""

    @property
    def connection(self) -> sqlite3.Connection:
        """To the open file."""
        if self._connection is None:
            raise sqlite3.ProgrammingError("the outbox is not open")
        return self._connection

    def open(self) -> LeftOpen:
        """Open the file, made where there is none, and be its owner."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = _locked(self.path.with_suffix(".lock"))
        self.path.touch(mode=0o600)
        # Autocommit: transactions begin where we say.
        connection = sqlite3.connect(self.path, timeout=5, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(_SCHEMA)
        self._connection = connection
        rows = connection.execute("SELECT kind, id, body FROM begun").fetchall()
        alive = connection.execute("SELECT at FROM alive").fetchone()
        entries = [Entry(kind, id_, json.loads(body)) for kind, id_, body in rows]
        return LeftOpen(entries, alive[0] if alive else self._now())

    def write(self, batch: Sequence[tuple[bool, Entry]]) -> None:
        """Entries that are over, and such that have begun; all of them, or nothing and an error."""
        over = [entry for is_over, entry in batch if is_over]
        ended = {(entry.kind, entry.id) for entry in over}
        begun = [entry for is_over, entry in batch if not is_over and (entry.kind, entry.id) not in ended]
        with self._transaction() as file:
            file.executemany("INSERT OR REPLACE INTO begun VALUES (?, ?, ?)", [_row(entry) for entry in begun])
            file.executemany("DELETE FROM begun WHERE kind = ? AND id = ?", list(ended))
            insert = "INSERT OR IGNORE INTO entries (kind, id, body) VALUES (?, ?, ?)"
            file.executemany(insert, [_row(entry) for entry in over])
            self.note_alive()

    def note_alive(self) -> None:
        """The owner is alive now. Noted once a second at most: it is a page more to be written."""
        now = self._now()
        if not 0 <= now - self._alive < ALIVE_STEP:
            self.connection.execute("INSERT OR REPLACE INTO alive VALUES (1, ?)", (now,))
            self._alive = now

    def take(self, kinds: Collection[str], limit: int) -> list[Waiting]:
        """Entries that are due, the oldest first."""
        query = (
            f"SELECT kind, id, body, seq, attempts FROM entries WHERE kind IN ({_marks(kinds)}) "  # noqa: S608
            "AND (due <= ? OR due > ?) ORDER BY seq LIMIT ?"
        )
        now = self._now()
        rows = self.connection.execute(query, (*kinds, now, now + FURTHEST_SECONDS, limit)).fetchall()
        return [Waiting(kind, id_, json.loads(body), seq, attempts) for kind, id_, body, seq, attempts in rows]

    def done(self, entries: Sequence[Waiting]) -> None:
        """Delete them."""
        with self._transaction() as file:
            file.executemany("DELETE FROM entries WHERE seq = ?", [(entry.seq,) for entry in entries])

    def postpone(self, entries: Sequence[Waiting], seconds: float, error: str) -> None:
        """They are due in so many seconds."""
        rows = [(self._now() + seconds, error, entry.seq) for entry in entries]
        with self._transaction() as file:
            file.executemany("UPDATE entries SET due = ?, attempts = attempts + 1, error = ? WHERE seq = ?", rows)

    def hurry(self, kinds: Collection[str]) -> None:
        """What was postponed is due now."""
        with self._transaction() as file:
            update = f"UPDATE entries SET due = 0 WHERE kind IN ({_marks(kinds)}) AND due > 0"  # noqa: S608
            file.execute(update, tuple(kinds))

    def count(self) -> dict[str, int]:
        """How many entries wait, by kind."""
        return dict(self.connection.execute("SELECT kind, COUNT(*) FROM entries GROUP BY kind").fetchall())

    def close(self) -> None:
        """Own it no longer."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        file = self.connection
        file.execute("BEGIN IMMEDIATE")
        try:
            yield file
            file.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                file.execute("ROLLBACK")
            raise


def waiting_in(path: Path, kinds: Collection[str]) -> list[Entry]:
    """The entries of an outbox that a server may have open, in their order; none where there is none. Blocking;
    raises ConfigurationError."""
    if not path.exists():
        return []
    query = f"SELECT kind, id, body FROM entries WHERE kind IN ({_marks(kinds)}) ORDER BY seq"  # noqa: S608
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=5, uri=True)) as file:
            rows = file.execute(query, tuple(kinds)).fetchall()
    except sqlite3.Error as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    return [Entry(kind, id_, json.loads(body)) for kind, id_, body in rows]


def _locked(path: Path) -> int:
    """A descriptor of the file, which nobody else has locked, and which is until it is closed: were two servers to
    use one outbox, each would take what the other has begun for left open. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise OSError(errno.EBUSY, "another server is running with this folder") from None
    return descriptor


def _row(entry: Entry) -> tuple[str, str, str]:
    # In ASCII: what comes by the line need not be text that can be encoded.
    return entry.kind, entry.id, json.dumps(entry.body, separators=(",", ":"))


def _marks(values: Collection[str]) -> str:
    return ", ".join("?" * len(values))
