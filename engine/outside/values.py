"""Values that come from outside, as expressions see them, and values of expressions on their way out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from engine.call.templates import as_text
from engine.errors import CallError

MAX_DEPTH = 32
"""Lists and mappings inside each other: deeper is no data that anybody means."""

_INT64 = range(-(2**63), 2**63)


def incoming(value: Any, zone: tzinfo, depth: int = 0) -> Any:
    """A value as expressions can work with it.

    Times become texts, which is all that CEL takes inside a mapping: `2027-07-14T10:00:00+02:00` (in `zone` where
    the value has none, so that `timestamp(…)` reads it), `2027-07-14`, `10:00:00`. A decimal number, and an integer
    beyond 64 bits, becomes a double; what is unknown, a text. Raises CallError when the value is nested too deep.
    """
    if depth > MAX_DEPTH:
        raise CallError(f"the data is nested more than {MAX_DEPTH} deep")
    match value:
        case Mapping():
            return {str(key): incoming(item, zone, depth + 1) for key, item in value.items()}
        case list() | tuple():
            return [incoming(item, zone, depth + 1) for item in value]
        case set() | frozenset():
            return sorted(str(item) for item in value)
        case datetime() | date() | time() | timedelta():
            return _time(value, zone)
        case _:
            return _plain(value)


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | float() | bytes():
            return value
        case int():
            return value if value in _INT64 else float(value)
        case Decimal():
            return float(value)
        case bytearray() | memoryview():
            return bytes(value)
        case _:
            return str(value).encode("utf-8", "replace").decode()


def _time(value: date | time | timedelta, zone: tzinfo) -> str:
    if isinstance(value, timedelta):
        return _clock(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=zone)
    return value.isoformat()


def _clock(span: timedelta) -> str:
    """A length of time as MariaDB writes its TIME: `-01:30:00`."""
    seconds = round(abs(span.total_seconds()))
    return f"{'-' if span < timedelta() else ''}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def bindable(value: Any, zone: tzinfo) -> Any:
    """A value of an expression as a database takes it: a timestamp becomes a date and time without a zone, as it is
    in `zone`. Raises CallError for a list or a mapping."""
    match value:
        case list() | dict():
            raise CallError("a list or a mapping cannot be a value in a query")
        case datetime():
            return value.astimezone(zone).replace(tzinfo=None)
        case _:
            return value


def jsonable(value: Any) -> Any:
    """A value of an expression as JSON has it: times become texts."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return value.astimezone(UTC).isoformat()
        case dict():
            return {str(key): jsonable(item) for key, item in value.items()}
        case list():
            return [jsonable(item) for item in value]
        case _:
            return as_text(value)
