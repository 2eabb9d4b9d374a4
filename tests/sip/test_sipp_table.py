"""The table of SIPp's scenarios has them all, and each belongs to a test."""

from __future__ import annotations

import re
from pathlib import Path

from support.sipp import SCENARIOS

TESTS = Path(__file__).parents[1]


def test_every_scenario_is_in_the_table_and_in_a_test() -> None:
    scenarios = {path.stem for path in SCENARIOS.glob("ua[cs]_*.xml")}
    table = (SCENARIOS / "README.md").read_text()
    assert set(re.findall(r"`(ua[cs]_\w+)`", table)) == scenarios
    tests = "".join(path.read_text() for folder in ("sip", "e2e") for path in (TESTS / folder).glob("test_*.py"))
    assert {name for name in scenarios if not re.search(rf'"{name}(\.xml)?"', tests)} == set()


def test_every_test_of_the_table_exists() -> None:
    named = set(re.findall(r"`((?:e2e/)?test_\w+)`", (SCENARIOS / "README.md").read_text()))
    assert named
    assert {
        name for name in named if not (TESTS / (name if "/" in name else f"sip/{name}")).with_suffix(".py").exists()
    } == set()
