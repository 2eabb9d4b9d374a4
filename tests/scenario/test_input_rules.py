"""What the rules about keys and prompts understand, beyond their own examples and the broken scenarios."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.scenarios import check_one, found, rules_of, scenario

from engine.scenario.check import check
from engine.scenario.rules._keys import KEYPAD, listed, longer
from engine.scenario.rules._lengths import LONGEST, lengths
from engine.scenario.rules._said_keys import key_first, keys_anywhere, said_keys

MENU = """\
a:
  type: menu
  prompt: [{{say: "{say}"}}]
  options: {options}
  {extra}
  on: {{no_input: end, no_match: end}}
b: {{type: play, prompt: [{{say: Thank you.}}], next: end}}
"""
COLLECT = """\
a:
  type: collect
  prompt: [{{say: "{say}"}}]
  variable: {variable}
  {extra}
  on: {{collected: b, no_input: end, invalid: end}}
b: {{type: play, prompt: [{{digits: {variable}}}], next: end}}
"""


def menu(say: str = "Please choose.", options: str = '{"1": b}', extra: str = "attempts: 3") -> str:
    return scenario(MENU.format(say=say, options=options, extra=extra))


def collect(say: str = "Your number, please.", variable: str = "number", extra: str = "max_digits: 4") -> str:
    return scenario(COLLECT.format(say=say, variable=variable, extra=extra))


def bits(mask: int) -> set[int]:
    return {length for length in range(LONGEST + 1) if mask >> length & 1}


SAID = {
    "For sales press 1. To leave press 2.": "12",
    "Press 1 for sales, 2 for support, or 3 to leave a message": "123",
    "For English, press one; pour le français, tapez deux.": "12",
    "Pour patienter, appuyez sur le 1 ; pour le standard, faites le 2.": "12",
    "Choisissez 1, 2 ou 3": "123",
    "To rate us, press a key from 1 to 5": "12345",
    "Pour réécouter, faites étoile. Pour terminer, appuyez sur la touche dièse.": "*#",
    "type your number followed by hash": "#",
    "Pour parler à quelqu'un, tapez zéro": "0",
    "tapez un pour les ventes": "1",
}
NOT_SAID = [
    "Enter 4 digits",
    "Press one of the keys",
    "tapez un numéro",
    "Press any key",
    "We are open from 8 to 12",
    "Entrez 2 fois le code",
    "Your two colleagues are busy",
    "Vous êtes le 3 dans la file",
]


@pytest.mark.parametrize("text", SAID)
def test_keys_that_are_said(text: str) -> None:
    keys = list(said_keys(text))
    assert "".join(said.key for said in keys) == SAID[text]
    assert all(text[said.start : said.start + said.length].strip() for said in keys)
    assert set(SAID[text]) <= keys_anywhere(text) | set("2345")


@pytest.mark.parametrize("text", NOT_SAID)
def test_numbers_that_are_no_keys(text: str) -> None:
    assert list(said_keys(text)) == []


@pytest.mark.parametrize(
    ("text", "begins_with"),
    [
        ("Press 1 for sales", ["Press 1 for"]),
        (
            "Welcome. Please press 1 to leave a message. Tapez 2 pour le français.",
            ["Please press 1 to", "Tapez 2 pour"],
        ),
        ("For sales, press 1, for support, press 2", []),
        ("tapez 1 s'il vous plaît", []),
        ("press 1 to 5", []),
        ("If you want to go on, press 1 if you please", []),
    ],
)
def test_keys_before_their_function(text: str, begins_with: list[str]) -> None:
    assert [text[start : start + length] for start, length in key_first(text)] == begins_with


PATTERNS = {
    r"\d{4}": {4},
    r"[1-9]\d{3}|0": {1, 4},
    r"^(?:0[67]\d{8})$": {10},
    r"[]1]{3}": {3},
    r"(?P<a>1)(2)?": {1, 2},
    r"\x31{2}": {2},
    "[^0-9]": {1},
    "a|b": set(),
    "(?i)ab": {2},
    "": {0},
    "1{2,4}?": {2, 3, 4},
    "(1{10}){3}": {30},
    r"[[:alpha:]]{2}": {2},
    "1{3}|[0-9]{0}": {0, 3},
    "1{1000}|12": {2, LONGEST},
    "(1{90}){3}": {LONGEST},
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_lengths_of_inputs(pattern: str) -> None:
    assert bits(lengths(pattern, KEYPAD)) == PATTERNS[pattern]


def test_what_is_not_understood_takes_any_length() -> None:
    assert bits(lengths(r"1\b2", KEYPAD)) == set(range(LONGEST + 1))
    assert bits(lengths("(" * 100 + "1" + ")" * 100, KEYPAD)) == set(range(LONGEST + 1))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.recursive(
        st.sampled_from(["1", "[0-4]", r"\d", r"\*", "."]),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map("".join),
            st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
            st.tuples(inner, st.sampled_from(["?", "{2}", "{1,2}", "{0}"])).map(lambda two: f"(?:{two[0]}){two[1]}"),
        ),
        max_leaves=5,
    ),
    st.text(alphabet="0159*#", max_size=6),
)
def test_no_input_that_matches_is_called_impossible(pattern: str, keys: str) -> None:
    if re.fullmatch(pattern, keys):
        assert lengths(pattern, KEYPAD) >> len(keys) & 1


def test_a_pattern_of_any_kind_costs_little() -> None:
    began = time.perf_counter()
    for pattern in ("(((((1*)*)*)*)*)*" * 20, "1*" * 250, "1?" * 150 + "1" * 200, "(1|22|333){0,300}"):
        assert lengths(pattern, KEYPAD)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("pattern", "other", "expected"),
    [("1", "12", True), ("2", "2XX", True), ("X", "*1", False), ("1X", "123", True), ("12", "12", False)],
)
def test_beginnings(pattern: str, other: str, expected: bool) -> None:
    assert longer([pattern, other]) == ({pattern: [other]} if expected else {})


def test_beginnings_among_thousands_of_options() -> None:
    options = [str(number) for number in range(10_000)]
    assert longer(options)["123"] == [f"123{digit}" for digit in range(10)]
    assert listed(longer(options)["1"]) == "`10`, `11`, `12`, `13` and 1106 others"


SILENT = {
    "an inter-digit time-out settles prefixes": menu(options='{"1": b, "12": b}', extra="interdigit_timeout: 2s"),
    "a terminator that nobody wrote is no habit": scenario(
        """\
        a:
          type: collect
          prompt: [{say: "Your number, please."}]
          variable: number
          max_digits: 4
          on: {collected: b, no_input: end, invalid: end}
        b:
          type: menu
          prompt: [{say: "To hear it, press 1. To finish, press hash."}]
          options: {"1": c, "#": end}
          on: {no_input: end, no_match: end}
        c: {type: play, prompt: [{digits: number}], next: end}
        """
    ),
    "a star in the pattern may be said": collect(
        say="For a decimal point press star.", extra=r"pattern: '[0-9]+\*[0-9]+'"
    ),
    "digits in the question of a number are examples": collect(say="Enter your number, for example press 5."),
    "keys that an expression may name": menu(say="For sales press ${call.cli}."),
    "an emergency number is no option": menu(say="In an emergency, dial 112. To go on, press 1."),
    "what a play before the menu names": scenario(
        """\
        a: {type: play, prompt: [{say: "At any time, press 0 for the operator."}], next: c}
        c:
          type: menu
          prompt: [{say: "For sales, press 1."}]
          options: {"1": b, "0": operator}
          on: {no_input: end, no_match: end}
        operator: {type: play, prompt: [{say: One moment.}], next: end}
        b: {type: play, prompt: [{say: Thank you.}], next: end}
        """
    ),
    "extensions leave no gap": menu(
        options='{"1": b, "3": b}', extra="direct_dial: {pattern: 2XX}\n  interdigit_timeout: 2s"
    ),
    "zero leads to a person": scenario(
        """\
        a:
          type: menu
          prompt: [{say: "For sales press 1, for anything else press 0."}]
          options: {"1": b, "0": c}
          on: {no_input: end, no_match: end}
        b: {type: play, prompt: [{say: Thank you.}], next: end}
        c: {type: bridge, to: "200", on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}}
        """
    ),
    "a long prompt that a key stops": menu(say="x" * 400),
    "a long play that does not lead to a question": scenario(
        f"a: {{type: play, prompt: [{{say: {'x' * 400}}}], next: end}}"
    ),
    "a masked variable": scenario(COLLECT.format(say="Your PIN.", variable="pin", extra="masked: true")),
    "a variable that is declared masked": scenario(
        COLLECT.format(say="Your PIN.", variable="pin", extra="max_digits: 4"),
        top='variables: {pin: {type: string, default: "", masked: true}}',
    ),
    "words that only look like it": collect(say="The opinion of our pinball guests", variable="card_type"),
}


@pytest.mark.parametrize("case", SILENT)
def test_no_false_alarm(case: str) -> None:
    assert rules_of(SILENT[case]) == []


def test_one_defect_one_finding() -> None:
    assert rules_of(menu(options='{"1": b, "1": end}', say="For sales press 1, to leave press 2.")) == ["E2001"]
    assert rules_of(collect(extra="max_digits: 2\n  min_digits: 5\n  pattern: '[0-9]{3}'")) == ["E2004"]
    assert rules_of(collect(extra="terminator: '*'\n  pattern: '[0-9]+[*]'")) == ["E2003"]
    assert rules_of(menu(extra="timeout: fast")) == ["E0003"]
    assert rules_of(collect(say="Your PIN.", extra="masked: perhaps")) == ["E0003"]
    assert rules_of(collect(extra="max_digits: four\n  pattern: '[0-9]{3}'")) == ["E0003"]


def test_the_word_in_a_text_is_shown_exactly() -> None:
    text = menu(say="${call.cli}: for sales, press 1; to leave, press the star key.")
    (rule, line, column), *others = found(text)
    assert (rule, others) == ("W2012", [])
    assert text.split("\n")[line - 1][column - 1 :].startswith("star key")
    block = menu().replace(
        'prompt: [{say: "Please choose."}]', "prompt:\n      - say: |\n          Hello.\n          Press 3."
    )
    (rule, line, column), *others = found(block)
    assert (rule, others) == ("W2012", [])
    assert block.split("\n")[line - 1][column - 1 :] == "3."


def test_lengths_are_told() -> None:
    told = check_one(collect(extra="min_digits: 5\n  max_digits: 7\n  pattern: '[0-9]{4}|[0-9]{8}'"))
    assert told.message == "no input can match: the pattern takes 4 or 8 keys, the input has 5 to 7"
    told = check_one(collect(extra="max_digits: 2\n  pattern: '[0-9]{3,}'"))
    assert told.message == "no input can match: the pattern takes 3 or more keys, the input has at most 2"


SUB = """\
format: 1
name: ask
voice: en
start: hello
nodes:
  hello: {type: play, prompt: [{say: Hello.}], next: bye}
  bye: {type: return, outcome: done}
