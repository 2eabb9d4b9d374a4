"""CEL in scenarios: names, types, errors with their place, texts with `${…}`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from support.scenarios import check_one, compiled, found, scenario

from engine.call.expressions import Environment
from engine.call.templates import as_text
from engine.errors import ExpressionError
from engine.scenario.check import check

NODES = """
a: {type: collect, prompt: [{say: code}], variable: code, on: {collected: b, no_input: end, invalid: end}}
b: {type: set, values: {later: string(sum), sum: n + 1, half: price / 2.0, mixed: "1"}, next: c}
c: {type: set, values: {mixed: "'x'"}, next: d}
d:
  type: menu
  prompt: [{say: dial}]
  options: {"1": end}
  direct_dial: {pattern: 2XX, next: end}
  on: {no_input: end, no_match: end}
"""
VARIABLES = "variables: {n: {type: integer}, price: {type: number}, who: {}, vip: {type: boolean}}"


@pytest.fixture
def environment() -> Environment:
    draft = check("test.yaml", scenario(NODES, top=VARIABLES)).draft
    assert draft is not None
    return draft.environment


VALUES: dict[str, Any] = {
    "call.cli": "0143670903",
    "call.started": datetime(2027, 7, 14, 8, tzinfo=UTC),
    "contact": {"strLastName": "Martin"},
    "centre": {"support": {"logged_in": 2, "available": 1, "waiting": 0}},
    "now": datetime(2027, 7, 14, 8, 0, 30, tzinfo=UTC),
    "n": 3,
    "price": 2.5,
    "who": "Anne",
    "vip": True,
    "code": "75",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("call.cli.startsWith('01')", True),
        ("contact.strLastName", "Martin"),
        ("has(contact.strFirstName)", False),
        ("centre.support.available > 0", True),
        ("now - call.started > duration('10s')", True),
        ("now.getHours('Europe/Paris')", 10),
        ("n + 1", 4),
        ("price * 2.0", 5.0),
        ("vip ? who : 'nobody'", "Anne"),
        ("int(code) + n", 78),
        ("[1, 2].map(x, x * 2)", [2, 4]),
    ],
)
def test_values(environment: Environment, text: str, value: Any) -> None:
    assert environment.compile(text).evaluate(VALUES) == value


def test_types_of_what_nodes_assign(environment: Environment) -> None:
    types = {name: kind.name() for name, kind in environment.variables.items()}
    assert types["code"] == types["dialled"] == types["later"] == "STRING"
    assert (types["sum"], types["half"], types["mixed"]) == ("INT", "DOUBLE", "DYN")


@pytest.mark.parametrize(
    ("text", "column", "undefined", "says"),
    [
        ("n + whom", 5, "whom", "`whom` is not defined"),
        ("call.clo", 1, "call.clo", "call.clo"),
        ("price + 1", 7, None, "write the constant as 1.0"),
        ("who + 1", 5, None, "string("),
        ("shout(who)", 1, None, "no function `shout`"),
        ("who.shout()", 5, None, "no function `shout`"),
        ("n +", 4, None, "ends too early"),
        ("n n", 3, None, "not expected"),
        ("", 1, None, "empty"),
        ("(" * 500 + "n" + ")" * 500, 1, None, "too deep"),
        ("1+" * 20000 + "1", 1, None, "too long"),
        ("'\ud800'", 1, None, "no text"),
        ("n + §", 5, None, "`§` is not expected here"),
        ('who = "x"', 5, None, "`=` is not expected here: to compare, write =="),
        ("n > 1 and n < 3", 7, None, "and is written &&"),
        ("n > 1 or n < 3", 7, None, "or is written ||"),
        ("not (n > 1 or n < 3)", 12, None, "or is written ||"),
        ("not who", 5, None, "not is written !( )"),
        ("${n} > 1", 1, None, "write the variable without ${ }"),
        ("(n > 1", 7, None, "a `)` is missing"),
        ('who.startwith("0")', 5, None, "did you mean `startsWith`?"),
    ],
)
def test_what_does_not_compile(
    environment: Environment, text: str, column: int, undefined: str | None, says: str
) -> None:
    with pytest.raises(ExpressionError) as raised:
        environment.compile(text)
    assert (raised.value.column, raised.value.undefined) == (column, undefined)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("n / 0", "divide by zero"),
        ("contact.nothing", "nothing"),
        ("int(who)", "convert"),
        ("later", "`later` has no value yet"),
        ("[1,2,3,4,5,6,7,8,9].map(a, " * 5 + "1" + ")" * 5, "budget"),
    ],
)
def test_what_cannot_be_evaluated(environment: Environment, text: str, says: str) -> None:
    with pytest.raises(ExpressionError, match=says):
        environment.compile(text).evaluate(VALUES)


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ("a: {type: branch, cases: [{when: ^foo == ^bar, next: end}], default: end}", ["E6001", "E6001"]),
        ("a: {type: play, prompt: [{say: '${^foo} and ${^bar + ^foo}'}], next: end}", ["E6001", "E6001", "E6001"]),
        ("a: {type: set, values: {x: '1 + ^foo + ^call.clo'}, next: end}", ["E6001", "E6001"]),
        ("a: {type: set, values: {x: '(1 ^+ 2.0) + ^foo'}, next: end}", ["E6004", "E6001"]),
        ("a: {type: set, values: {x: 'foo + ^)) + bar'}, next: end}", ["E6004"]),
    ],
)
def test_every_mistake_has_its_place(nodes: str, expected: list[str]) -> None:
    """`^` stands before what the findings point at."""
    places = [index - number for number, index in enumerate(m.start() for m in re.finditer(r"\^", nodes))]
    assert found(scenario(nodes.replace("^", ""))) == [
        (rule, 5, 3 + place) for rule, place in zip(expected, places, strict=True)
    ]


def test_a_condition_is_true_or_false(environment: Environment) -> None:
    assert environment.compile("n > 2", "bool").evaluate(VALUES) is True
    with pytest.raises(ExpressionError, match="true or false"):
        environment.compile("n + 1", "bool")
    with pytest.raises(ExpressionError, match="true or false"):
        environment.compile("contact.strLastName", "bool").evaluate(VALUES)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Hello ${who}, ${n} calls", "Hello Anne, 3 calls"),
        ("${price * 2.0} and ${price}", "5 and 2.5"),
        ("${vip}", "true"),
        ("${{'a': '}'}['a']}", "}"),
        ("${who + '${'}", "Anne${"),
        ("$${who} costs 5$", "${who} costs 5$"),
        ("${r'\\d}' + who}", "\\d}Anne"),
        ("${'it\\'s }' + who}", "it's }Anne"),
        ('${"""a " }""" + who}', 'a " }Anne'),
        ("${[1, 2]}", "1, 2"),
    ],
)
def test_templates(environment: Environment, text: str, shown: str) -> None:
    assert environment.template(text).render(VALUES) == shown


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("Hello ${whom}", 1, 9), ("one\ntwo ${n + whom}", 2, 11), ("one\n${n", 2, 1), ("a ${'x}", 1, 3)],
)
def test_the_place_of_a_mistake_in_a_template(environment: Environment, text: str, line: int, column: int) -> None:
    with pytest.raises(ExpressionError) as raised:
        environment.template(text)
    assert (raised.value.line, raised.value.column) == (line, column)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (3.0, "3"), (0.1, "0.1"), (-2.50, "-2.5"), (1e20, "1e+20"), (b"x", "x"), ([True, 1.0], "true, 1")],
)
def test_values_as_text(value: Any, text: str) -> None:
    assert as_text(value) == text


