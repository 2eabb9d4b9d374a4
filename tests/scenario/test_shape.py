"""E0003, E0004, E0005: what is said, and where."""

from __future__ import annotations

import pytest
from support.scenarios import found, rules_of, scenario

from engine.scenario.check import check

PLAY = "a: {type: play, prompt: [{say: hello}], next: end}"

TOP: list[tuple[str, str, str]] = [
    ("dod: ['1']", "E0003", "did you mean `did`?"),
    ("did: [32]", "E0004", 'write "32"'),
    ("did: [0143]", "E0004", 'write "0143"'),
    ("did: [yes]", "E0004", 'write "yes"'),
    ("did: '32'", "E0003", "put it in brackets: [ ]"),
    ("description: on", "E0004", 'write "on"'),
    ("language:", "E0003", "not empty"),
    ("max_duration: 30", "E0003", "write 30s"),
    ("max_duration: 30 s", "E0003", "not a duration"),
    ("on_error: 1", "E0004", 'write "1"'),
    ("variables: {a b: {}}", "E0003", "`a b`"),
    ("variables: {now: {}}", "E0003", "`now`"),
    ("variables: {x: {type: strng}}", "E0003", "did you mean `string`?"),
    ("variables: {x: {default: 5}}", "E0004", 'write "5"'),
    ("variables: {x: {type: integer, default: '5'}}", "E0003", "without quotes"),
    ("variables: {x: {type: boolean, default: yes}}", "E0003", "write true"),
    ("variables: {no: {}}", "E0004", 'write "no"'),
]


@pytest.mark.parametrize(("top", "rule", "says"), TOP, ids=[top for top, _, _ in TOP])
def test_top_level(top: str, rule: str, says: str) -> None:
    (finding,) = check("x.yaml", scenario(PLAY, top=top)).diagnostics
    assert (finding.rule, finding.line) == (rule, 3)
    assert says in f"{finding.message} {finding.hint}"


FINE = [
    'did: ["32", "0143*", "*"]',
    "did: [+33143670903, 33143670903]",
    "x-mine: {yes: no, 1: [2, 0143]}",
    "variables: {x: {type: integer, default: 5}, y: {type: number, default: 5}, z: {type: boolean, default: true}}",
    "max_duration: 1.5h",
]


@pytest.mark.parametrize("top", FINE)
def test_nothing_to_say(top: str) -> None:
    assert rules_of(scenario(PLAY, top=top)) == []


NODES: list[tuple[str, str, str]] = [
    ("a: {type: ^ply, prompt: [{say: x}], next: end}", "E0003", "did you mean `play`?"),
    ("^a: {prompt: [{say: x}], next: end}", "E0003", "`type` is missing"),
    ("^a: {type: play, next: end}", "E0003", "`prompt` is missing"),
    ("a: {type: play, ^promt: [], prompt: [{say: x}], next: end}", "E0003", "did you mean `prompt`?"),
    ("a: {type: play, prompt: ^x.wav, next: end}", "E0003", "must be a list"),
    ("a: {type: play, prompt: [{^sya: x}], next: end}", "E0003", "did you mean `say`?"),
    ("a: {type: play, prompt: [{silence: ^5}], next: end}", "E0003", "write 5s"),
    ("a: {type: play, prompt: [{tone: ^bep}], next: end}", "E0003", "did you mean `beep`?"),
    ("a: {type: play, prompt: [^7], next: end}", "E0004", 'write "7"'),
    ("a: {type: play, prompt: [{say: x}], repeat: ^0, next: end}", "E0003", "at least 1"),
    ("a: {type: play, prompt: [{say: x}], barge_in: ^yes, next: end}", "E0003", "write true"),
    ("a: {type: play, prompt: [{say: x}], next: ^on}", "E0004", 'write "on"'),
    ("a: {type: play, prompt: [{say: x}], ^next: {a: b}}", "E0003", "not a mapping"),
    ("a: {type: play, prompt: [{say: x}], on: {^nxt: end}}", "E0003", "did you mean `next`?"),
    ("a: {type: play, prompt: [{say: x}], next: end, on: {^next: a}}", "E0003", "twice"),
    ("a: ^5", "E0003", "a mapping"),
    ("^a:", "E0003", "not empty"),
    ("a: {type: hours, week: {^monday: []}, on: {open: end, closed: end}}", "E0003", "`monday`"),
    ('a: {type: hours, week: {mon: [^"8:00-9:00"]}, on: {open: end, closed: end}}', "E0003", "8:00-9:00"),
    ("a: {type: hours, week: {}, exceptions: {2027-12-24: ^5}, on: {open: end, closed: end}}", "E0003", "a list"),
    ("a: {type: hangup, cause: ^bussy}", "E0003", "did you mean `busy`?"),
    ("a: {type: hangup, ^next: end}", "E0003", "takes no `next`"),
]


@pytest.mark.parametrize(("node", "rule", "says"), NODES, ids=[node for node, *_ in NODES])
def test_nodes(node: str, rule: str, says: str) -> None:
    """`^` stands before what the finding points at."""
    (finding,) = check("x.yaml", scenario(node.replace("^", ""))).diagnostics
    assert (finding.rule, finding.line, finding.column) == (rule, 5, 3 + node.index("^"))
    assert says in f"{finding.message} {finding.hint}"


def test_menu_keys_are_texts() -> None:
    text = scenario(
        """
        a:
          type: menu
          prompt: [{say: x}]
          options: {1: end, 02: end, "3": end, 9Z: end}
          on: {no_input: end, no_match: end}
        """
    )
    assert found(text) == [("E0004", 8, 15), ("E0004", 8, 23), ("E0003", 8, 42)]


@pytest.mark.parametrize("version", ["2", "0", "'1'", "one", "1.5"])
def test_unknown_format(version: str) -> None:
    assert found(scenario(PLAY).replace("format: 1", f"format: {version}")) == [("E0005", 1, 9)]


@pytest.mark.parametrize("key", ["format", "name", "start"])
def test_missing_top_level_key(key: str) -> None:
    text = "".join(line for line in scenario(PLAY).splitlines(keepends=True) if not line.startswith(key))
    (finding,) = check("x.yaml", text).diagnostics
    assert (finding.rule, finding.line, finding.column) == ("E0003", 1, 1)
    assert key in finding.message


@pytest.mark.parametrize("text", ["[1, 2]", "hello", "5", "nodes: 5", "{}"])
def test_no_scenario_at_all(text: str) -> None:
    result = check("x.yaml", text)
    assert {finding.rule for finding in result.diagnostics} == {"E0003"}
    assert result.compiled is None
