"""Every rule's own examples are run; the registry decides which rules there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.scenarios import found, rules_of, scenario

from engine.scenario.check import check_files
from engine.scenario.load import walk_files
from engine.scenario.rules.registry import rules

PAGES = Path(__file__).parents[2] / "docs" / "rules"


@pytest.fixture(params=sorted(rules()))
def rule_id(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def findings(folder: Path, rule_id: str, text: str) -> list[tuple[str, str]]:
    """(file, rule) of what is found when the example is checked together with the rule's other files."""
    for name, content in rules()[rule_id].files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "scenario.yaml").write_text(text)
    results = check_files(list(walk_files([folder])))
    everything = [(Path(d.file).name, d.rule) for result in results for d in result.diagnostics]
    # The examples have no tests beside them, except those about tests.
    return [finding for finding in everything if finding[1] != "I8006" or rule_id == "I8006"]


def test_bad_example_gives_this_finding_alone(rule_id: str, tmp_path: Path) -> None:
    assert findings(tmp_path, rule_id, rules()[rule_id].bad) == [("scenario.yaml", rule_id)]


def test_good_example_gives_none(rule_id: str, tmp_path: Path) -> None:
    assert findings(tmp_path, rule_id, rules()[rule_id].good) == []


def test_rule_describes_itself(rule_id: str) -> None:
    rule = rules()[rule_id]
    assert re.fullmatch("[EWI][0-9]{4}", rule.id)
    assert rule.severity == {"E": "error", "W": "warning", "I": "information"}[rule.id[0]]
    assert (PAGES / f"{rule.id}.md").read_text().startswith(f"# {rule.id}: {rule.summary}\n")


