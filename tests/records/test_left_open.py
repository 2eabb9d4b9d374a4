"""What a run has left open that this program cannot end."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest

from engine.records.closing import closed
from engine.records.outbox import Entry, LeftOpen

NOON = datetime(2027, 7, 13, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "odd", [Entry("hologram", "1", {}), Entry("call", "2", {}), Entry("agent_state", "3", {"since": 7})]
)
def test_what_only_another_version_understands_is_left_and_told(odd: Entry, caplog: pytest.LogCaptureFixture) -> None:
    state = Entry("agent_state", "s", {"since": NOON.isoformat()})
    with caplog.at_level(logging.ERROR):
        over = closed(LeftOpen([odd, state], NOON.timestamp() + 5), [])
    assert [(entry.id, entry.body["duration"]) for entry in over] == [("s", 5.0)]
    assert f"{odd.kind} {odd.id}" in caplog.text
