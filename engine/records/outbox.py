"""What must not be lost, on its way to where it is kept: a SQLite file of the server's own, on its own disk.

Whatever is handed over is on the disk before `put` returns; a drainer for each kind takes it from here to the
database, the mail server, …, as soon as that is there, and says so with `done`. An entry put twice is there once.

What has begun and is not over is noted as well, so that the next start can say how it ended when we do not.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import json
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from engine.errors import ConfigurationError

log = logging.getLogger("flowctl.records")

FILE = "outbox.db"
"""Below the server's data folder."""

ALIVE_SECONDS = 5.0
"""Between two notes that the server is alive."""
GATHER_SECONDS = 0.25
"""What nobody waits for is written so much later, at once with all that has come meanwhile."""
RETRY_SECONDS = 1.0
"""Before a disk that refuses is asked again."""
KEPT = 10_000
"""Entries kept in memory while the disk refuses; those beyond it are in the log alone."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL,
  body TEXT NOT NULL, due REAL NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '', UNIQUE (kind, id));
CREATE INDEX IF NOT EXISTS entries_due ON entries (kind, due, seq);
CREATE TABLE IF NOT EXISTS begun (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id));
CREATE TABLE IF NOT EXISTS alive (one INTEGER PRIMARY KEY CHECK (one = 1), at REAL NOT NULL);
"""

T = TypeVar("T")


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


