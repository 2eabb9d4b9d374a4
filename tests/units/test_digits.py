"""Keys that nobody has read yet."""

from __future__ import annotations

import asyncio

import pytest

from engine.lines import DigitBuffer


async def test_sixteen_keys_are_kept_and_the_rest_counted():
    digits = DigitBuffer()
    for key in "0123456789*#ABCD55":
        digits.put(key)
    assert digits.received == 18
    assert [await digits.get() for _ in range(16)] == list("0123456789*#ABCD")
    assert not digits.pending


async def test_a_reader_waits_for_the_next_key():
    digits = DigitBuffer()
    reader = asyncio.ensure_future(digits.get())
    await asyncio.sleep(0)
    assert not reader.done()
    digits.put("7")
    assert await reader == "7"


async def test_what_is_no_key_is_refused():
    with pytest.raises(ValueError, match="not a telephone key"):
        DigitBuffer().put("x")
