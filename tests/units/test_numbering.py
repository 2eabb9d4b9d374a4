"""Numbers as the line presents them → E.164."""

from __future__ import annotations

import pytest

from engine.lines.numbering import e164


@pytest.mark.parametrize(
    ("number", "country", "expected"),
    [
        ("0143670903", "FR", "+33143670903"),
        ("+33143670903", "FR", "+33143670903"),
        ("0033143670903", "BE", "+33143670903"),
        ("022345678", "BE", "+3222345678"),
        ("0262123456", "RE", "+262262123456"),
        ("338201234", "SN", "+221338201234"),
        ("32", "FR", ""),
        ("", "FR", ""),
        ("anonymous", "FR", ""),
        ("+", "FR", ""),
    ],
)
def test_e164(number: str, country: str, expected: str):
    assert e164(number, country) == expected
