"""A recorded call, told again as a test."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from engine.call.calendar import Calendar
from engine.call.templates import as_text, split
from engine.nodes.agent_search import AgentSearch
from engine.nodes.bridge import Bridge
from engine.nodes.hours import Hours
from engine.nodes.voicemail import Voicemail
from tools.flowctl.testing.keying import Pressed, share_out
from tools.flowctl.testing.recorded import RecordedCall, Visit

RING = 2.0
"""Seconds for which a phone rings whose record does not say how long it did."""
MARGIN = 0.05
"""Seconds by which a caller comes later than the node that they wait for."""
LONG = 600.0
"""Seconds that somebody talks whom the caller left talking."""


@dataclass(slots=True)
class Tale:
    """A test as plain data, in the order of its keys; what nobody can know is in `remarks`."""

    test: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def retell(call: RecordedCall, visits: Sequence[Visit]) -> Tale:
    """The test that takes the path of a recorded call, as far as its record tells."""
    teller = _Teller(call, visits)
    zone = ZoneInfo(visits[0].scenario.scenario.time_zone)
    begun = call.started.astimezone(zone)
    if begun.replace(fold=0).utcoffset() == begun.utcoffset():
        # The hour that an autumn night has twice is the first of the two, unless it says otherwise.
        begun = begun.replace(tzinfo=None)
    test: dict[str, Any] = {
        "name": f"call {call.id}",
        "at": begun.isoformat(timespec="milliseconds" if begun.microsecond else "seconds"),
        "call": {"did": call.did, "cli": call.cli},
        **teller.world(),
    }
    if steps := list(teller.steps()):
        test["caller"] = steps
    test["expect"] = {"path": [visit.name for visit in visits], "result": call.result}
    return Tale(test, teller.remarks)


class _Teller:
    def __init__(self, call: RecordedCall, visits: Sequence[Visit]) -> None:
        self._call = call
        self._visits = visits
        self._pressed = share_out(visits, call.keys)
        self._messages = [made.duration for made in call.recordings if made.kind == "voicemail"]
        self.remarks: list[str] = []

    # The world ---------------------------------------------------------------------------------------------

    def world(self) -> dict[str, Any]:
        """What agents, telephones and the rest of the world did, under the keys of a story."""
        found: dict[str, Any] = {}
        for visit in self._visits:
            for key, name, value in self._around(visit):
                if key in ("agents", "lookups", "http"):
                    found.setdefault(key, {}).setdefault(name, []).append(value)
                else:
                    found.setdefault(key, {})[name] = value
        for key in ("agents", "lookups", "http"):
            for name, values in found.get(key, {}).items():
                found[key][name] = values[0] if all(value == values[0] for value in values) else values
        return found

    def _around(self, visit: Visit) -> Iterator[tuple[str, str, Any]]:
        node, outcome = visit.node, visit.outcome
        if outcome == "error" and node.type not in ("lookup", "http"):
            if not any(
                other.name.startswith(f"{visit.name}/") and other.outcome == "error" for other in self._visits
            ):
                yield "fails", visit.name, "as it did in the record"
        elif isinstance(node, AgentSearch):
            yield "agents", node.centre, self._agents(node, visit)
            if outcome == "full":
                yield "waiting", node.centre, node.max_waiting
        elif isinstance(node, Bridge) or node.type in ("transfer", "switchboard"):
            yield from self._number(visit)
        elif isinstance(node, Hours):
            yield from self._switch(node, visit)
        elif node.type == "lookup":
            yield "lookups", visit.name, {"found": {}}.get(outcome or "", outcome or "not_found")
            if outcome == "found":
                self._remark(f"{visit.name}: fill in the columns that the look-up found")
        elif node.type == "http":
            yield "http", visit.name, {"status": 200} if outcome == "ok" else "error"
            self._remark(f"{visit.name}: fill in what the web service answered")
        elif node.type == "mailbox":
            self._remark(f"{visit.name}: fill in `mailboxes`: a PIN and the lengths of the messages")

    def _agents(self, node: AgentSearch, visit: Visit) -> Any:
        """What the agents did in one search."""
        if visit.outcome == "transferred" or (visit.outcome is None and self._call.agent):
            after = min(RING, visit.seconds / 2)
            talks = LONG if visit.outcome is None else visit.seconds - after
            return [{"code": self._call.agent or "agent", "after": _duration(after), "talks": _duration(talks)}]
        if visit.outcome == "nobody":
            return "nobody"
        if visit.outcome == "timeout" and node.method == "sequential" and visit.seconds < node.timeout - MARGIN:
            # All of them were asked, one after another, and declined.
            count = math.ceil(visit.seconds / 10) or 1
            each = _duration(visit.seconds / count)
            return [{"code": f"agent{n}", "after": each, "does": "reject"} for n in range(1, count + 1)]
        return "timeout"

    def _number(self, visit: Visit) -> Iterator[tuple[str, str, Any]]:
        """What a number did that was dialled; `busy` and its like have the names of the outcomes."""
        number = _literal(getattr(visit.node, "to", "switchboard"), visit)
        if number is None:
            self._remark(f"{visit.name}: fill in `numbers`: what the number that was dialled did ({visit.outcome})")
        elif visit.outcome is None and not isinstance(visit.node, Bridge) and self._call.result != "transferred":
            # The caller gave up while it rang.
            yield "numbers", number, {"does": "answer", "after": _duration(LONG)}
        elif visit.outcome in ("ended", "transferred", None):
            after = min(RING, visit.seconds / 2)
            talks = LONG if visit.outcome is None else visit.seconds - after
            answered = {"does": "answer", "after": _duration(after), "talks": _duration(talks)}
            confirm = visit.node.confirm if isinstance(visit.node, Bridge) else None
            yield "numbers", number, {**answered, "presses": confirm.key} if confirm else answered
        elif visit.outcome == "no_answer":
            yield "numbers", number, "no_answer"
        else:
            yield "numbers", number, {"does": visit.outcome, "after": _duration(visit.seconds)}

    def _switch(self, node: Hours, visit: Visit) -> Iterator[tuple[str, str, Any]]:
        """The override of opening hours, when the calendar says otherwise."""
        zone = node.time_zone or visit.scenario.scenario.time_zone
        said = Calendar.of(node, zone).state(self._call.started + timedelta(seconds=visit.at))
        if node.override and visit.outcome in ("open", "closed") and visit.outcome != said:
            yield "switches", node.override, visit.outcome

    def _remark(self, text: str) -> None:
        if text not in self.remarks:
            self.remarks.append(text)

    # The caller --------------------------------------------------------------------------------------------

    def steps(self) -> Iterator[dict[str, Any]]:
        """What the caller did. `now` is the moment of the record at which the steps so far were done; a wait comes
        only where a key would otherwise go to a node that the caller let pass in silence."""
        now, silent = 0.0, False
        for visit, pressed in zip(self._visits, self._pressed, strict=True):
            spoken = self._spoken(visit)
            if spoken:
                yield {"speaks": _duration(spoken)}
                now, silent = self._after_speech(visit, spoken, pressed), True
            if pressed.keys:
                if silent and not spoken:
                    yield {"waits": _duration(max(MARGIN, visit.at - now + MARGIN))}
                yield {"presses": pressed.keys}
                now, silent = max(visit.at, visit.until - pressed.waited), pressed.waited > 0
                if pressed.masked:
                    self._remark(f"{visit.name}: the record does not show these keys: fill in instead of 0")
            elif _listens(visit):
                silent = True
        last = self._visits[-1]
        talking = last.outcome is None and self._call.result == "transferred"
        if self._call.result == "caller_hung_up" or talking:
            if (wait := max(self._call.duration, last.at + MARGIN) - now) > 0:
                yield {"waits": _duration(wait)}
            yield {"hangs_up": True}

    def _spoken(self, visit: Visit) -> float:
        """Length of the message that the caller left; 0 for none."""
        left = isinstance(visit.node, Voicemail) and visit.outcome in ("recorded", None)
        return self._messages.pop(0) if left and self._messages else 0.0

    def _after_speech(self, visit: Visit, spoken: float, pressed: Pressed) -> float:
        """When the caller had said their message: silence that follows it belongs to the node."""
        node = visit.node
        quiet = isinstance(node, Voicemail) and visit.outcome is not None and not pressed.keys
        if quiet and isinstance(node, Voicemail) and spoken < node.max_duration - 1 and not node.review:
            return visit.until - (node.silence or 0.0)
        return visit.until


def _listens(visit: Visit) -> bool:
    return visit.node.takes_input or bool(getattr(visit.node, "exit_keys", ()))


def _literal(text: str, visit: Visit) -> str | None:
    """A text whose variables have the values with which a call begins; None when that is nothing, or unknown."""
    values = visit.scenario.initial_variables()
    found = ""
    for part in split(text):
        if isinstance(part, str):
            found += part
        elif (name := part.expression.strip()) in values:
            found += as_text(values[name])
        else:
            return None
    return found or None


def _duration(seconds: float) -> str:
    return f"{max(0.0, seconds):.3f}".rstrip("0").rstrip(".") + "s"
