"""What the rules about data and security see, and what they leave alone: the graph, sub-scenarios, taint."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.scenarios import check_one, rules_of, scenario

from engine.scenario.check import check

COLLECT = "type: collect, prompt: [{say: Code}], variable: code"
BRIDGE = "on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}"


def only(text: str, prefix: str) -> list[str]:
    return [rule for rule in rules_of(text) if rule.startswith(prefix)]


ASSIGNED = {
    "on the only way": (f"a: {{{COLLECT}, on: {{collected: b, no_input: end, invalid: end}}}}", 0),
    "not on another way": (f"a: {{{COLLECT}, on: {{collected: b, no_input: b, invalid: end}}}}", 1),
    "before a circle": (
        f"""
        a: {{{COLLECT}, on: {{collected: c, no_input: end, invalid: end}}}}
        c: {{type: menu, prompt: [{{say: x}}], options: {{"1": c, "2": b}}, on: {{no_input: c, no_match: end}}}}
        """,
        0,
    ),
    "in a circle, but not on the way into it": (
        f"""
        a: {{type: menu, prompt: [{{say: x}}], options: {{"1": c, "2": b}}, on: {{no_input: a, no_match: end}}}}
        c: {{{COLLECT}, on: {{collected: a, no_input: a, invalid: end}}}}
        """,
        1,
    ),
    "by two nodes on two ways": (
        f"""
        a: {{{COLLECT}, on: {{collected: b, no_input: c, invalid: c}}}}
        c: {{type: set, values: {{code: "'0'"}}, next: b}}
        """,
        0,
    ),
    "on a way that no call takes": (
        f"""
        a: {{{COLLECT}, on: {{collected: b, no_input: end, invalid: end}}}}
        c: {{type: wait, duration: 1s, next: b}}
        """,
        0,
    ),
}


@pytest.mark.parametrize(("nodes", "number"), ASSIGNED.values(), ids=ASSIGNED)
def test_a_variable_is_assigned_on_every_way(nodes: str, number: int) -> None:
    nodes = "\n".join(line.strip() for line in nodes.strip().splitlines())
    text = scenario(f"{nodes}\nb: {{type: play, prompt: [{{digits: code}}], next: end}}")
    assert only(text, "E6002") == ["E6002"] * number


def test_the_way_is_told_in_words() -> None:
    text = scenario(
        f"""
        a: {{type: wait, duration: 1s, next: ask}}
        ask: {{{COLLECT}, on: {{collected: b, no_input: pause, invalid: end}}}}
        pause: {{type: wait, duration: 1s, next: b}}
        b: {{type: play, prompt: [{{digits: code}}], next: end}}
        """
    )
    assert check_one(text).message == "`code` has no value when the call comes by a → ask (no_input) → pause"


def test_what_was_needed_is_not_missing_again_behind_it() -> None:
    text = scenario(
        f"""
        a: {{{COLLECT}, on: {{collected: b, no_input: b, invalid: end}}}}
        b: {{type: set, values: {{twice: code + code}}, next: c}}
        c: {{type: play, prompt: [{{digits: code}}, {{digits: twice}}], next: end}}
        """
    )
    assert rules_of(text) == ["E6002"]


@pytest.mark.parametrize(
    ("on_error", "expected"), [("failed", ["E6002"]), ("late", [])], ids=["from the first node", "from a later one"]
)
def test_a_failure_leads_to_on_error(on_error: str, expected: list[str]) -> None:
    text = scenario(
        f"""
        a: {{type: set, values: {{code: call.cli}}, next: b}}
        b: {{type: email, to: desk@example.com, subject: "${{code}}", next: end}}
        {on_error}: {{type: play, prompt: [{{digits: {"code" if on_error == "late" else "answer"}}}], next: end}}
        c: {{type: set, values: {{answer: "'x'"}}, next: end}}
        """,
        top=f"on_error: {on_error}",
    )
    assert only(text, "E6002") == expected


@pytest.mark.parametrize(("top", "number"), [("did: ['32']", 1), ("did: []", 0)])
def test_a_variable_without_default_is_an_input_where_nobody_dials(top: str, number: int) -> None:
    text = scenario(
        "a: {type: play, prompt: [{digits: who}], next: end}",
        top=f"{top}\nvariables: {{who: {{type: string}}}}",
    )
    assert only(text, "E6002") == ["E6002"] * number


SUB = """\
format: 1
name: sub
voice: en
variables: {tries: {type: integer}}
start: ask
nodes:
  ask:
    type: collect
    prompt: [{say: Your code}]
    variable: code
    attempts: 2
    on: {collected: known, no_input: unknown, invalid: unknown}
  known: {type: return, outcome: known}
  unknown: {type: branch, cases: [{when: tries > 2, next: gone}], default: gone}
  gone: {type: return, outcome: unknown}
