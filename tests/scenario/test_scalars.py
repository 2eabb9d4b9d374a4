"""Which unquoted words have a type."""

from __future__ import annotations

from typing import Any

import pytest

from engine.scenario.scalars import is_ambiguous, resolve

TYPED: list[tuple[str, Any]] = [
    ("true", True),
    ("false", False),
    ("null", None),
    ("~", None),
    ("", None),
    ("0", 0),
    ("32", 32),
    ("-5", -5),
    ("999999999", 999999999),
    ("1.5", 1.5),
    ("-0.25", -0.25),
    ("2.5e3", 2500.0),
]

TEXT = [
    *("on", "off", "yes", "no", "On", "YES", "y", "n", "True", "FALSE", "Null"),
    *("+33612345678", "0612345678", "0143670903", "33143670903", "1000000000", "+5", "00", "01", "-01"),
    *("12:30", "08:00-12:00", "2027-07-14", "2027-07-14T10:00", "1_000", "0x1F", "0o17", "1e3", "1.", ".5"),
    *(".inf", ".nan", "=", "<<", "1.2.3", "Ⅷ", "٣"),
]


@pytest.mark.parametrize(("written", "value"), TYPED)
def test_typed(written: str, value: Any) -> None:
    assert resolve(written) == value
    assert type(resolve(written)) is type(value)


@pytest.mark.parametrize("written", TEXT)
def test_text(written: str) -> None:
    assert resolve(written) == written


@pytest.mark.parametrize("written", ["on", "OFF", "Yes", "no", "0143", "00", "01"])
def test_other_readers_would_take_it_for_something_else(written: str) -> None:
    assert is_ambiguous(written)


@pytest.mark.parametrize("written", ["one", "0", "10", "0a", "12:30", "+33", "note", "0.5"])
def test_nobody_would(written: str) -> None:
    assert not is_ambiguous(written)
