"""E4001: an unknown time zone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar
from zoneinfo import ZoneInfo, available_timezones

from engine.nodes.base import Path
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule
from engine.scenario.suggest import did_you_mean


def is_time_zone(name: str) -> bool:
    """True for a name of the IANA database."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return bool(name)


class UnknownTimeZone(Rule):
    """Looks at the scenario's zone and at the `time_zone` of nodes."""

    id: ClassVar[str] = "E4001"
    summary: ClassVar[str] = "Unknown time zone"
    why: ClassVar[str] = (
        "Opening hours and dates are told in the scenario's time zone: a name of the IANA database, such as "
        "Europe/Paris. Abbreviations such as CET do not follow daylight saving everywhere; countries are no zones."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
time_zone: Europe/Pariss
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
time_zone: Europe/Paris
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """Every zone that is written in the file."""
        places: list[tuple[Path, str]] = [(("time_zone",), draft.scenario.time_zone)]
        for name, node in draft.nodes.items():
            zone = getattr(node, "time_zone", None)
            if isinstance(zone, str):
                places.append((("nodes", name, "time_zone"), zone))
        for path, zone in places:
            if not is_time_zone(zone):
                town = next(_towns(zone), "")
                hint = f"did you mean `{town}`?" if town else did_you_mean(zone, sorted(available_timezones()))
                yield self.found(draft, draft.document.span(path), f"there is no time zone `{zone}`", hint)


def _towns(zone: str) -> Iterator[str]:
    """The zone of a town, where the town alone is written."""
    town = zone.lower().replace(" ", "_")
    return (known for known in sorted(available_timezones()) if known.lower().endswith(f"/{town}"))
