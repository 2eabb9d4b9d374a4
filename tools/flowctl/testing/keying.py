"""Which of the keys of a record were pressed at which node.

A record has the keys of the whole call in a row. They are shared out so that each node gets what its outcome needs,
with as few further attempts of the caller as possible.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from engine.nodes.agent_search import AgentSearch
from engine.nodes.collect import Collect
from engine.nodes.menu import Menu
from engine.nodes.voicemail import Voicemail
from tools.flowctl.testing.recorded import Visit

MASK = "x"
MOST = 60
"""Keys at one node."""

IMPOSSIBLE = 1e9
AGAIN, STRANGE = 10.0, 100.0
"""What a key of a further attempt, and one where none is read, weigh."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """Keys at a node as the caller may have pressed them, and how long the node then waited for more, in seconds."""

    keys: str = ""
    waited: float = 0.0
    masked: bool = False


def share_out(visits: Sequence[Visit], keys: str) -> list[Pressed]:
    """The keys of each visit."""

    @cache
    def best(visit: int, start: int) -> tuple[float, int]:
        """Weight of the best way to share out what is left from `start` on, and where the visit's part of it ends."""
        if visit == len(visits):
            return (0.0 if start == len(keys) else STRANGE * (len(keys) - start), start)
        found = (IMPOSSIBLE, start)
        for end in range(start, min(len(keys), start + MOST) + 1):
            weight = _weight(visits[visit], keys[start:end])
            if weight < found[0] and (total := weight + best(visit + 1, end)[0]) < found[0]:
                found = (total, end)
        return found

    for index in reversed(range(len(visits))):
        # From the last one on, so that the recursion is never deep.
        for start in range(len(keys) + 1):
            best(index, start)
    parts, start = [], 0
    for index, visit in enumerate(visits):
        end = best(index, start)[1]
        parts.append(_pressed(visit, keys[start:end]))
        start = end
    return parts


def _weight(visit: Visit, keys: str) -> float:
    match visit.node:
        case Menu() as menu:
            return _menu(menu, visit.outcome, keys)
        case Collect() as collect:
            return _collect(collect, visit.outcome, keys)
        case AgentSearch(exit_keys=exits) if exits:
            if visit.outcome == "key":
                return STRANGE if keys[-1:] not in exits or not keys else AGAIN * (len(keys) - 1)
            return AGAIN * len(keys)
        case Voicemail(review=review):
            return 0.0 if len(keys) <= (2 if review else 1) else AGAIN * len(keys)
        case _:
            return (AGAIN if visit.node.takes_input else STRANGE) * len(keys)


def _menu(menu: Menu, outcome: str | None, keys: str) -> float:
    pattern = menu.direct_dial.pattern if outcome == "direct_dial" and menu.direct_dial else outcome
    if outcome in menu.options or outcome == "direct_dial":
        wanted = _like(pattern or "")
        tail = next((n for n in range(1, len(keys) + 1) if re.fullmatch(wanted, keys[-n:])), 0)
        return AGAIN * (len(keys) - tail) if tail else STRANGE * 10
    if outcome == "no_match":
        return AGAIN * max(0, len(keys) - menu.attempts) if keys else STRANGE * 10
    return AGAIN * len(keys)


def _collect(collect: Collect, outcome: str | None, keys: str) -> float:
    if outcome == "no_input":
        return AGAIN * len(keys)
    if outcome == "invalid":
        return 0.0 if keys else STRANGE * 10
    if outcome is None:
        return 0.0
    return min((AGAIN * start + _input(collect, keys[start:]) for start in range(len(keys) + 1)), default=STRANGE)


def _input(collect: Collect, keys: str) -> float:
    """Weight of keys as one attempt that was accepted."""
    if collect.confirm:
        if not keys.endswith("1"):
            return STRANGE * 10
        keys = keys[:-1]
    most = collect.max_digits or MOST
    if set(keys) == {MASK}:
        return 0.0 if collect.min_digits <= len(keys) <= most + 1 else STRANGE * 10
    ended = bool(collect.terminator) and keys.endswith(collect.terminator or "")
    digits = keys[:-1] if ended else keys
    if not collect.min_digits <= len(digits) <= most or (collect.terminator and collect.terminator in digits):
        return STRANGE * 10
    return 0.0 if ended or len(digits) == most else 1.0


def _pressed(visit: Visit, keys: str) -> Pressed:
    masked = MASK in keys
    match visit.node:
        case Menu() as menu if keys:
            longer = [p for p in menu.options if len(p) > len(keys) and re.match(_like(p[: len(keys)]), keys)]
            return Pressed(keys, menu.interdigit_timeout if longer else 0.0)
        case Collect() as collect if keys:
            keys = _unmasked(collect, keys) if masked else keys
            digits = keys[:-1] if collect.confirm and visit.outcome == "collected" else keys
            ended = digits.endswith(collect.terminator or " ") or len(digits) == collect.max_digits
            waited = 0.0 if ended or visit.outcome is None else collect.interdigit_timeout
            return Pressed(keys, 0.0 if collect.confirm else waited, masked)
    return Pressed(keys.replace(MASK, "0"), masked=masked)


def _like(pattern: str) -> str:
    return "".join("[0-9]" if key == "X" else re.escape(key) for key in pattern)


def _unmasked(collect: Collect, keys: str) -> str:
    """Zeros, and the terminator where there may have been one, instead of what a record does not show."""
    stop = collect.terminator or ""

    def zeros(masked: re.Match[str]) -> str:
        count = len(masked[0])
        ends = stop if count != collect.max_digits and count - 1 >= collect.min_digits else ""
        return "0" * (count - len(ends)) + ends

    return re.sub(f"{MASK}+", zeros, keys)