"""


def main_of(call: str, reader: str, top: str = "") -> str:
    return scenario(f"a: {{type: scenario, name: sub, {call}}}\nb: {{{reader}, next: end}}", top=top)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("inputs: {tries: '1'}, outputs: {x: code}, on: {known: b, unknown: end}", []),
        ("inputs: {tries: '1'}, outputs: {x: code}, on: {known: b, unknown: b}", ["E6002"]),
        ("inputs: {tries: '1'}, outputs: {x: coed}, on: {known: b, unknown: end}", ["E6001"]),
        ("inputs: {tries: call.cli}, outputs: {x: code}, on: {known: b, unknown: end}", ["E6003"]),
    ],
)
def test_values_go_through_sub_scenarios(tmp_path: Path, call: str, expected: list[str]) -> None:
    (tmp_path / "sub.yaml").write_text(SUB)
    main = tmp_path / "main.yaml"
    main.write_text(main_of(call, "type: play, prompt: [{digits: x}]"))
    found = [found.rule for found in check(main).diagnostics]
    assert [rule for rule in found if rule.startswith("E6")] == expected


def test_an_output_of_another_type(tmp_path: Path) -> None:
    (tmp_path / "sub.yaml").write_text(SUB)
    main = tmp_path / "main.yaml"
    call = "inputs: {tries: '1'}, outputs: {x: code}, on: {known: b, unknown: end}"
    top = "variables: {x: {type: integer, default: 1}}"
    main.write_text(main_of(call, "type: play, prompt: [{number: x}]", top))
    messages = [found.message for found in check(main).diagnostics if found.rule == "E6003"]
    assert messages == ["`x` is declared as integer, but `code` of `sub` is a text"]


def test_scenarios_in_a_circle_are_looked_at_all_the_same(tmp_path: Path) -> None:
    for ours, theirs in (("one", "two"), ("two", "one")):
        (tmp_path / f"{ours}.yaml").write_text(
            f"format: 1\nname: {ours}\nstart: a\nnodes:\n"
            f"  a: {{type: scenario, name: {theirs}, outputs: {{x: y}}, on: {{done: b}}}}\n"
            '  b: {type: set, values: {y: x + "1"}, next: c}\n  c: {type: return, outcome: done}\n'
        )
    found = [found.rule for found in check(tmp_path / "one.yaml").diagnostics]
    assert [rule for rule in found if rule.startswith("E6")] == []


@pytest.mark.parametrize(
    ("nodes", "number"),
    [
        ("a: {type: set, values: {x: call.cli}, next: end}", 1),
        (
            "a: {type: set, values: {x: call.cli, y: x}, next: b}\nb: {type: play, prompt: [{digits: y}], next: end}",
            0,
        ),
        (
            "a: {type: set, values: {x: call.cli}, next: b}\nb: {type: agent_search, centre: c, method: broadcast, "
            "timeout: 30s, on: {transferred: end, nobody: end, timeout: end}}",
            0,
        ),
        ("a: {type: set, values: {x: call.cli}, next: b}\nb: {type: return, outcome: done}", 0),
        ("a: {type: set, values: {x: call.cli}, next: b}\nb: {type: play, prompt: [{digits: z}], next: end}", 0),
    ],
    ids=["never read", "read by the next", "shown to an agent", "may be returned", "may be what is misspelt"],
)
def test_unused_variables(nodes: str, number: int) -> None:
    assert only(scenario(nodes), "W6005") == ["W6005"] * number


@pytest.mark.parametrize(
    "value",
    [
        "headers: {Authorization: 'Bearer ${token}'}",
        "json: {password: '${code}', tokens: 3}",
        "url: https://api.example.com/token?token=${code}",
        "url: 'https://${user}:${password}@example.com/'",
        "headers: {X-Id: sk-1}",
    ],
)
def test_what_is_no_secret(value: str) -> None:
    url = "" if value.startswith("url") else "url: https://api.example.com/, "
    text = scenario(f"a: {{type: http, {url}{value}, on: {{ok: end, error: end}}}}")
    assert only(text, "E7001") == []


def test_names_are_no_secrets() -> None:
    text = scenario(
        """
        password: {type: collect, prompt: [{say: Password?}], variable: token, on: {collected: secret, no_input: end,
          invalid: end}}
        secret: {type: branch, cases: [{when: token == "1", next: token}], default: end}
        token: {type: set, values: {api_key: token + "0"}, next: said}
        said: {type: play, prompt: [{say: "token=${api_key}"}], next: end}
        """,
        start="password",
    )
    assert only(text, "E7001") == []


def test_a_secret_is_not_shown() -> None:
    finding = check_one(scenario("a: {type: hangup}", top="x-crm: {password: hunter2hunter2}"))
    assert finding.rule == "E7001"
    assert "hunter2" not in f"{finding.message}{finding.hint}"


ALLOWED = {
    "a pattern": (f'a: {{{COLLECT}, pattern: "2[0-9]+", on: {{collected: b, no_input: end, invalid: end}}}}', 0),
    "a pattern for anything": (
        f'a: {{{COLLECT}, pattern: ".*", on: {{collected: b, no_input: end, invalid: end}}}}',
        1,
    ),
    "a branch": (
        f"""
        a: {{{COLLECT}, on: {{collected: c, no_input: end, invalid: end}}}}
        c: {{type: branch, cases: [{{when: "!code.matches('^2..$')", next: end}}], default: b}}
        """,
        0,
    ),
    "a branch about something else": (
        f"""
        a: {{{COLLECT}, on: {{collected: c, no_input: end, invalid: end}}}}
        c: {{type: branch, cases: [{{when: call.cli == "1", next: end}}], default: b}}
        """,
        1,
    ),
}


@pytest.mark.parametrize(("nodes", "number"), ALLOWED.values(), ids=ALLOWED)
def test_numbers_that_the_caller_chooses(nodes: str, number: int) -> None:
    nodes = "\n".join(line.strip() for line in nodes.strip().splitlines())
    text = scenario(f'{nodes}\nb: {{type: bridge, to: "sip:${{code}}@example.com", {BRIDGE}}}')
    assert only(text, "W7003") == ["W7003"] * number


@pytest.mark.parametrize(
    "value",
    ['{"1": "sip:a@x", "2": "sip:b@x"}[code]', 'code == "1" ? "sip:a@x" : "sip:b@x"', '"sip:2" + string(size(code))'],
)
def test_a_choice_among_numbers_that_are_written(value: str) -> None:
    text = scenario(
        f"""
        a: {{{COLLECT}, on: {{collected: s, no_input: end, invalid: end}}}}
        s: {{type: set, values: {{target: '{value}'}}, next: b}}
        b: {{type: bridge, to: "${{target}}", {BRIDGE}}}
        """
    )
    assert only(text, "W7003") == []


@pytest.mark.parametrize(
    ("top", "to", "number"),
    [
        ('did: ["+33143670903"]', "0143670904", 0),
        ('did: ["+33143670903"]', "+33612345678", 0),
        ('did: ["+33143670903"]', "sip:0899123456@gateway.example.com", 1),
        ('did: ["+33143670903"]', "+442079460123", 1),
        ('did: ["+33143670903"]', "+262262901234", 0),
        ('did: ["+442079460123"]', "+262262901234", 1),
        ('did: ["+442079460123"]', "+442079460124", 0),
        ('did: ["+442079460123"]\ntime_zone: Europe/Paris', "+33143670903", 1),
        ('did: ["32"]\ntime_zone: Europe/Paris', "+33143670903", 0),
        ('did: ["32"]\ntime_zone: Europe/Amsterdam', "+31201234567", 0),
        ('did: ["32"]', "+33143670903", 0),
        ('did: ["32"]', "+33899123456", 1),
        ('did: ["+33143670903"]', "201", 0),
        ('did: ["+33143670903"]', "sip:reception@example.com", 0),
    ],
)
def test_destinations_that_cost(top: str, to: str, number: int) -> None:
    text = scenario(f'a: {{type: bridge, to: "{to}", {BRIDGE}}}', top=top)
    assert only(text, "W7004") == ["W7004"] * number


@pytest.mark.parametrize(
    ("url", "number"),
    [
        ("http://127.0.0.1:8080/x", 0),
        ("http://[::1]/x", 0),
        ("http://localhost/x", 0),
        ("https://example.com", 0),
        ("HTTP://example.com", 1),
        ("http://localhost.example.com", 1),
    ],
)
def test_plain_http(url: str, number: int) -> None:
    text = scenario(f'a: {{type: http, url: "{url}", on: {{ok: end, error: end}}}}')
    assert only(text, "W7005") == ["W7005"] * number


@pytest.mark.parametrize(
    ("first", "number"),
    [
        ("type: play, prompt: [{say: Recorded.}], next: b", 0),
        ("type: play, prompt: [{silence: 1s}], next: b", 1),
        ("type: record, action: start, announce: [{say: Recorded.}], next: b", 0),
        ("type: scenario, name: unknown, on: {done: b}", 0),
    ],
)
def test_recordings_are_announced(first: str, number: int) -> None:
    text = scenario(f"a: {{{first}}}\nb: {{type: bridge, to: sip:a@b, record: true, {BRIDGE}}}")
    assert only(text, "W7006") == ["W7006"] * number


@pytest.mark.parametrize(
    ("node", "top", "number"),
    [
        ("a: {type: email, to: a@example.com, subject: x, next: end}", "", 1),
        ("a: {type: email, to: a@example.com, subject: x, on: {next: end, error: end}}", "", 0),
        ("a: {type: email, to: a@example.com, subject: x, next: end}\nb: {type: hangup}", "on_error: b", 0),
        ("a: {type: email, to: a@example.com, subject: x, next: b}\nb: {type: return, outcome: done}", "", 0),
        ("a: {type: alert, subject: x, next: end}", "", 0),
    ],
)
def test_what_may_fail_has_a_branch(node: str, top: str, number: int) -> None:
    assert only(scenario(node, top=top), "W6006") == ["W6006"] * number
