"""The figures of docs/statistics.md computed once more, fact after fact, in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from support.manyfacts import Fact, Past

Figures = dict[str, dict[str, Any]]
QUARTER = timedelta(minutes=15)
CLASSES = [5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600]


def local(moment: datetime, zone: ZoneInfo, by: str) -> str:
    """The stretch of time that a moment lies in, by asking the zone for the moment itself."""
    here = moment.astimezone(zone)
    day = f"{here.year:04}-{here.month:02}-{here.day:02}"
    if by == "day":
        return day
    if by == "month":
        return day[:7]
    if by == "week":
        year, week, _ = here.isocalendar()
        return f"{year}-W{week:02}"
    if by == "weekday-hour":
        return f"{here.isoweekday()}T{here.hour:02}"
    minute = {"slot": here.minute - here.minute % 15, "half-hour": 30 * (here.minute >= 30), "hour": 0}[by]
    offset = here.utcoffset() or timedelta()
    sign = "-" if offset < timedelta() else "+"
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    return f"{day}T{here.hour:02}:{minute:02}{sign}{hours:02}:{minutes:02}"


class Plain:
    """The facts of a past that lie between two moments, by one kind of row."""

    def __init__(self, past: Past, since: datetime, until: datetime, zone: ZoneInfo, by: str) -> None:
        self.past, self.zone, self.by = past, zone, by
        self.since, self.until = since.astimezone(UTC), until.astimezone(UTC)
        self._names: dict[datetime, str] = {}

    def calls(self) -> Figures:
        return self._figures(self.past.calls, "started", _calls)

    def centres(self) -> Figures:
        rests = self._time(
            (s for s in self.past.states if s["state"] == "wrap_up" and s["centre"]), "since", lambda _: "wrap_up"
        )
        return self._figures(self.past.searches, "started", _searches, rests)

    def agents(self) -> Figures:
        spent = self._time(self.past.states, "since", lambda s: (s["state"], s["reason"]))
        for key, lengths in self._time(self.past.sessions, "opened", lambda _: "session").items():
            spent[key] |= lengths
        return self._figures(self.past.offers, "offered", _agents, spent)

    def waiting(self) -> Figures:
        return self._figures(self.past.searches, "started", _waiting)

    def _key(self, fact: Fact, moment: datetime) -> str:
        if self.by in ("agent", "centre", "did", "scenario", "direction", "result"):
            return fact[self.by] or ""
        quarter = moment - (moment - datetime(1970, 1, 1, tzinfo=UTC)) % QUARTER
        if quarter not in self._names:
            self._names[quarter] = local(quarter, self.zone, self.by)
        return self._names[quarter]

    def _figures(
        self,
        facts: Any,
        moment: str,
        work: Callable[[list[Fact], dict[Any, timedelta]], dict[str, Any]],
        spent: dict[str, dict[Any, timedelta]] | None = None,
    ) -> Figures:
        rows: dict[str, list[Fact]] = defaultdict(list)
        for fact in facts:
            if self.since <= fact[moment] < self.until:
                rows[self._key(fact, fact[moment])].append(fact)
        spent = spent or {}
        return {key: work(rows.get(key, []), spent.get(key, {})) for key in rows.keys() | spent.keys()}

    def _time(self, facts: Any, begin: str, what: Callable[[Fact], Any]) -> dict[str, dict[Any, timedelta]]:
        """How long each of them was in each row: cut at every quarter of an hour, and at the ends of the period."""
        found: dict[str, dict[Any, timedelta]] = defaultdict(lambda: defaultdict(timedelta))
        for fact in facts:
            for start, stop in self._cut(fact[begin], fact[begin] + timedelta(seconds=fact["duration"])):
                found[self._key(fact, start)][what(fact)] += stop - start
        return found

    def _cut(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        start, end = max(start, self.since), min(end, self.until)
        while start < end:
            edge = min(end, start + QUARTER - (start - datetime(1970, 1, 1, tzinfo=UTC)) % QUARTER)
            yield start, edge
            start = edge


def exact(seconds: float) -> Fraction:
    return Fraction(round(seconds * 1000), 1000)


def seconds(length: timedelta) -> Fraction:
    return Fraction(length // timedelta(milliseconds=1), 1000)


def over(above: Fraction | int, below: Fraction | int) -> float | None:
    return float(Fraction(above) / Fraction(below)) if below > 0 else None


def _calls(calls: list[Fact], _: Any) -> dict[str, Any]:
    up = [call for call in calls if call["answered"] is not None]
    duration = sum((exact(call["duration"]) for call in calls), Fraction())
    conversation = sum((exact(call["duration"]) - exact(call["answered"]) for call in up), Fraction())

    def ended(*results: str) -> int:
        return sum(call["result"] in results for call in calls)

    return {
        "calls": len(calls),
        "incoming": sum(call["direction"] == "in" for call in calls),
        "outgoing": sum(call["direction"] == "out" for call in calls),
        "calls_answered": len(up),
        "ended": ended("ended"),
        "transferred": ended("transferred"),
        "caller_hung_up": ended("caller_hung_up"),
        "rejected": ended("rejected"),
        "failed": ended("failed", "interrupted"),
        "duration": float(duration),
        "conversation": float(conversation),
        "average_duration": over(duration, len(calls)),
        "average_conversation": over(conversation, len(up)),
        "answer_rate": over(len(up), len(calls)),
        "longest_call": max((call["duration"] for call in calls), default=0.0),
    }


def _searches(searches: list[Fact], spent: dict[Any, timedelta]) -> dict[str, Any]:
    def those(*outcomes: str) -> list[Fact]:
        return [one for one in searches if one["outcome"] in outcomes]

    def waited(some: list[Fact]) -> Fraction:
        return sum((exact(one["waited"]) for one in some), Fraction())

    def within(some: list[Fact], limit: int) -> int:
        return len([one for one in some if one["waited"] <= limit])

    offered, answered, abandoned = len(searches), those("transferred"), those("caller_hung_up")
    met, short, gave_up_in_time = within(answered, 20), within(abandoned, 5), within(abandoned, 20)
    talks = [exact(one["talk"]) for one in answered if one["talk"] is not None]
    rest = seconds(spent.get("wrap_up", timedelta()))
    return {
        "offered": offered,
        "answered": len(answered),
        "abandoned": len(abandoned),
        "short": short,
        "abandoned_later": len(abandoned) - short,
        "timeouts": len(those("timeout")),
        "other_exits": len(those("nobody", "full", "key", "interrupted")),
        "nobody": len(those("nobody")),
        "full": len(those("full")),
        "left_by_key": len(those("key")),
        "answered_in_time": met,
        "abandoned_in_time": gave_up_in_time,
        "service_level": over(met, offered),
        "service_level_of_answered": over(met, len(answered)),
        "service_level_without_short": over(met, offered - short),
        "service_level_with_abandoned": over(met + gave_up_in_time, offered),
        "answered_rate": over(len(answered), offered),
        "abandonment": over(len(abandoned), offered),
        "abandonment_without_short": over(len(abandoned) - short, offered - short),
        "wait": float(waited(searches)),
        "answered_wait": float(waited(answered)),
        "abandoned_wait": float(waited(abandoned)),
        "speed_of_answer": over(waited(answered), len(answered)),
        "average_wait": over(waited(searches), offered),
        "time_to_abandon": over(waited(abandoned), len(abandoned)),
        "longest_wait": max((one["waited"] for one in searches), default=0.0),
        "talks": len(talks),
        "talk": float(sum(talks)),
        "wrap_up": float(rest),
        "average_talk": over(sum(talks), len(talks)),
        "handling_time": over(sum(talks) + rest, len(talks)),
    }


def _agents(offers: list[Fact], spent: dict[Any, timedelta]) -> dict[str, Any]:
    def those(*outcomes: str) -> int:
        return sum(offer["outcome"] in outcomes for offer in offers)

    def passed(*states: str) -> Fraction:
        lengths = (length for what, length in spent.items() if isinstance(what, tuple) and what[0] in states)
        return seconds(sum(lengths, timedelta()))

    talks = [exact(one["talk"]) for one in offers if one["outcome"] == "connected" and one["talk"] is not None]
    busy = passed("on_call", "wrap_up")
    return {
        "offers": len(offers),
        "connected": those("connected"),
        "offers_rejected": those("rejected"),
        "unanswered": those("unanswered"),
        "taken": those("taken"),
        "offers_failed": those("failed"),
        "other_offers": those("withdrawn", "lost", "interrupted"),
        "talks": len(talks),
        "talk": float(sum(talks)),
        "logged_in": float(seconds(spent.get("session", timedelta()))),
        "available": float(passed("available")),
        "ringing": float(passed("offered", "connecting")),
        "on_call": float(passed("on_call")),
        "wrap_up": float(passed("wrap_up")),
        "unavailable": float(passed("unavailable")),
        "not_responding": float(passed("not_responding")),
        "average_talk": over(sum(talks), len(talks)),
        "handling_time": over(sum(talks) + passed("wrap_up"), len(talks)),
        "acceptance": over(those("connected"), len(offers) - those("taken")),
        "occupancy": over(busy, busy + passed("available", "offered", "connecting")),
        "pauses": {
            what[1]: float(seconds(length))
            for what, length in spent.items()
            if isinstance(what, tuple) and what[0] == "unavailable"
        },
    }


def _waiting(searches: list[Fact], _: Any) -> dict[str, Any]:
    def quantile(waits: list[float], part: Fraction) -> float | None:
        # The class of the last of those who make up that part of all, when they stand in the order of their waits.
        if not waits:
            return None
        wait = waits[-(-len(waits) * part.numerator // part.denominator) - 1]
        edge = next((edge for edge in CLASSES if wait <= edge), waits[-1])
        return float(min(edge, waits[-1]))

    figures: dict[str, Any] = {"offered": len(searches)}
    for name, outcome in (("answered", "transferred"), ("abandoned", "caller_hung_up")):
        waits = sorted(one["waited"] for one in searches if one["outcome"] == outcome)
        figures[name] = len(waits)
        figures[f"longest_{name}"] = waits[-1] if waits else 0.0
        for percent, part in ((50, Fraction(1, 2)), (90, Fraction(9, 10)), (95, Fraction(19, 20))):
            figures[f"{name}_p{percent}"] = quantile(waits, part)
    figures["others"] = figures["offered"] - figures["answered"] - figures["abandoned"]
    return figures
