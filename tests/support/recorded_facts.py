"""Entries such as a server puts into its outbox."""

from __future__ import annotations

from typing import Any

from engine.records.outbox import Entry


def call(id_: str, **fields: Any) -> Entry:
    """A call that is over: two nodes, one recording."""
    body = {
        "id": id_, "server": "main", "direction": "in", "did": "32", "cli": "0143670903", "caller": "+33143670903",
        "channel": "sip/1", "scenario": "reception", "version": "1", "started": "2026-10-25T00:59:59.123+00:00",
        "answered": 0.5, "duration": 12.345, "keys": "1x", "result": "ended", "reason": None, "agent": "201",
        "transferred_to": None, "warnings": ["a warning"],
        "path": [
            {"node": "welcome", "type": "play", "outcome": "done", "at": 0.0},
            {"node": "menu", "type": "menu", "outcome": None, "at": 3.25},
        ],
        "recordings": [{"kind": "voicemail", "file": "/x/1.wav", "duration": 4.0, "mailbox": "32"}],
    }  # fmt: skip
    return Entry("call", id_, {**body, **fields})


def other_kinds(id_: str) -> list[Entry]:
    """One of each kind that is no call."""
    started, server = "2026-10-25T01:00:00.000+00:00", {"id": id_, "server": "main"}
    return [
        Entry(
            "search", id_,
            {**server, "call": "c", "node": "n", "centre": "support", "method": "broadcast", "started": started,
             "waited": 3.5, "outcome": "transferred", "agent": "201", "talk": 60.0},
        ),
        Entry(
            "offer", id_,
            {**server, "call": "c", "search": "s", "agent": "201", "centre": "support", "manner": "all",
             "offered": started, "answer": 1.0, "ended": 2.0, "outcome": "connected", "talk": 60.0},
        ),
        Entry(
            "agent_session", id_,
            {**server, "agent": "201", "extension": "17", "opened": started, "duration": 9.0, "ending": "logged_out"},
        ),
        Entry(
            "agent_state", id_,
            {**server, "agent": "201", "state": "unavailable", "reason": "déjeuner", "call": "", "centre": "",
             "since": started, "duration": 9.0},
        ),
    ]  # fmt: skip
