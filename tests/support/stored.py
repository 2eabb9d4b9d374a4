"""The calls that a server has written down, as its files have them."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any


def stored_calls(data: Path) -> list[dict[str, Any]]:
    """The records below a data folder, in the outbox or in the database (SQLite), as the calls have ended."""
    calls = {call["id"]: call for call in _waiting(data / "outbox.db")}
    for call in _drained(data / "flowctl.db"):
        calls[call["id"]] = call
    return sorted(calls.values(), key=_ended)


def _ended(call: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(call["started"]) + timedelta(seconds=call["duration"])


def _waiting(file: Path) -> list[dict[str, Any]]:
    rows = _rows(file, "SELECT body FROM entries WHERE kind = 'call'", "entries")
    return [json.loads(row["body"]) for row in rows]


def _drained(file: Path) -> list[dict[str, Any]]:
    calls = [dict(row) for row in _rows(file, "SELECT * FROM calls", "calls")]
    for call in calls:
        started = call["started"].replace(" ", "T")[:23]
        call.update(started=f"{started}+00:00", warnings=json.loads(call["warnings"]))
        call["path"] = [
            {"node": row["node"], "type": row["type"], "outcome": row["outcome"], "at": row["at"]}
            for row in _rows(file, "SELECT * FROM steps WHERE call = ? ORDER BY position", "steps", call["id"])
        ]
        call["recordings"] = [
            {"kind": row["kind"], "file": row["file"], "duration": row["duration"], **json.loads(row["details"])}
            for row in _rows(
                file, "SELECT * FROM recordings WHERE call = ? ORDER BY position", "recordings", call["id"]
            )
        ]
    return calls


def _rows(file: Path, query: str, table: str, *values: str) -> list[sqlite3.Row]:
    if not file.exists():
        return []
    with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", timeout=5, uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        there = connection.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
        ).fetchone()
        return connection.execute(query, values).fetchall() if there else []
