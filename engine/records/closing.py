"""What the last run has begun and not ended, because it was killed or the machine went down: written down as
interrupted at the moment at which that run was seen alive last."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from engine.audio.recordings import Recovered
from engine.records.outbox import Entry, LeftOpen

log = logging.getLogger("flowctl.records")

INTERRUPTED = "interrupted"

BOXES = {"calls": "call", "conversations": "conversation"}
"""Box of recordings → kind of what is in it; others are mailboxes."""


def closed(left: LeftOpen, recordings: Sequence[Recovered]) -> list[Entry]:
    """The entries as they are kept. recordings: those that were being written, which go to their calls. Without such
    as only another version of this program understands: they stay open, and it may end them."""
    return list(_closed(left, recordings))


def _shown(entry: Entry) -> Iterator[Entry]:
    """The offers that a search had open."""
    for body in entry.body.get("shown", ()) if entry.kind == "search" else ():
        yield Entry("offer", body["id"], body)


def _closed(left: LeftOpen, recordings: Sequence[Recovered]) -> Iterator[Entry]:
    alive = datetime.fromtimestamp(left.alive, UTC)
    shown = [offer for search in left.entries for offer in _shown(search)]
    for entry in (*left.entries, *shown):
        try:
            body = _ENDINGS[entry.kind](entry, alive, recordings)
        except (KeyError, TypeError, ValueError) as error:
            log.error("%s %s was left open by another version, and stays so: %r", entry.kind, entry.id, error)
        else:
            yield Entry(entry.kind, entry.id, body)


def _call(entry: Entry, alive: datetime, recordings: Iterable[Recovered]) -> dict[str, Any]:
    body = entry.body
    found = [_recording(one, body["direction"]) for one in recordings if one.belongs_to(entry.id)]
    longest = max((one["duration"] for one in found), default=0.0)
    return {
        **body,
        "duration": max(_since(body["started"], alive), longest),
        "result": INTERRUPTED,
        "reason": "the server was interrupted",
        "recordings": [*body["recordings"], *found],
    }


def _recording(one: Recovered, direction: str) -> dict[str, Any]:
    kind = "conversation" if direction == "out" else BOXES.get(one.box, "voicemail")
    mailbox = {"mailbox": one.box} if kind == "voicemail" else {}
    return {"kind": kind, "file": str(one.path), "duration": one.duration, INTERRUPTED: "yes", **mailbox}


def _search(entry: Entry, alive: datetime, _: object) -> dict[str, Any]:
    known = {name: value for name, value in entry.body.items() if name != "shown"}
    return _met(known, "started", "waited", alive)


def _offer(entry: Entry, alive: datetime, _: object) -> dict[str, Any]:
    return _met(entry.body, "offered", "ended", alive)


def _met(body: dict[str, Any], began: str, until: str, alive: datetime) -> dict[str, Any]:
    """One that had an outcome when it was noted last was the talk of two who had been connected."""
    seconds = _since(body[began], alive)
    if body["outcome"]:
        return {**body, "talk": max(0.0, round(seconds - body[until], 3))}
    return {**body, until: seconds, "outcome": INTERRUPTED}


def _session(entry: Entry, alive: datetime, _: object) -> dict[str, Any]:
    return {**entry.body, "duration": _since(entry.body["opened"], alive), "ending": INTERRUPTED}


def _state(entry: Entry, alive: datetime, _: object) -> dict[str, Any]:
    return {**entry.body, "duration": _since(entry.body["since"], alive)}


def _since(moment: str, alive: datetime) -> float:
    """Seconds; none where the machine's clock was put back meanwhile."""
    return max(0.0, round((alive - datetime.fromisoformat(moment)).total_seconds(), 3))


_ENDINGS = {"call": _call, "search": _search, "offer": _offer, "agent_session": _session, "agent_state": _state}
