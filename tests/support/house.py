"""A server on virtual lines and a virtual clock, with scenarios given as text."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drivers.virtual import VirtualDriver
from engine.audio.library import PromptLibrary
from engine.audio.recordings import Recordings
from engine.audio.tones import tone
from engine.audio.voices import TimedVoice
from engine.call.record import CallRecord
from engine.call.services import Services
from engine.centres.calling import Calling
from engine.centres.centres import Centres
from engine.centres.chronicle import Chronicle, Fact
from engine.centres.directory import Directory
from engine.clock import LoopClock, run_virtual
from engine.lines.lines import Lines
from engine.scenario.reload import ScenarioStore
from engine.server.server import Server


class Kept(Chronicle):
    """Records, in memory, as JSON: that is what is left of them."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.open: dict[str, Fact] = {}
        """Begun, and not over."""
        self.ended: list[str] = []

    def begins(self, fact: Fact) -> None:
        self.open[fact.id] = fact

    def over(self, *facts: Fact) -> None:
        for fact in facts:
            self.open.pop(fact.id, None)
            row = {"kind": fact.kind, **dataclasses.asdict(fact)}
            told = {name: round(value, 3) if isinstance(value, float) else value for name, value in row.items()}
            self.ended.append(json.dumps(told))

    def call_begins(self, record: CallRecord) -> None:
        pass

    async def call_over(self, record: CallRecord) -> None:
        self.calls.append(json.dumps(record.as_dict()))


class House:
    """Everything of a running server, within reach of a test."""

    def __init__(self, root: Path, directory: Directory | None = None, *, store: ScenarioStore | None = None) -> None:
        """store: scenarios that are loaded already."""
        self.root = root
        self.driver = VirtualDriver()
        self.kept = Kept()
        clock = LoopClock(datetime(2027, 7, 13, 8, tzinfo=UTC))
        self.services = Services(
            clock=clock,
            prompts=PromptLibrary(TimedVoice()),
            centres=Centres(directory or Directory(), chronicle=self.kept),
            lines=Lines([self.driver]),
            recordings=Recordings(root / "recordings", clock),
        )
        self.store = store or ScenarioStore(root / "flows")
        self.server = Server([self.driver], self.store, self.services, self.kept)
        self.calling = Calling(self.services, self.server, tone("ringback", "fr"))

    async def settle(self) -> None:
        """Wait until no call is up and every record is written."""
        while self.server.calls:
            await asyncio.sleep(1)

    def records(self) -> list[dict[str, Any]]:
        """The records of calls that are over."""
        return [json.loads(call) for call in self.kept.calls]

    def facts(self, kind: str) -> list[dict[str, Any]]:
        """What is over of the facts of a kind, in the order in which it ended."""
        return [fact for fact in map(json.loads, self.kept.ended) if fact["kind"] == kind]


def in_house(
    root: Path,
    scenarios: dict[str, str],
    story: Callable[[House], Awaitable[None]],
    directory: Directory | None = None,
) -> House:
    """Run a story in a house whose scenario files are given by name; returns the house afterwards."""
    (root / "flows").mkdir(exist_ok=True)
    for name, text in scenarios.items():
        (root / "flows" / name).write_text(text)

    async def run() -> House:
        house = House(root, directory)
        await house.store.load()
        await house.server.start()
        try:
            await story(house)
        finally:
            await house.server.stop(0)
        return house

    return run_virtual(run)
