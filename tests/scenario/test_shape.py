"""E0003, E0004, E0005: what is said, and where."""

from __future__ import annotations

import pytest
from support.scenarios import compiled, found, rules_of, scenario

from engine.scenario.check import check

PLAY = "a: {type: play, prompt: [{say: hello}], next: end}"

TOP: list[tuple[str, str, str]] = [
    ("dod: ['1']", "E0003", "did you mean `did`?"),
    ("did: [32]", "E0004", 'write "32"'),
    ("did: [0143]", "E0004", 'write "0143"'),
    ("did: [yes]", "E0004", 'write "yes"'),
    ("did: '32'", "E0003", "put it in brackets: [ ]"),
    ("language: english", "E0003", "Language of the call: en or fr"),
    ("language: no", "E0004", 'write "no"'),
    ("time_zone: Paris", "E4001", "did you mean `Europe/Paris`?"),
    ("time_zone: new york", "E4001", "did you mean `America/New_York`?"),
    ("description: on", "E0004", 'write "on"'),
    ("language:", "E0003", "not empty"),
    ("max_duration: 30", "E0003", "write 30s"),
    ("max_duration: 30 s", "E0003", "not a duration"),
    ("on_error: 1", "E0004", 'write "1"'),
    ("variables: {a b: {}}", "E0003", "`a b`"),
    ("variables: {now: {}}", "E0003", "`now`"),
    ("variables: {x: {type: strng}}", "E0003", "did you mean `string`?"),
    ("variables: {x: {default: 5}}", "E0004", 'write "5"'),
    ("variables: {x: {type: integer, default: '5'}}", "E6003", "without quotes"),
    ("variables: {x: {type: integer, default: 1234567890}}", "E6003", "at most nine digits"),
    ("variables: {x: {type: integer, default: +5}}", "E6003", "no +"),
    ("variables: {x: {type: boolean, default: yes}}", "E6003", "write true"),
    ("variables: {no: {}}", "E0004", 'write "no"'),
    ('max_duration: "5s\\n"', "E0003", r"`5s\n` is not a duration"),
    ("max_duration: ٣s", "E0003", "not a duration"),
    (r'description: "\ud800"', "E0001", "half of an escaped character"),
    ('time_zone: "a\\0b"', "E4001", r"`a\x00b`"),
    (f"time_zone: {'a' * 5000}", "E4001", "aaa…"),
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
    # What is declared here is read by nothing.
    assert [rule for rule in rules_of(scenario(PLAY, top=top)) if rule != "W6005"] == []


NODES: list[tuple[str, str, str]] = [
    ("a: {type: ^ply, prompt: [{say: x}], next: end}", "E0003", "did you mean `play`?"),
    ("^a: {prompt: [{say: x}], next: end}", "E0003", "`type` is missing"),
    ("a: {type: language, language: ^French, next: end}", "E0003", "such as en or fr"),
    ("a: {^type: , prompt: [{say: x}], next: end}", "E0003", "wait, not empty"),
    ("^a: {type: play, next: end}", "E0003", "`prompt` is missing"),
    ("a: {type: play, ^promt: [], prompt: [{say: x}], next: end}", "E0003", "did you mean `prompt`?"),
    ("a: {type: play, prompt: ^x.wav, next: end}", "E0003", "must be a list"),
    ("a: {type: play, prompt: [{^sya: x}], next: end}", "E0003", "did you mean `say`?"),
    ('a: {type: play, prompt: [{^say:"x"}], next: end}', "E0003", "a space belongs behind the colon: `say: …`"),
    ("a: {type: play, prompt: [{say: “x, ^y”}], next: end}", "E0003", "the straight ones"),
    ("a: {type: play, ^prompt: {say: x}, next: end}", "E0003", "make it an item of a list: [{…}]"),
    ('a: {type: play, prompt: [^"Good morning."], next: end}', "E3001", "a text to be spoken is written {say: …}"),
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
    (
        "a: {type: hours, week: {}, exceptions: {2027-12-24: ^08:00-12:00}, on: {open: end, closed: end}}",
        "E0003",
        "it is closed or a list put it in brackets",
    ),
    ("a: {type: wait, ^duraton: 1s, next: end}", "E0003", "did you mean `duration`?"),
    (
        "a: {type: branch, cases: [{when: call.cli == '1', next: end}], ^defalt: end}",
        "E0003",
        "did you mean `default`?",
    ),
    ("a: {type: branch, cases: [{when: call.cli == '1', ^nxt: end}], default: end}", "E0003", "did you mean `next`?"),
    ('a: {type: hours, week: {mon: [^"08:00-12:00\\n"]}, on: {open: end, closed: end}}', "E0003", r"12:00\n`"),
    (
        'a: {type: hours, week: {mon: ["08:00-12:00"]}, holidays: ^"FR\\n", on: {open: end, closed: end}}',
        "E0003",
        "Country",
    ),
    ('a: {type: play, prompt: [^"a\\0b.wav"], next: end}', "E3001", r"`a\x00b.wav` is missing"),
    (f"a: {{type: play, prompt: [^{'a' * 5000}], next: end}}", "E3001", "aaa…"),
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


def test_a_format_in_quotes_is_no_number() -> None:
    (finding,) = check("x.yaml", scenario(PLAY).replace("format: 1", 'format: "1"')).diagnostics
    assert "in quotes" in finding.message
    assert finding.hint == "write format: 1, without quotes"


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


@pytest.mark.parametrize(("key", "written"), [("name", "nam"), ("start", "strat"), ("nodes", "nodse")])
def test_a_misspelt_top_level_key_is_one_finding(key: str, written: str) -> None:
    (finding,) = check("x.yaml", scenario(PLAY).replace(f"{key}:", f"{written}:")).diagnostics
    assert (finding.rule, finding.column, finding.hint) == ("E0003", 1, f"did you mean `{key}`?")


ANCHORED = """
a: {type: wait, <<: &shared {duration: 5}, next: b}
b: {type: wait, <<: *shared, next: c}
c: {type: play, prompt: &prompt [nope.wav, {say: x, say: y}], next: d}
d: {type: play, prompt: *prompt, next: end}
"""


def test_what_an_anchor_holds_is_wrong_once() -> None:
    assert found(scenario(ANCHORED)) == [("E0003", 5, 42), ("E3001", 7, 36), ("E0002", 7, 55)]


def test_a_folder_of_prompts_that_no_system_can_have() -> None:
    text = scenario("a: {type: play, prompt: [x.wav], next: end}", top='prompts: "a\\0b"')
    assert found(text) == [("E3001", 6, 28)]


def test_a_character_that_is_escaped_as_two() -> None:
    assert compiled(scenario(PLAY, top=r'description: "\ud83d\ude00"')).scenario.description == "😀"


@pytest.mark.parametrize("name", ["", "a/b", "/", " a", "a ", "a\\nb", "a\\u0007"])
def test_names_that_no_node_can_have(name: str) -> None:
    text = scenario(f'a: {{type: wait, duration: 1s, next: "{name}"}}\n"{name}": {{type: hangup}}')
    assert found(text) == [("E0003", 6, 3)]


@pytest.mark.parametrize("name", ["a", "écoute", "l'été à la plage", "menu 2", "no-input", "3.1", "œuvre_n°1"])
def test_names_that_a_node_can_have(name: str) -> None:
    text = scenario(f'b: {{type: wait, duration: 1s, next: "{name}"}}\n"{name}": {{type: hangup}}', start="b")
    assert found(text) == []
