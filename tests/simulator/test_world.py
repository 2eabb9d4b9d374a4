"""The world of a story: what is wrong in it is named, key by key."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import ConfigurationError
from engine.outside.ports import HttpResponse
from tools.flowctl.simulator.world import Box, Number, World


def test_a_whole_world():
    world = World.from_document(
        {
            "at": "somebody else's key",
            "numbers": {"100": "busy", "101": {"after": "3s", "talks": "1m"}, "102": {"does": "no_answer"}},
            "lookups": {"a": {"x": 1}, "outer/b": ["not_found", "error", {"x": None}]},
            "http": {"c": {"json": [1]}, "d": ["error", {"status": 404, "body": "no"}]},
            "switches": {"night": "closed"},
            "contact": {"strLastName": "Martin"},
            "mailboxes": {"sales": {"pin": "0042", "messages": ["3s"]}, "empty": {"pin": "1"}},
        }
    )
    assert world == World(
        numbers={"100": Number("busy"), "101": Number(after=3, talks=60), "102": Number("no_answer")},
        lookups={"a": ({"x": 1},), "outer/b": (None, "error", {"x": None})},
        http={"c": (HttpResponse(200, "", [1]),), "d": ("error", HttpResponse(404, "no"))},
        switches={"night": "closed"},
        contact={"strLastName": "Martin"},
        mailboxes={"sales": Box("0042", (3.0,)), "empty": Box("1")},
    )
    assert World.from_document({}) == World()


@pytest.mark.parametrize(
    ("document", "paths"),
    [
        ({"numbers": {"100": "bussy", "101": {"after": 3, "take": 1}}},
         ["numbers.100", "numbers.101.take", "numbers.101.after"]),
        ({"numbers": ["100"]}, ["numbers"]),
        ({"lookups": {"a": 7, "b": [], "c": [{"x": 1}, True]}}, ["lookups.a", "lookups.b", "lookups.c.1"]),
        ({"http": {"a": "ok", "b": {"status": 99, "body": 1}}}, ["http.a", "http.b.status", "http.b.body"]),
        ({"switches": {"night": "off"}}, ["switches.night"]),
        ({"contact": "Martin"}, ["contact"]),
        ({"mailboxes": {"a": {}, "b": {"pin": 1234, "messages": "3s"}, "c": {"pin": "1", "messages": [3]}}},
         ["mailboxes.a", "mailboxes.b.pin", "mailboxes.b.messages", "mailboxes.c.messages.0"]),
    ],
)  # fmt: skip
def test_every_mistake_is_named(document: dict[str, Any], paths: list[str]):
    found: list[str] = []
    World.from_document(document, lambda path, _: found.append(".".join(map(str, path))))
    assert found == paths
    with pytest.raises(ConfigurationError) as refused:
        World.from_document(document)
    assert str(refused.value).startswith(f"{paths[0]}: ")
