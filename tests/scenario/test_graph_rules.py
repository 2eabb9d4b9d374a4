"""What the rules about circles, sub-scenarios and conditions rest on, and what their examples do not show."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scenarios import compiled, rules_of, scenario, told

from engine.scenario.check import CheckResult, check, check_files
from engine.scenario.rules._cases import plain
from engine.scenario.rules._graph import circle, in_words, reach, tangles
from engine.scenario.rules.registry import rules

NAMES = "abcdefg"
GRAPHS = st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES), max_size=3) for name in NAMES})


@given(GRAPHS)
def test_a_tangle_is_of_nodes_that_lead_to_one_another(graph: dict[str, list[str]]) -> None:
    after = {name: reach(graph, graph[name]) for name in graph}
    wanted = {
        tuple(other for other in graph if other in after[name] and name in after[other])
        for name in graph
        if name in after[name]
    }
    assert [tuple(tangle) for tangle in tangles(graph)] == sorted(
        wanted, key=lambda tangle: list(graph).index(tangle[0])
    )


@given(GRAPHS)
def test_the_circle_that_is_named_exists(graph: dict[str, list[str]]) -> None:
    for tangle in tangles(graph):
        way = circle(graph, tangle[0])
        assert way[0] == tangle[0]
        assert len(set(way)) == len(way)
        assert all(after in graph[before] for before, after in zip(way, [*way[1:], way[0]], strict=True))


def test_the_middle_of_a_long_circle_is_left_out() -> None:
    assert in_words(list("ab")) == "`a → b → a`"
    assert in_words(list("abcdefghijk")) == "`a → b → c → d → e → f → … → k → a`"


def circles_of(size: int) -> str:
    """Nodes that all lead to one another, by ways that take no time."""
    nodes = [
        f"n{i}: {{type: play, prompt: [{{say: x}}], on: {{next: n{(i + 1) % size}, error: n{(i * 7 + 3) % size}}}}}"
        for i in range(size)
    ]
    return scenario("\n".join(nodes), start="n0")


def test_a_thousand_nodes_in_circles_take_less_than_a_second() -> None:
    draft = check("test.yaml", circles_of(1000)).draft
    assert draft is not None
    began = time.process_time()
    found = [list(rules()[rule].check(draft)) for rule in ("E1006", "W1007", "W1003")]
    assert time.process_time() - began < 1
    assert [len(findings) for findings in found] == [1, 0, 0]


def test_a_line_of_a_thousand_nodes_is_no_circle_and_no_recursion() -> None:
    nodes = [f"n{i}: {{type: answer, next: {'end' if i == 999 else f'n{i + 1}'}}}" for i in range(1000)]
    assert rules_of(scenario("\n".join(nodes), start="n0")) == ["W1016"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('a == ""', 'a==""', True),
        ('a == ""', 'a == " "', False),
        ("a in [1]", "a  in\n[1]", True),
        ("a // why\n== 1", "a == 1", True),
        ('a == "// b"', 'a == "// c"', False),
        ("a == 1", "a == 11", False),
        ("not1", "not 1", False),
    ],
)
def test_conditions_are_the_same_but_for_white_space_and_comments(one: str, other: str, *, same: bool) -> None:
    assert (plain(one) == plain(other)) is same


CONDITIONS = {
    "a name that has no value yet is no constant": ("call.cli == ''", []),
    "nor is one behind `and`": ("true && call.cli == ''", []),
    "what decides alone is": ("true || call.cli == ''", ["W1020"]),
    "what has no value at all is no constant": ("1 / 0 == 1", []),
    "a list that is walked through is not evaluated": ("[1, 2].all(x, x > 0)", []),
    "a mistake has its own finding": ("1 +", ["E6004"]),
    "what is no condition too": ("1 + 1", ["E6004"]),
}


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS.values(), ids=CONDITIONS)
def test_constants(condition: str, expected: list[str]) -> None:
    text = scenario(
        f'a: {{type: branch, cases: [{{when: "{condition}", next: end}}], default: b}}\nb: {{type: hangup}}'
    )
    assert rules_of(text) == expected


CIRCLES = {
    "an unsound wait may be one that waits": ("a: {type: wait, duration: 5, next: a}", ["E0003"]),
    "a node of an unknown type may wait": ("a: {type: wiat, duration: 5s, next: a}", ["E0003"]),
    "a circle that nobody enters is unreachable": (
        "a: {type: hangup}\nb: {type: answer, next: c}\nc: {type: answer, next: b}",
        ["W1003", "W1003"],
    ),
    "an unknown start does not hide a circle": ("b: {type: answer, next: b}", ["E1001"]),
    "attempts that are none were meant to be some": (
        """
        a:
          type: menu
          prompt: [{say: To hear this again press 1.}]
          options: {"1": a}
          attempts: many
          on: {no_input: end, no_match: end}
        """,
        ["E0003"],
    ),
    "a sub-scenario that does not exist may wait": ("a: {type: scenario, name: nobody, on: {x: a}}", ["E1009"]),
}


@pytest.mark.parametrize(("nodes", "expected"), CIRCLES.values(), ids=CIRCLES)
def test_doubt_is_silence(nodes: str, expected: list[str]) -> None:
    assert rules_of(scenario(nodes)) == expected


def test_a_duration_that_is_none_limits_a_circle_all_the_same() -> None:
    nodes = 'a: {type: menu, prompt: [{say: x}], options: {"1": a}, on: {no_input: end, no_match: end}}'
    assert rules_of(scenario(nodes, top="max_duration: 5")) == ["E0003"]


def spoken(result: CheckResult) -> list[str]:
    return [found.rule for found in told(result)]


SUB = scenario("a: {type: return, outcome: done}").replace("name: test", "name: sub").replace('did: ["32"]\n', "")


def test_a_scenario_without_a_number_is_called_by_another_file(tmp_path: Path) -> None:
    (tmp_path / "sub.yaml").write_text(SUB)
    assert spoken(check(tmp_path / "sub.yaml")) == ["W1013"]
    (tmp_path / "main.yaml").write_text(scenario("a: {type: scenario, name: sub, on: {done: end}}"))
    assert spoken(check(tmp_path / "sub.yaml")) == []


def test_who_calls_is_not_known_while_a_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "sub.yaml").write_text(SUB)
    (tmp_path / "main.yaml").write_text("nodes:\n\ta: {type: scenario, name: sub, on: {done: end}}\n")
    assert [spoken(result) for result in check_files([tmp_path / "main.yaml", tmp_path / "sub.yaml"])] == [
        ["E0001"],
        [],
    ]


def test_a_sub_scenario_in_doubt_is_not_compared_with_its_caller(tmp_path: Path) -> None:
    (tmp_path / "sub.yaml").write_text(SUB.replace("outcome: done", 'outcome: "a b"'))
    (tmp_path / "main.yaml").write_text(scenario("a: {type: scenario, name: sub, on: {done: end}}"))
    ours, theirs = check_files([tmp_path / "main.yaml", tmp_path / "sub.yaml"])
    assert spoken(ours) == []
    assert spoken(theirs) == ["E0003"]


def test_a_scenario_in_a_file_that_cannot_be_read_is_not_missing(tmp_path: Path) -> None:
    (tmp_path / "sub.yaml").write_text(SUB + "  : : [")
    (tmp_path / "main.yaml").write_text(scenario("a: {type: scenario, name: sub, on: {done: end}}"))
    ours, theirs = check_files([tmp_path / "main.yaml", tmp_path / "sub.yaml"])
    assert (spoken(ours), spoken(theirs)) == ([], ["E0001"])
    (tmp_path / "sub.yaml").write_text("name: another\n  : : [")
    assert spoken(check(tmp_path / "main.yaml")) == ["E1009"]


def test_a_scenario_whose_name_its_caller_misspells_is_called_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "sub.yaml").write_text(SUB.replace("name: sub", "name: identify"))
    (tmp_path / "main.yaml").write_text(scenario("a: {type: scenario, name: idenify, on: {done: end}}"))
    ours, theirs = check_files([tmp_path / "main.yaml", tmp_path / "sub.yaml"])
    assert (spoken(ours), spoken(theirs)) == (["E1009"], [])


def test_what_calls_itself_is_not_asked_for_its_outcomes() -> None:
    assert rules_of(scenario("a: {type: scenario, name: test, on: {done: end}}")) == ["E1008"]


def test_what_an_unwired_outcome_of_a_sub_scenario_would_have_led_to_is_not_unreachable(tmp_path: Path) -> None:
    (tmp_path / "sub.yaml").write_text(SUB)
    (tmp_path / "main.yaml").write_text(scenario("a: {type: scenario, name: sub}\nb: {type: hangup}"))
    assert spoken(check(tmp_path / "main.yaml")) == ["E1005"]


def test_the_former_name_of_repeat_still_works() -> None:
    play = compiled(scenario("a: {type: play, prompt: [{say: x}], times: 3, next: end}")).scenario.nodes["a"]
    assert play.repeat == 3


@pytest.mark.parametrize(("written", "found"), [("0", ["E0003"]), ("two", ["E0003"])])
def test_a_wrong_value_of_a_deprecated_key_is_one_defect(written: str, found: list[str]) -> None:
    assert rules_of(scenario(f"a: {{type: play, prompt: [{{say: x}}], times: {written}, next: end}}")) == found