ONE_DEFECT = {
    "a misspelt target does not make its node unreachable": (
        "a: {type: wait, duration: 1s, next: holliday}\nholiday: {type: hangup}",
        ["E1001"],
    ),
    "a dead end does not make the node behind it unreachable": (
        "a: {type: wait, duration: 1s}\nb: {type: hangup}",
        ["E1004"],
    ),
    "the sound part of a node that fails its schema is looked at": (
        """\
        a:
          type: menu
          prompt: [nope.wav, 7, {say: "${foo}"}, {sya: x}]
          attempts: "3"
          options: {"1": nowhere, one: end}
        """,
        ["E3001", "E0004", "E6001", "E0003", "E0003", "E1001", "E0003"],
    ),
    "what its key was meant to be is not missing": ("a: {type: wait, duration: 5, next: zz}", ["E0003", "E1001"]),
    "nor are the ways out that it may have meant": ("a: {type: wait, duration: 1s, goto: end}", ["E0003"]),
    "a range that is none is not the only one": (
        'a: {type: hours, week: {mon: ["8:00-9:00", "20:00-08:00"]}, holidays: fr, on: {open: x, closed: end}}',
        ["E0003", "E4006", "E4010", "E1001"],
    ),
    "without a sound range hours are not never open": (
        'a: {type: hours, week: {mon: ["8:00-9:00"]}, on: {open: end, closed: end}}',
        ["E0003"],
    ),
    "a case without target": (
        "a: {type: branch, cases: [{when: foo}, {when: call.cli == '1', next: bar}], default: end}",
        ["E0003", "E6001", "E1001"],
    ),
    "a prompt that is missing is not empty": ("a: {type: play, next: end}", ["E0003"]),
    "a key that misspells a prompt leaves no empty one": ("a: {type: play, promp: [{say: x}], next: end}", ["E0003"]),
    "nor hours that are never open": (
        'a: {type: hours, wek: {mon: ["08:00-09:00"]}, on: {open: end, closed: end}}',
        ["E0003"],
    ),
    "what a target that does not exist would have led to is not unreachable": (
        "a: {type: wait, duration: 1s, next: nowhere}\nb: {type: wait, duration: 1s, next: c}\nc: {type: hangup}",
        ["E1001"],
    ),
    "nor what an outcome would have led to": (
        "a: {type: voicemail, mailbox: m, max_duration: 2m, on: {recorded: end}}\nb: {type: hangup}",
        ["E1005"],
    ),
    "nor what a menu would have": (
        'a: {type: menu, prompt: [{say: x}], options: {"1": end}, on: {no_match: end}}\nb: {type: hangup}',
        ["W2007"],
    ),
    "but of two nodes one is": (
        "a: {type: wait, duration: 1s, next: nowhere}\nb: {type: hangup}\nc: {type: hangup}",
        ["E1001", "W1003", "W1003"],
    ),
    "what a node of unknown type assigns is defined": (
        "a: {typ: set, values: {x: '1'}, next: b}\nb: {type: play, prompt: [{digits: x}], next: end}",
        ["E0003"],
    ),
    "what a missing key would have named is defined": (
        """\
        a: {type: collect, prompt: [{say: x}], on: {collected: b, no_input: end, invalid: end}}
        b: {type: play, prompt: [{digits: code}], next: end}
        """,
        ["E0003"],
    ),
    "an unknown type has targets": ("a: {type: ply, prompt: [x.wav], next: nowhere}", ["E0003", "E1001"]),
    "a direct dial without a sound pattern assigns all the same": (
        """\
        a:
          type: menu
          prompt: [{say: x}]
          options: {"1": end}
          direct_dial: {pattern: 2YY, next: b}
          on: {no_input: end, no_match: end}
        b: {type: play, prompt: [{digits: dialled}], next: end}
        """,
        ["E0003"],
    ),
    "what such a node mentions is reachable": (
        "a: {type: branch, cases: [{when: call.cli == '1', next: b}]}\nb: {type: hangup}",
        ["E1018"],
    ),
    "what its missing key would have led to is not unreachable": (
        "a: {type: branch, cases: [{when: call.cli == '1', next: end}]}\nb: {type: hangup}",
        ["E1018"],
    ),
    "nor what the outcomes of a node without any would have led to": (
        'a: {type: hours, week: {mon: ["08:00-09:00"]}}\nb: {type: hangup}\nc: {type: hangup}',
        ["E1004"],
    ),
    "what such a node assigns is defined": (
        """\
        a:
          type: collect
          prompt: [{say: code}]
          variable: code
          attemps: 2
          on: {collected: b, no_input: end, invalid: end}
        b: {type: play, prompt: [{digits: code}], next: end}
        """,
        ["E0003"],
    ),
    "an unquoted word is one finding": ("a: {type: wait, duration: 1s, next: on}", ["E0004"]),
    "an unquoted key is one finding": (
        "a: {type: menu, prompt: [{say: x}], options: {1: end}, on: {no_input: end, no_match: end}}",
        ["E0004"],
    ),
    "a search without any exit": (
        "a: {type: agent_search, centre: support, method: broadcast, timeout: 30s}",
        ["E5004"],
    ),
    "a range that ends before it begins does not overlap": (
        'a: {type: hours, week: {mon: ["20:00-08:00", "09:00-10:00"]}, on: {open: end, closed: end}}',
        ["E4006"],
    ),
    "hours with one backward range are not never open too": (
        'a: {type: hours, week: {mon: ["20:00-08:00"]}, on: {open: end, closed: end}}',
        ["E4006"],
    ),
    "a mistake in a value does not spread to its readers": (
        "a: {type: set, values: {x: 1 +}, next: b}\nb: {type: set, values: {y: x + 1}, next: end}",
        ["E6004"],
    ),
    "a variable named like a word of the expressions": (
        """\
        a: {type: set, values: {type: "1"}, next: b}
        b: {type: set, values: {x: 2 + 1, y: x + 1}, next: end}
        """,
        ["E0003"],
    ),
    "keys that a collect does not handle": (
        "a: {type: collect, prompt: [{say: code}], variable: code, on: {collected: b}}\n"
        "b: {type: play, prompt: [{digits: code}], next: end}",
        ["W2007"],
    ),
    "keys that lead nowhere at all": (
        "a: {type: collect, prompt: [{say: code}], variable: code}\n"
        "b: {type: play, prompt: [{digits: code}], next: end}",
        ["E1004"],
    ),
    "an unknown start": ("b: {type: hangup}", ["E1001"]),
    "a second node of the same name": ("a: {type: hangup}\na: {type: hangup}", ["E1002"]),
    "a node called end": ("a: {type: wait, duration: 1s, next: end}\nend: {type: hangup}", ["E1002"]),
    "a date that does not exist": (
        """\
        a:
          type: hours
          week: {mon: ["08:00-09:00"]}
          exceptions: {2027-02-30: closed}
          on: {open: end, closed: end}
        """,
        ["E0003"],
    ),
    "nothing is wrong with a loop": (
        "a: {type: wait, duration: 1s, next: b}\nb: {type: wait, duration: 1s, next: a}",
        [],
    ),
}


@pytest.mark.parametrize(("nodes", "expected"), ONE_DEFECT.values(), ids=ONE_DEFECT)
def test_one_defect_one_finding(nodes: str, expected: list[str]) -> None:
    assert rules_of(scenario(nodes)) == expected