"""
CALLER = """\
format: 1
name: caller
did: ["100"]
start: sub
nodes:
  sub: {type: scenario, name: ask, on: {done: end}}
"""


def untested(file: Path) -> list[str]:
    return [finding.message for finding in check(file).diagnostics if finding.rule == "I8006"]


def test_a_sub_scenario_is_tested_through_its_caller(tmp_path: Path) -> None:
    (tmp_path / "ask.yaml").write_text(SUB)
    (tmp_path / "caller.yaml").write_text(CALLER)
    assert untested(tmp_path / "ask.yaml") == ["the scenario has no tests"]
    test = "scenario: caller.yaml\ntests: [{name: x, expect: {path: [sub, sub/hello]}}]\n"
    (tmp_path / "caller.test.yaml").write_text(test)
    assert untested(tmp_path / "ask.yaml") == ["no test expects the node `bye` in a path"]
    assert untested(tmp_path / "caller.yaml") == []


@pytest.mark.parametrize(
    "content", ["tests: [", "scenario: 7\ntests: 3", "scenario: s.yaml\ntests: [1, {expect: 2}]", ""]
)
def test_any_test_file_may_stand_beside(tmp_path: Path, content: str) -> None:
    (tmp_path / "s.yaml").write_text(CALLER)
    (tmp_path / "s.test.yaml").write_text(content)
    assert len(untested(tmp_path / "s.yaml")) == 1
