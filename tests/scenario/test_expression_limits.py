"""No expression takes long or much memory, whatever it says and whatever it reads."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import pytest
from cel_expr_python import cel
from support.scenarios import check_one, scenario

from engine.call.expressions import Environment
from engine.call.limits import MAX_TEXT, MAX_VALUE
from engine.errors import ExpressionError

SECONDS = 2.0
"""Far above what any of these takes (a tenth), far below what they would take without a bound (up to a minute)."""

DIGITS = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"
NUMBERS = list(range(9000))
LONG = "a" * MAX_VALUE


@pytest.fixture
def environment() -> Environment:
    return Environment({"l": cel.Type.DYN, "s": cel.Type.STRING})


BOMBS: dict[str, tuple[str, dict[str, Any]]] = {
    "a list copied item by item": ("l.map(x, x)", {"l": NUMBERS}),
    "a list filtered": ("l.filter(x, true)", {"l": NUMBERS}),
    "loops in loops over data": ("l.all(x, l.all(y, true))", {"l": NUMBERS[:1000]}),
    "loops in loops over constants": (
        f"{DIGITS}.all(a, {DIGITS}.all(b, {DIGITS}.all(c, {DIGITS}.all(d, true))))",
        {},
    ),
    "a text that grows in each turn": ('l.exists(x, s + s + s + s == "x")', {"l": NUMBERS, "s": LONG}),
    "a list of long texts": ("l.map(x, s + s + s)", {"l": NUMBERS[:500], "s": LONG}),
    "texts searched again and again": (f"l.all(x, !s.contains('{'a' * 800}b'))", {"l": NUMBERS, "s": LONG}),
    "a pattern with many states": ('s.matches("((a?){30}){30}b")', {"s": LONG}),
    "a pattern tried again and again": ('l.exists(x, s.matches("(a|aa)*(a|aa)*b"))', {"l": NUMBERS, "s": LONG}),
    "a text repeated": ("+".join(["s"] * 20), {"s": LONG}),
}


@pytest.mark.parametrize(("text", "values"), BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_in_bounded_time_and_memory(
    environment: Environment, text: str, values: dict[str, Any]
) -> None:
    expression = environment.compile(text)
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(ExpressionError, match=r"too much work|too large|budget"):
            expression.evaluate(values)
        assert time.process_time() - began < SECONDS
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("text", "values", "result"),
    [
        ("l.exists(x, x == 999)", {"l": NUMBERS[:1000]}, True),
        ("l.filter(x, x > 97)", {"l": NUMBERS[:100]}, [98, 99]),
        ("s.matches('^0[67][0-9]{8}$')", {"s": "0643670903"}, True),
        ("s.matches(r'^\\d+$') && s.size() < 20", {"s": "0643670903"}, True),
        ("l.status == 200", {"l": {"status": 200, "json": [{"n": n} for n in range(20_000)]}}, True),
        ("'matches(' + s", {"s": "x"}, "matches(x"),
    ],
)
def test_what_people_write_is_computed(
    environment: Environment, text: str, values: dict[str, Any], result: object
) -> None:
    assert environment.compile(text).evaluate(values) == result


@pytest.mark.parametrize(("text", "start"), [("s + s", "ab"), ("[l, l]", [1]), ("[l]", [1]), ('{"x": l}', [1])])
def test_a_value_that_grows_in_a_circle_of_nodes_stays_small(
    environment: Environment, text: str, start: object
) -> None:
    expression = environment.compile(text)
    value: Any = start
    with pytest.raises(ExpressionError, match="too large"):
        for _ in range(100):
            value = expression.evaluate({"l": value, "s": value})
    assert len(str(value)) <= MAX_VALUE


@pytest.mark.parametrize("text", ["s.matches(s)", "matches(s, s)", "s.matches('a' + s)", "true && s.matches( s )"])
def test_a_pattern_is_written_out(environment: Environment, text: str) -> None:
    (mistake,) = environment.mistakes(text)
    assert "pattern" in str(mistake)
    assert mistake.column == text.index("matches") + 1


def test_the_length_of_an_expression(environment: Environment) -> None:
    fits = f"s == '{'x' * (MAX_TEXT - 7)}'"
    assert environment.compile(fits).evaluate({"s": "x"}) is False
    with pytest.raises(ExpressionError, match="too long"):
        environment.compile(f"{fits} ")


def test_a_text_with_too_many_parts_is_one_finding() -> None:
    text = scenario(f'a: {{type: play, prompt: [{{say: "{"${x}" * 100_000}"}}], next: end}}')
    finding = check_one(text)
    assert (finding.rule, finding.line) == ("E6004", 5)
    assert "pieces" in finding.message
