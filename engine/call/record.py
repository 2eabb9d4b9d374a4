"""What is kept of a call."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

Result = Literal["ended", "transferred", "caller_hung_up", "rejected", "failed"]


@dataclass(slots=True)
class Step:
    """One node entered: `at` and `left` are seconds from the start of the call."""

    node: str
    type: str
    at: float
    outcome: str | None = None


@dataclass(slots=True)
class CallRecord:
    """The record of one call, filled in while it runs and written once, when it is over."""

    id: str
    did: str
    cli: str
    caller: str
    channel: str
    scenario: str
    version: str
    started: datetime
    answered: float | None = None
    duration: float = 0.0
    path: list[Step] = field(default_factory=list)
    keys: str = ""
    result: Result = "failed"
    reason: str | None = None
    agent: str | None = None
    transferred_to: str | None = None
    """Number to which a `transfer` or `switchboard` node has handed the caller over."""
    recordings: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    direction: Literal["in", "out"] = "in"
    """out: an agent has asked for it. `did` is the number then, `cli` the agent's phone, and there is no scenario."""
    connected: bool = False
    """Whether the caller and somebody were connected by us; for the journals, and not in the record."""

    @property
    def place(self) -> str:
        """The node where the call is, or was last; empty before the first."""
        return self.path[-1].node if self.path else ""

    def add_recording(self, kind: str, path: Path, duration: float, **details: str) -> None:
        """Note a file that was recorded; `duration` in seconds."""
        self.recordings.append({"kind": kind, "file": str(path), "duration": round(duration, 3), **details})

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: times in ISO 8601 UTC, offsets and durations in seconds."""
        return {
            "id": self.id,
            "direction": self.direction,
            "did": self.did,
            "cli": self.cli,
            "caller": self.caller,
            "channel": self.channel,
            "scenario": self.scenario,
            "version": self.version,
            "started": self.started.isoformat(timespec="milliseconds"),
            "answered": None if self.answered is None else round(self.answered, 3),
            "duration": round(self.duration, 3),
            "path": [{"node": s.node, "type": s.type, "outcome": s.outcome, "at": round(s.at, 3)} for s in self.path],
            "keys": self.keys,
            "result": self.result,
            "reason": self.reason,
            "agent": self.agent,
            "transferred_to": self.transferred_to,
            "recordings": self.recordings,
            "warnings": self.warnings,
        }
