"""Whatever a file holds, the check answers with findings and never with a traceback.

The same examples each time, so that a run that fails concerns what was changed.
"""

from __future__ import annotations

import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.nodes.registry import node_types
from engine.scenario.check import check, check_files

WORDS = st.sampled_from(
    [
        *("a", "b", "end", "1", "on", "${", "${x}", "1 +", "*", "5s", "mon-fri", "20:00-08:00", "FR"),
        *("", "é", "x" * 300, "\ud800", "\0", "5s\n"),
    ]
)
LEAVES = st.one_of(WORDS, st.integers(), st.booleans(), st.none(), st.floats())
KEYS = st.sampled_from(
    (  # noqa: SIM905 - as a list, thirty words are a page
        "type next on prompt options say week holidays exceptions cases when default values variable mailbox "
        "timeout to centre method attempts error 1 2026-02-30 mon direct_dial pattern"
    ).split()
)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
NODES = st.dictionaries(KEYS, TREES, max_size=5).flatmap(
    lambda node: st.sampled_from(sorted(node_types())).map(lambda kind: {**node, "type": kind})
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.binary(max_size=300) | st.text(alphabet="aé:-[]{}\"'#&*!|>%@`?, \t\r\n\x00\x85\u2028", max_size=60))
def test_any_content(content: bytes | str) -> None:
    result = check("x.yaml", content)
    assert result.diagnostics
    assert result.compiled is None


@settings(max_examples=100, deadline=None, derandomize=True)
@given(nodes=st.dictionaries(st.sampled_from(["a", "b", "end", "é"]), NODES, min_size=1), top=TREES)
def test_any_tree(nodes: object, top: object) -> None:
    import json

    # JSON is YAML, so any tree can be written; NaN and infinity are words to both.
    tree = {"format": 1, "name": "x", "start": "a", "nodes": nodes, "variables": top}
    result = check("x.yaml", json.dumps(tree))
    assert all(d.line >= 1 and d.column >= 1 and d.message and d.rule for d in result.diagnostics)
    assert (result.compiled is None) == bool(result.errors)


def test_a_file_with_too_much_in_it_is_not_read_to_its_end() -> None:
    # Behind the limit stands what would be another mistake: reading is what takes time.
    text = "x-a: [" + "1," * 60_000 + "1]]]]\n"
    (found,) = check("x.yaml", text).diagnostics
    assert (found.rule, found.message) == ("E0001", "more than 50,000 keys and values")
    assert found.column == len("x-a: [") + 2 * (50_000 - 3) + 1


def test_thousands_of_mistakes_take_no_hours() -> None:
    nodes = "".join(f"  n{number}: {{type: ply, next: nowhere}}\n" for number in range(2000))
    begin = time.process_time()
    result = check("x.yaml", f"format: 1\nname: x\nstart: n0\nnodes:\n{nodes}")
    assert len(result.diagnostics) > 4000
    assert time.process_time() - begin < 5


def test_a_file_without_end() -> None:
    (result,) = check_files([Path("/dev/zero")])
    (found,) = result.diagnostics
    assert (found.rule, found.message) == ("E0001", "the file has more than 2,097,152 bytes")
