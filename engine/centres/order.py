"""Whom a sequential search asks first."""

from __future__ import annotations

from collections.abc import Sequence

from engine.centres.desk import Desk
from engine.centres.directory import Order


def ordered(desks: Sequence[Desk], order: Order) -> list[Desk]:
    """The agents of a centre, given in its own order, as they are to be asked."""
    match order:
        case "fixed":
            return list(desks)
        case "longest_idle":
            return sorted(desks, key=lambda desk: desk.free_since)
        case "least_calls":
            return sorted(desks, key=lambda desk: desk.calls)
        case "round_robin":
            last = max(range(len(desks)), key=lambda index: desks[index].asked_last, default=0)
            start = last + 1 if desks and desks[last].asked_last else 0
            return [*desks[start:], *desks[:start]]
