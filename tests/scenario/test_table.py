"""Which scenario answers a number."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.scenarios import compiled, scenario, told

from engine.scenario.check import check_files
from engine.scenario.compile import CompiledScenario
from engine.scenario.table import DidTable


def with_numbers(name: str, *numbers: str) -> CompiledScenario:
    listed = ", ".join(f'"{number}"' for number in numbers)
    text = scenario("a: {type: hangup}", top=f"did: [{listed}]").replace("name: test", f"name: {name}")
    return compiled(text, f"{name}.yaml")


TABLE = DidTable(
    [
        with_numbers("anybody", "*"),
        with_numbers("paris", "01*", "+331*"),
        with_numbers("office", "0143*", "32"),
        with_numbers("desk", "0143670903"),
    ]
)


@pytest.mark.parametrize(
    ("did", "name"),
    [
        ("0143670903", "desk"),
        ("01436709031", "office"),
        ("0143", "office"),
        ("0142000000", "paris"),
        ("+33143670903", "paris"),
        ("32", "office"),
        ("320", "anybody"),
        ("", "anybody"),
        ("sip:bob", "anybody"),
    ],
)
def test_exact_then_longest_pattern_then_any(did: str, name: str) -> None:
    found = TABLE.find(did)
    assert found is not None
    assert found.name == name


def test_nobody_answers() -> None:
    assert DidTable().find("32") is None
    assert DidTable([with_numbers("office", "0143*")]).find("0243") is None


def test_a_number_claimed_twice_stays_with_the_first() -> None:
    first, second = with_numbers("first", "32", "33"), with_numbers("second", "32", "34")
    table = DidTable([first, second])
    assert table.find("32") is first
    assert table.find("34") is second
    (conflict,) = table.conflicts
    assert (conflict.did, conflict.first, conflict.second) == ("32", first, second)
    assert len(table) == 2


def test_the_conflict_is_found_where_the_number_stands(tmp_path: Path) -> None:
    for name, numbers in (("a.yaml", '["32"]'), ("b.yaml", '["31", "32"]')):
        (tmp_path / name).write_text(scenario("a: {type: hangup}", top=f"did: {numbers}"))
    first, second = check_files([tmp_path / "a.yaml", tmp_path / "b.yaml"])
    assert told(first) == []
    (finding,) = told(second)
    assert (finding.rule, finding.line, finding.column) == ("E1012", 3, 13)
    assert "a.yaml" in finding.message
