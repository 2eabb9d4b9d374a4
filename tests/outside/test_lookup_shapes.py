"""What a `lookup` and an `http` node must look like."""

from __future__ import annotations

import pytest
from support.scenarios import check_one, compiled, scenario

from engine.scenario.walk import iter_assignments, iter_marked


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("source: crm", "either `table` and `by`, or `query`"),
        ("source: crm, table: t, by: {a: '1'}, query: select 1", "either `table` and `by`, or `query`"),
        ("source: crm, table: t", "needs `by`"),
        ("source: crm, table: t, by: {a: '1'}, parameters: {b: '1'}", "`parameters` belong to a `query`"),
        ("source: crm, query: select 1, by: {a: '1'}", "`by` belongs to a `table`"),
        ("source: crm, query: 'select :a, :b', parameters: {a: '1'}", "do not agree on :b"),
        ("source: crm, query: 'select 1', parameters: {c: '1'}", "do not agree on :c"),
        ("source: crm, table: 'a; drop', by: {a: '1'}", "table"),
        ("source: crm, table: t, by: {a b: '1'}", "a b"),
        ("table: t, by: {a: '1'}", "source"),
    ],
)
def test_what_a_look_up_lacks_is_said_once(parameters: str, said: str):
    text = scenario(
        f"a: {{type: lookup, {parameters}, on: {{found: end, not_found: end, error: end}}}}", top="did: ['32']"
    )
    found = check_one(text)
    assert (found.rule, found.line) == ("E0003", 6)
    assert said in found.message


def test_a_row_that_cannot_be_read_hides_no_variable():
    text = scenario(
        """
        a: {type: lookup, source: crm, into: customer, on: {found: b, not_found: end, error: end}}
        b: {type: play, prompt: [{say: "${customer.name}"}], next: end}
        """,
        top="did: ['32']\nvoice: en",
    )
    assert "either" in check_one(text).message


def test_a_time_in_a_query_is_no_parameter():
    text = scenario(
        """
        a:
          type: lookup
          source: crm
          query: select x from t where h = '12:30' and k = :key and c = cast('1' as int)
          parameters: {key: call.cli}
          on: {found: end, not_found: end, error: end}
        """,
        top="did: ['32']",
    )
    assert compiled(text).scenario.nodes["a"].type == "lookup"


def test_the_rules_see_every_expression_of_a_request():
    text = scenario(
        """
        a:
          type: http
          url: https://api.example.com/${call.did}
          headers: {X-From: "${call.cli}"}
          json: {deep: [{er: "${call.caller}"}, 7], plain: x}
          into: result
          on: {ok: end, error: end}
        """,
        top="did: ['32']",
    )
    node = compiled(text).scenario.nodes["a"]
    marked = {path: value for path, value, _ in iter_marked(node)}
    assert marked["json", "deep", 0, "er"] == "${call.caller}"
    assert marked["headers", "X-From"] == "${call.cli}"
    assert [found.name for found in iter_assignments(node)] == ["result"]
    broken = check_one(text.replace("call.caller", "call.calller"))
    assert (broken.rule, broken.line) == ("E6001", 10)
