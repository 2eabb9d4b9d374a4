"""What masked variables hold is not in records and logs, and nothing else is lost from them."""

from __future__ import annotations

from typing import Any

import pytest

from engine.call.redact import redacted


@pytest.mark.parametrize(
    ("text", "secrets", "shown"),
    [
        ("pin 4711, twice 47114711", ["4711"], "pin xxxx, twice xxxxxxxx"),
        (
            "a row: FR76 1234 and 12.5",
            [{"iban": "FR76 1234", "balance": 12.5, "note": None}],
            "a row: xxxxxxxxx and xxxx",
        ),
        ("deep: abcd", [{"json": {"list": ["abcd"]}, "status": 200}], "deep: xxxx"),
        ("whole 4711", [4711.0], "whole xxxx"),
        ("node ask: no answer", ["no"], "node ask: xx answer"),
        ("is it true?", [True], "is it xxxx?"),
        ("longest first: 47114", ["4711", "47114"], "longest first: xxxxx"),
        ("nothing", ["", None], "nothing"),
        ("a (b", ["(b"], "a xx"),
    ],
)
def test_every_secret_and_nothing_but_secrets(text: str, secrets: list[Any], shown: str):
    assert redacted(text, secrets) == shown
