"""When it opens and closes, compared minute by minute."""

from __future__ import annotations

from itertools import groupby

from engine.call.calendar import DAY_MINUTES, days_of, span_of
from engine.nodes.hours import Hours
from tools.flowctl.graph.words import clock

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def minutes(node: Hours) -> list[bool]:
    """Whether it is open, for each minute of an ordinary week from Monday on."""
    week = [False] * (7 * DAY_MINUTES)
    for name, ranges in node.week.items():
        for day in days_of(name):
            for written in ranges:
                span = span_of(written, overnight=node.overnight)
                for minute in range(day * DAY_MINUTES + span.start, day * DAY_MINUTES + span.end):
                    week[minute % len(week)] = True
    return week


def week_changes(old: Hours, new: Hours) -> list[tuple[str, bool]]:
    """When it is not as it was, in words such as `on Monday to Friday 18:00–20:00`, and whether it is open then."""
    before, after = minutes(old), minutes(new)
    by_span: dict[tuple[int, int, bool], list[int]] = {}
    for day in range(7):
        at = 0
        today = zip(
            before[day * DAY_MINUTES : (day + 1) * DAY_MINUTES],
            after[day * DAY_MINUTES : (day + 1) * DAY_MINUTES],
            strict=True,
        )
        for (was, is_open), run in groupby(today):
            end = at + len(list(run))
            if was != is_open:
                by_span.setdefault((at, end, is_open), []).append(day)
            at = end
    ordered = sorted(by_span.items(), key=lambda pair: (pair[1], pair[0]))
    return [(f"on {_days(days)} {clock(start)}–{clock(end)}", is_open) for (start, end, is_open), days in ordered]


def _days(days: list[int]) -> str:
    """`Monday to Friday`, `Saturday`, `Monday, Wednesday`."""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    parts = []
    for run in runs:
        if len(run) > 2:
            parts.append(f"{DAYS[run[0]]} to {DAYS[run[-1]]}")
        else:
            parts += [DAYS[day] for day in run]
    return ", ".join(parts)
