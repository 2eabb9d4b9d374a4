"""W7004: a number that costs more than others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import ClassVar

from engine.lines.numbering import FRENCH_PLAN
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule

_NUMBER = re.compile(r"(?:tel:|sips?:)?(\+?[0-9][0-9 ().-]{5,})(?:[@;].*)?\Z")
_ELSEWHERE = re.compile(r"(?:tel:|sips?:)?(?:\+|00)[0-9]")


class CostlyDestination(Rule):
    """Judges numbers that are written in the file, as they are read in the country of the scenario's own numbers,
    else of its time zone."""

    id: ClassVar[str] = "W7004"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Premium-rate or international destination"
    why: ClassVar[str] = (
        "Each such call is at the expense of the line that answers. If the number is meant, say so where it stands: "
        "`# flowctl: ignore W7004 -- our office in London`."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["+33143670903"]
start: connect
nodes:
  connect:
    type: bridge
    to: "+442079460123"
    on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["+33143670903"]
start: connect
nodes:
  connect:
    type: bridge
    to: "+33143670904"
    on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each `to`."""
        for name, node in draft.nodes.items():
            to = getattr(node, "to", None) if node.type in ("bridge", "transfer") else None
            if not isinstance(to, str) or (number := _NUMBER.match(to)) is None:
                continue
            if what := _costly(number[1], _countries(draft)):
                span = draft.document.span(("nodes", name, "to"))
                yield self.found(draft, span, f"`{number[1].strip()}` is {what}", "is this number meant?")


def _costly(number: str, countries: frozenset[str]) -> str | None:
    """What makes a number costly for lines of some countries (ISO 3166-1); None when nothing does, or when nobody
    knows where it is read."""
    import phonenumbers

    international = _ELSEWHERE.match(number) is not None
    if not countries and not international:
        return None
    home = min(countries, default=None)
    try:
        parsed = phonenumbers.parse(re.sub(r"^00", "+", number), home)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    if phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.PREMIUM_RATE:
        return "a premium-rate number"
    where = phonenumbers.region_code_for_number(parsed)
    codes = {phonenumbers.country_code_for_region(country) for country in countries}
    if where in FRENCH_PLAN and countries & FRENCH_PLAN.keys():
        return None
    if international and countries and parsed.country_code not in codes:
        return f"a number in another country ({where})" if where and where != "001" else "an international number"
    return None


def _countries(draft: Draft) -> frozenset[str]:
    """Where the scenario's numbers are; without one in E.164, where its time zone is."""
    import phonenumbers

    found = set()
    for did in draft.scenario.did:
        # A number that is unsound stands as None.
        if did and did.startswith("+"):
            try:
                code = phonenumbers.parse(did.rstrip("*")).country_code
            except phonenumbers.NumberParseException:
                continue
            found.add(phonenumbers.region_code_for_country_code(code or 0))
    return frozenset(found) or _countries_of_zones().get(draft.scenario.time_zone, frozenset())


@cache
def _countries_of_zones() -> dict[str, frozenset[str]]:
    """Time zone → the country in which it is."""
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return {row[2]: frozenset({row[0]}) for row in rows}