def test_all_problems_in_one_run_in_document_order() -> None:
    text = scenario(
        """
        a: {type: wait, duration: 1s, next: nowhere}
        b: {type: wait}
        c: {type: wait, duration: 1s}
        d: {type: set, values: {x: nothing + 1}, next: end}
        e: {type: hangup}
        """,
        top="time_zone: Paris/Europe",
    )
    assert rules_of(text) == [
        *("E4001", "E1001"),
        *("E0003", "E1004", "W1003"),
        *("E1004", "W1003"),
        *("W1003", "E6001"),
        "W1003",
    ]


OVERLAPS = {
    "the same day under two keys": ('{mon-fri: ["08:00-12:00"], fri: ["11:00-13:00"]}', 1),
    "touching": ('{mon: ["08:00-12:00", "12:00-24:00"], tue: ["00:00-08:00"]}', 0),
    "past midnight into the next day": ('{mon: ["20:00-08:00+1"], tue: ["07:00-12:00"]}', 1),
    "past midnight into another day": ('{mon: ["20:00-08:00+1"], wed: ["07:00-12:00"]}', 0),
    "from sunday into monday": ('{sun: ["20:00-08:00+1"], mon: ["07:00-12:00"]}', 1),
    "five days, one mistake": ('{mon-fri: ["08:00-12:00", "11:00-13:00"]}', 1),
}


@pytest.mark.parametrize(("week", "number"), OVERLAPS.values(), ids=OVERLAPS)
def test_overlapping_ranges(week: str, number: int) -> None:
    text = scenario(f"a: {{type: hours, week: {week}, on: {{open: end, closed: end}}}}")
    assert rules_of(text) == ["E4003"] * number


def test_a_declaration_without_a_sound_type_is_one() -> None:
    text = scenario("a: {type: play, prompt: [{digits: n + 1}], next: end}", top="variables: {n: {type: int}}")
    assert rules_of(text) == ["E0003"]


def test_nodes_are_looked_at_below_an_unsound_header() -> None:
    text = scenario("a: {type: wait, duration: 1s, next: nowhere}", top="max_duration: 5\ndid: [1]")
    assert rules_of(text) == ["E0003", "E0004", "E1001"]


TYPES = {"n": "integer", "x": "number", "s": "string", "b": "boolean"}
START = {"integer": "0", "number": "0.5", "string": '""', "boolean": "false"}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("n", "1", []),
        ("n", "1.0", ["E6003"]),
        ("n", "'abc'", ["E6003"]),
        ("n", "size(s)", []),
        ("n", "x + 'a'", ["E6004"]),
        ("x", "1", ["E6003"]),
        ("x", "n * 1", ["E6003"]),
        ("x", "double(n)", []),
        ("s", "3", ["E6003"]),
        ("s", "null", ["E6003"]),
        ("s", "contact.strLastName", []),
        ("s", "[s]", ["E6003"]),
        ("b", "n > 1", []),
        ("b", "s", ["E6003"]),
        ("undeclared", "1", []),
    ],
)
def test_a_value_has_the_declared_type(name: str, value: str, expected: list[str]) -> None:
    variables = ", ".join(f"{key}: {{type: {kind}, default: {START[kind]}}}" for key, kind in TYPES.items())
    text = scenario(f'a: {{type: set, values: {{{name}: "{value}"}}, next: end}}', top=f"variables: {{{variables}}}")
    # Nothing reads these variables, which is not looked at here.
    assert [rule for rule in rules_of(text) if rule != "W6005"] == expected


def test_an_extension_that_is_dialled_is_text() -> None:
    text = scenario(
        """
        a:
          type: menu
          prompt: [{say: x}]
          options: {"1": end}
          direct_dial: {pattern: 2XX, next: b}
          on: {no_input: end, no_match: end}
        b: {type: play, prompt: [{digits: dialled}], next: end}
        """,
        top="variables: {dialled: {type: integer}}",
    )
    assert found(text) == [("E6003", 10, 28)]


def test_a_call_begins_with_a_node() -> None:
    assert found(scenario("a: {type: hangup}", start="end")) == [("E1001", 3, 8)]
    assert found(scenario("a: {type: hangup}", top="on_error: end")) == []


def test_a_misspelt_language_makes_no_file_missing() -> None:
    assert rules_of(scenario("a: {type: play, prompt: [x.wav], next: end}", top="langage: fr")) == ["E0003"]


def test_the_default_of_a_misspelt_type_is_none_of_our_business() -> None:
    text = scenario("a: {type: hangup}", top="variables: {x: {tpye: number, default: 1.5}}")
    assert rules_of(text) == ["E0003"]
