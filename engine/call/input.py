"""Reading keys: what menu and collect share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.call.call import Call


@dataclass(frozen=True, slots=True)
class Matcher:
    """How far the keys typed so far are an answer."""

    match: Callable[[str], str | None]
    """Keys → outcome when they are a complete answer."""
    more: Callable[[str], bool]
    """True when one more key could give another complete answer."""


async def read_choice(call: Call, matcher: Matcher, timeout: float, interdigit_timeout: float) -> str:
    """Keys until they are an answer that no further key can change; empty when none came in time.

    timeout: seconds for the first key; interdigit_timeout: seconds for each further one.
    """
    keys = ""
    while True:
        key = await call.read_key(interdigit_timeout if keys else timeout)
        if key is None:
            return keys
        keys += key
        if not matcher.more(keys):
            return keys


async def read_keys(
    call: Call,
    *,
    timeout: float,
    interdigit_timeout: float,
    max_digits: int | None,
    terminator: str | None,
    masked: bool,
) -> tuple[str, bool]:
    """Keys up to the terminator (not included), `max_digits`, or a pause. Second value: terminator pressed."""
    keys = ""
    while max_digits is None or len(keys) < max_digits:
        key = await call.read_key(interdigit_timeout if keys else timeout, masked=masked)
        if key is None:
            return keys, False
        if key == terminator:
            return keys, True
        keys += key
    return keys, False
