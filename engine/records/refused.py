"""The entries that the database has refused, in an outbox that a server may have open."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

from engine.errors import DatabaseError
from engine.records.drainer import REFUSED


def put_back(outbox: Path) -> int:
    """Let the database be asked again for all of them; how many. Blocking; raises DatabaseError."""
    if not outbox.exists():
        return 0
    try:
        file = sqlite3.connect(f"{outbox.absolute().as_uri()}?mode=rw", timeout=5, uri=True, isolation_level=None)
        with contextlib.closing(file):
            file.execute("BEGIN IMMEDIATE")
            rows = file.execute("SELECT seq, body FROM entries WHERE kind = ?", (REFUSED,)).fetchall()
            for sequence, text in rows:
                body = json.loads(text)
                entry = (body["kind"], body["id"], json.dumps(body["body"], separators=(",", ":")))
                file.execute("INSERT OR IGNORE INTO entries (kind, id, body) VALUES (?, ?, ?)", entry)
                file.execute("DELETE FROM entries WHERE seq = ?", (sequence,))
            file.execute("COMMIT")
    except sqlite3.Error as error:
        raise DatabaseError(f"{outbox}: {error}") from error
    return len(rows)
