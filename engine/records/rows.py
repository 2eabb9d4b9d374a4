"""What an entry of the outbox is in the tables."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Column, DateTime, Double, String, Table

from engine.records.outbox import Entry
from engine.records.tables import CALLS, ID, KINDS, LONG, RECORDINGS, STEPS, slot_of, stored

ID_LENGTH = ID.length or 0
TEXT_LENGTH = 16_000
"""Characters of a text without a length of its own: MariaDB has room for 65,535 bytes, and a character has four at
most."""
ITEMS, ITEM_LENGTH = 1_000, 1_000
"""Of a list of texts, what is kept: so many, each of so many characters."""

Row = dict[str, Any]


def rows_of(entry: Entry) -> Iterator[tuple[Table, Row]]:
    """Each row with its table. Texts that are too long are cut. Raises KeyError, TypeError or ValueError for an entry
    that is none of its kind."""
    table, body = KINDS[entry.kind], entry.body
    if table is not CALLS:
        for one in (body, *body.get("others", ())):
            yield table, _row(table, one)
        return
    texts = [text[:ITEM_LENGTH] for text in body["warnings"][:ITEMS]]
    yield CALLS, _row(CALLS, {**body, "warnings": _json(texts)})
    for position, step in enumerate(body["path"]):
        yield STEPS, _row(STEPS, {"call": body["id"], "position": position, **step})
    for position, recording in enumerate(body["recordings"]):
        known = {name: recording[name] for name in ("kind", "file", "duration")}
        details = {name: _cut(value) for name, value in recording.items() if name not in known}
        yield (
            RECORDINGS,
            _row(RECORDINGS, {"call": body["id"], "position": position, "details": _json(details), **known}),
        )


def _row(table: Table, body: Mapping[str, Any]) -> Row:
    return {name: make(body) for name, make in _columns(table).items()}


@cache
def _columns(table: Table) -> dict[str, Callable[[Mapping[str, Any]], Any]]:
    """Column → what makes its value."""
    times = [column for column in table.columns if isinstance(column.type, DateTime)]
    made = {column.name: _value(column) for column in table.columns if column.name != "slot"}
    if "slot" in table.columns:
        (time,) = times
        made["slot"] = lambda body: slot_of(datetime.fromisoformat(body[time.name]))
    return made


def _value(column: Column[Any]) -> Callable[[Mapping[str, Any]], Any]:
    name, kind = column.name, column.type
    if isinstance(kind, DateTime):
        return lambda body: stored(datetime.fromisoformat(body[name]))
    if kind is ID:
        return lambda body: _id(body[name])
    if isinstance(kind, String) and kind is not LONG:
        length = kind.length or TEXT_LENGTH
        if column.nullable:
            return lambda body: None if (text := body.get(name)) is None else _clean(text)[:length]
        return lambda body: _clean(body[name])[:length]
    if isinstance(kind, Double):
        return lambda body: _number(body.get(name) if column.nullable else body[name], column)
    return lambda body: body[name]


def _number(value: Any, column: Column[Any]) -> float | None:
    if value is None and column.nullable:
        return None
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{column.name} is no number: {value!r}")
    return value


def _cut(value: Any) -> Any:
    return value[:ITEM_LENGTH] if isinstance(value, str) else value


def _id(text: str) -> str:
    """Two that differ beyond the length of the column still differ."""
    return text if len(text) <= ID_LENGTH else hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _clean(text: str) -> str:
    """Without what no database takes, and what ends a text in many programs."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