def test_the_place_of_a_mistake_in_the_file() -> None:
    text = scenario('a: {type: play, prompt: [{say: "He said \\"${whom}\\""}], next: end}')
    finding = check_one(text)
    assert (finding.rule, finding.line) == ("E6001", 5)
    assert text.splitlines()[4][finding.column - 1 : finding.end_column - 1] == "whom"


FOLDED = """
a:
  type: branch
  cases:
    - when: >-
        call.cli == "1" ||
        call.cli == "2"
      next: b
  default: b
b:
  type: play
  prompt:
    - say: >
        Welcome to our
        call centre.
  next: end
"""


def test_an_expression_and_a_text_over_several_lines() -> None:
    nodes = compiled(scenario(FOLDED)).scenario.nodes
    assert nodes["a"].model_dump()["cases"][0]["when"] == 'call.cli == "1" || call.cli == "2"'
    assert nodes["b"].model_dump()["prompt"][0]["say"] == "Welcome to our call centre.\n"


def test_the_place_of_a_mistake_in_folded_text() -> None:
    text = scenario(FOLDED.replace('call.cli == "2"', "call.cli == what"))
    finding = check_one(text)
    line = text.splitlines()[finding.line - 1]
    assert (finding.rule, line[finding.column - 1 : finding.end_column - 1]) == ("E6001", "what")
