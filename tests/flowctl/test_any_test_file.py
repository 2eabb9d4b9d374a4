"""Nothing that a test file holds makes `flowctl test` raise."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tools.flowctl.testing.runner import run_suite
from tools.flowctl.testing.suite import read_suite

SCENARIO = """\
format: 1
name: tiny
start: pause
nodes: {pause: {type: wait, duration: 1s, next: end}}
"""
WHOLE: dict[str, Any] = {
    "scenario": "scenario.yaml",
    "tests": [
        {
            "name": "a",
            "at": "2027-07-14T10:00",
            "call": {"did": "32", "cli": "0143670903"},
            "agents": {"a": "nobody", "b": [{"code": "1", "after": "1s", "does": "accept", "talks": "1s"}]},
            "numbers": {"1": "busy", "2": {"does": "answer", "after": "3s", "talks": "20s"}},
            "lookups": {"pause": [{"a": 1}, "error"]},
            "http": {"pause": {"status": 200, "json": {}, "body": ""}},
            "switches": {"door": "open"},
            "contact": {"strWho": "x"},
            "mailboxes": {"a": {"pin": "1234", "messages": ["3s"]}},
            "waiting": {"a": 1},
            "fails": {"pause": "why"},
            "caller": [{"hears": "x", "to_the_end": True}, {"presses": "1"}, {"speaks": "1s"}, {"hangs_up": True}],
            "expect": {
                "path": ["pause"],
                "result": "ended",
                "outcomes": {"pause": ["next"]},
                "heard": ["x"],
                "keys": "1",
                "variables": {"a": 1},
                "agent": None,
                "answered": True,
                "duration": "1s",
                "recordings": ["1s"],
                "warnings": ["x"],
                "mails": [{"to": "a", "subject": "b", "text": "c"}],
                "alerts": 0,
                "reason": "x",
            },
        }
    ],
}
JUNK = [None, True, 0, -1, 2.5, "", "x", "9" * 400, "999999999h", [], [None], [[]], [1], {}, {"": None}, {"x": [{}]}]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


def replaced(path: tuple[Any, ...], junk: Any) -> Any:
    if not path:
        return junk
    whole = copy.deepcopy(WHOLE)
    inner: Any = whole
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = junk
    return whole


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: json.dumps(junk)[:12])
def test_junk_in_any_place_is_a_finding_or_a_failure(junk: Any, tmp_path: Path):
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    file = tmp_path / "any.test.yaml"
    for path in places(WHOLE):
        file.write_text(json.dumps(replaced(path, junk)))
        run = run_suite(read_suite(file))
        assert run.suite.findings or run.cases, path
        assert not [f for case in run.cases for f in case.failures if f.what == "error"], (path, junk)


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"\xef\xbb\xbfscenario: x\r\n", b"a: &a [*a]", b"[" * 100])
def test_any_bytes_are_a_finding(content: bytes, tmp_path: Path):
    file = tmp_path / "any.test.yaml"
    file.write_bytes(content)
    assert read_suite(file).findings