class Outbox:
    """One per server. All work on the file is done by one thread."""

    def __init__(self, path: Path, *, now: Callable[[], float] = time.time) -> None:
        """now: seconds since 1970."""
        self.path = path
        self._now = now
        self._thread = ThreadPoolExecutor(1, "outbox")
        self._connection: sqlite3.Connection | None = None
        self._lock: int | None = None
        """Descriptor of the file that says whose the outbox is."""
        self._batch: list[tuple[bool, Entry]] = []
        """To be written next: whether it is over, and what."""
        self._writing: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        """Until the batch is written though nobody waits for it."""
        self._kept: list[tuple[bool, Entry]] = []
        """What the disk has refused."""
        self._retry: asyncio.Task[None] | None = None
        self._alive: asyncio.Task[None] | None = None
        self._stirred: dict[asyncio.Event, frozenset[str]] = {}

    async def open(self) -> LeftOpen:
        """Open the file, made where there is none. What the last run has left open is there until it is `put`.
        Raises sqlite3.Error, OSError; the latter, too, when another process has it open."""
        left = await self._do(self._open)
        self._alive = asyncio.create_task(self._keep_alive(), name="outbox alive")
        return left

    def begin(self, entry: Entry) -> None:
        """Something has begun that will be `put` with the same kind and id when it is over. Written soon. Begun once
        more, it is as it was said last."""
        self._batch.append((False, entry))
        self._flush_later()

    def post(self, *entries: Entry) -> None:
        """As `put`, for what nobody waits for: written soon."""
        self._batch.extend((True, entry) for entry in entries)
        self._flush_later()

    async def put(self, *entries: Entry) -> None:
        """Hand entries over. A disk that refuses costs no call: they go to the log, stay in memory, and are written
        when the disk takes them again."""
        self._batch.extend((True, entry) for entry in entries)
        await asyncio.shield(self._flush_soon())

    def stirred(self, kinds: Collection[str]) -> asyncio.Event:
        """An event that is set whenever entries of these kinds have come; whoever waits for it clears it."""
        event = asyncio.Event()
        self._stirred[event] = frozenset(kinds)
        return event

    async def take(self, kinds: Collection[str], limit: int) -> list[Waiting]:
        """Entries that are due, the oldest first; they stay until they are `done`. Raises sqlite3.Error."""
        marks = ", ".join("?" * len(kinds))
        query = (
            f"SELECT kind, id, body, seq, attempts FROM entries WHERE kind IN ({marks}) AND due <= ? "  # noqa: S608
            "ORDER BY seq LIMIT ?"
        )
        rows = await self._do(lambda: self._file.execute(query, (*kinds, self._now(), limit)).fetchall())
        return [Waiting(kind, id_, json.loads(body), seq, attempts) for kind, id_, body, seq, attempts in rows]

    async def done(self, entries: Sequence[Waiting]) -> None:
        """They are where they belong. Raises sqlite3.Error."""
        rows = [(entry.seq,) for entry in entries]
        await self._do(lambda: self._many("DELETE FROM entries WHERE seq = ?", rows))

    async def postpone(self, entries: Sequence[Waiting], seconds: float, error: str) -> None:
        """Not now: `take` gives them again after so many seconds. Raises sqlite3.Error."""
        rows = [(self._now() + seconds, error, entry.seq) for entry in entries]
        update = "UPDATE entries SET due = ?, attempts = attempts + 1, error = ? WHERE seq = ?"
        await self._do(lambda: self._many(update, rows))

    async def hurry(self, kinds: Collection[str]) -> None:
        """What was postponed is due now. Raises sqlite3.Error."""
        marks = ", ".join("?" * len(kinds))
        update = f"UPDATE entries SET due = 0 WHERE kind IN ({marks}) AND due > 0"  # noqa: S608
        await self._do(lambda: self._many(update, [tuple(kinds)]))
        self._stir(kinds)

    async def count(self) -> dict[str, int]:
        """How many entries wait, by kind. Raises sqlite3.Error."""
        query = "SELECT kind, COUNT(*) FROM entries GROUP BY kind"
        return dict(await self._do(lambda: self._file.execute(query).fetchall()))

    async def close(self) -> None:
        """Write what is to be written, and close the file."""
        if self._batch:
            self._flush_soon()
        if self._next is not None or self._writing is not None:
            await asyncio.wait({task for task in (self._next, self._writing) if task is not None})
        for task in (self._alive, self._retry):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
        if self._kept:
            await self._try_kept()
        await self._do(self._close)
        self._thread.shutdown(wait=False)

    # In the event loop

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _flush_later(self) -> None:
        """Write the batch when there has been time for more to come, unless somebody waits for it before."""
        if self._timer is None and self._next is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._flush_soon)

    def _flush_soon(self) -> asyncio.Task[None]:
        """The task that will write the batch, after the one that is being written."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._next is None:
            self._next = asyncio.create_task(self._flush(self._writing), name="outbox")
        return self._next

    async def _flush(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait({before})
        batch, self._batch = self._batch, []
        self._writing, self._next = self._next, None
        if self._kept:
            # In their order: what is over must not be found begun afterwards.
            self._keep(batch, "it refuses for now")
        else:
            try:
                await self._do(lambda: self._write(batch))
            except (sqlite3.Error, OSError) as error:
                self._keep(batch, error)
            else:
                self._stir({entry.kind for over, entry in batch if over})
        if self._writing is asyncio.current_task():
            self._writing = None

    def _keep(self, batch: Sequence[tuple[bool, Entry]], error: Exception | str) -> None:
        for over, entry in batch:
            if over:
                body = json.dumps(entry.body, ensure_ascii=False)
                log.error("%s %s could not be written to %s (%s): %s", entry.kind, entry.id, self.path, error, body)
        self._kept.extend(batch[: max(0, KEPT - len(self._kept))])
        if self._retry is None or self._retry.done():
            self._retry = asyncio.create_task(self._retry_kept(), name="outbox retry")

    async def _retry_kept(self) -> None:
        while self._kept:
            await asyncio.sleep(RETRY_SECONDS)
            await self._try_kept()

    async def _try_kept(self) -> None:
        kept = self._kept[:]
        with contextlib.suppress(sqlite3.Error, OSError):
            await self._do(lambda: self._write(kept))
            del self._kept[: len(kept)]
            log.warning("%s takes what it had refused: %d entries", self.path, len(kept))
            self._stir({entry.kind for over, entry in kept if over})

    async def _keep_alive(self) -> None:
        while True:
            with contextlib.suppress(sqlite3.Error, OSError):
                await self._do(self._note_alive)
            await asyncio.sleep(ALIVE_SECONDS)

    def _stir(self, kinds: Collection[str]) -> None:
        for event, wanted in self._stirred.items():
            if not wanted.isdisjoint(kinds):
                event.set()

    # In the thread

    @property
    def _file(self) -> sqlite3.Connection:
        if self._connection is None:
            raise sqlite3.ProgrammingError("the outbox is not open")
        return self._connection

    def _open(self) -> LeftOpen:
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

    def _write(self, batch: Sequence[tuple[bool, Entry]]) -> None:
        """All of them, or nothing and an error."""
        over = [entry for is_over, entry in batch if is_over]
        ended = {(entry.kind, entry.id) for entry in over}
        begun = [entry for is_over, entry in batch if not is_over and (entry.kind, entry.id) not in ended]
        with self._transaction() as file:
            file.executemany("INSERT OR REPLACE INTO begun VALUES (?, ?, ?)", [_row(entry) for entry in begun])
            file.executemany("DELETE FROM begun WHERE kind = ? AND id = ?", list(ended))
            insert = "INSERT OR IGNORE INTO entries (kind, id, body) VALUES (?, ?, ?)"
            file.executemany(insert, [_row(entry) for entry in over])
            self._note_alive()

    def _many(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        with self._transaction() as file:
            file.executemany(sql, rows)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        file = self._file
        file.execute("BEGIN IMMEDIATE")
        try:
            yield file
            file.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                file.execute("ROLLBACK")
            raise

    def _note_alive(self) -> None:
        self._file.execute("INSERT OR REPLACE INTO alive VALUES (1, ?)", (self._now(),))

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def waiting_in(path: Path, kinds: Collection[str]) -> list[Entry]:
    """The entries of an outbox that a server may have open, in their order; none where there is none. Blocking;
    raises ConfigurationError."""
    if not path.exists():
        return []
    marks = ", ".join("?" * len(kinds))
    query = f"SELECT kind, id, body FROM entries WHERE kind IN ({marks}) ORDER BY seq"  # noqa: S608
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
