"""The story of one simulated call, as a file tells it: when, who calls, what the people do, and the world around.

One form for `simulate --script`, for the tests beside a scenario, and for the golden calls of the nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path as FilePath
from typing import Any

from engine.errors import ConfigurationError
from engine.nodes.base import Path
from tools.flowctl.simulator.caller import Step, read_steps
from tools.flowctl.simulator.people import People, read_people
from tools.flowctl.simulator.reading import Reader, of_mapping, open_file
from tools.flowctl.simulator.run import CLI, Plan
from tools.flowctl.simulator.world import KEYS as WORLD
from tools.flowctl.simulator.world import World

KEYS = ("at", "call", "agents", "caller", "fails", *WORLD)
"""What a story may tell. Every key may be left out."""

DAY = datetime(2027, 7, 13, 10)  # noqa: DTZ001 - in the scenario's zone
"""When a story happens that does not say when: a Tuesday at ten, on which nothing is closed, in every year that a
test is run."""


@dataclass(frozen=True, slots=True)
class Story:
    """What happens on one call besides the scenario. `at` without a zone is in the scenario's."""

    at: datetime | None = None
    did: str | None = None
    cli: str | None = None
    people: People = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    world: World = field(default_factory=World)
    fails: Mapping[str, str] = field(default_factory=dict)
    """Node → reason for which it fails."""

    def plan(self) -> Plan:
        """What the simulator needs; a story without a time begins on `DAY`."""
        return Plan(
            did=self.did,
            cli=CLI if self.cli is None else self.cli,
            at=self.at or DAY,
            people=self.people,
            steps=self.steps,
            world=self.world,
            fails=self.fails,
        )


def read_story(reader: Reader, path: Path, more: tuple[str, ...] = ()) -> Story:
    """The story at a path of a document, in which `more` keys may stand too. What is wrong goes to the reader's
    findings."""
    told = reader.mapping(path, (*KEYS, *more), "story" if not path else "test")
    around = {key: told[key] for key in WORLD if key in told}
    call = reader.mapping((*path, "call"), ("did", "cli"), "call") if "call" in told else {}
    return Story(
        at=_moment(reader, (*path, "at")) if "at" in told else None,
        did=reader.text((*path, "call", "did"), "call: did") if "did" in call else None,
        cli=reader.text((*path, "call", "cli"), "call: cli") if "cli" in call else None,
        people=read_people(reader, (*path, "agents")) if "agents" in told else {},
        steps=read_steps(reader, (*path, "caller")) if "caller" in told else [],
        world=World.from_document(around, lambda at, message: reader.wrong((*path, *at), f"{at[0]}: {message}")),
        fails=_fails(reader, (*path, "fails")) if "fails" in told else {},
    )


def story_of_file(path: FilePath) -> Story:
    """The story that is a whole file. Raises ConfigurationError with every mistake, each with its place."""
    reader = open_file(path)
    story = read_story(reader, (), ("name",))
    reader.require_sound()
    return story


def story_of_mapping(data: dict[str, Any], more: tuple[str, ...] = ()) -> Story:
    """The story of a mapping that was read before. Raises ConfigurationError."""
    reader = of_mapping(data, "story")
    story = read_story(reader, (), more)
    reader.require_sound()
    return story


def moment(text: str) -> datetime:
    """A date and time, with or without a zone. Raises ConfigurationError."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{text!r} is not a date and time: write 2027-07-14T10:00") from None
    if not any(mark in text for mark in ("T", " ")):
        raise ConfigurationError(f"{text!r} is a day without a time: write {text}T10:00")
    return value


def _moment(reader: Reader, path: Path) -> datetime | None:
    text = reader.text(path, "at")
    try:
        return moment(text) if text else None
    except ConfigurationError as error:
        reader.wrong(path, f"at: {error}")
        return None


def _fails(reader: Reader, path: Path) -> dict[str, str]:
    """A node, a list of nodes, or node → reason."""
    value = reader.value(path)
    if isinstance(value, str):
        return {value: REASON}
    if isinstance(value, list):
        return {reader.text((*path, index), "fails"): REASON for index in range(len(value))}
    return {name: reader.text((*path, name), "fails") for name in reader.mapping(path, None, "fails")}


REASON = "the test says so"
