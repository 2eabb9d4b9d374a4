"""Records of calls that took place, and the scenarios that they went through."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from engine.errors import ConfigurationError
from engine.nodes.base import Node
from engine.nodes.scenario import ScenarioCall
from engine.scenario.check import called_scenarios, check
from engine.scenario.compile import CompiledScenario
from engine.scenario.load import walk_files
from engine.scenario.project import Project
from tools.flowctl.simulator.reading import in_a_line
from tools.flowctl.testing.suite import Subject

STDIN = Path("-")


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class RecordedStep(_Part):
    """One node entered, `at` seconds from the start of the call."""

    node: str
    outcome: str | None = None
    at: float


class RecordedFile(_Part):
    """A recording; `duration` in seconds."""

    kind: str
    duration: float


class RecordedCall(_Part):
    """What of a record (`engine.call.record`) tells how the call went."""

    id: str
    did: str
    cli: str
    scenario: str
    version: str = ""
    started: AwareDatetime
    duration: float
    path: list[RecordedStep] = Field(min_length=1)
    keys: str = ""
    result: str
    agent: str | None = None
    recordings: list[RecordedFile] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Visit:
    """A node while the call was there: `at` to `until`, in seconds from the start of the call. `outcome` is None when
    the call ended there."""

    name: str
    node: Node
    scenario: CompiledScenario
    outcome: str | None
    at: float
    until: float

    @property
    def seconds(self) -> float:
        """How long the call was there."""
        return self.until - self.at


def read_call(file: Path, identity: str | None) -> RecordedCall:
    """The record of a call in a file of JSON, of one call or of a list of them: the one with that id, or the last.
    file: - is the standard input. Raises ConfigurationError."""
    calls = _objects(file)
    # One that an agent has asked for went through no scenario.
    inward = [call for call in calls if call.get("direction") != "out"]
    wanted = inward if identity is None else [call for call in calls if call.get("id") == identity]
    if not wanted:
        ids = ", ".join(str(call.get("id")) for call in calls[-10:])
        raise ConfigurationError(f"{file}: there is no call {identity!r}; the last ones are {ids or 'none'}")
    try:
        return RecordedCall.model_validate(wanted[-1])
    except ValidationError as error:
        defect = error.errors()[0]
        place = ".".join(map(str, defect["loc"]))
        raise ConfigurationError(f"{file}: not the record of a call: {place}: {defect['msg']}") from error


def _objects(file: Path) -> list[dict[str, Any]]:
    try:
        text = sys.stdin.read() if file == STDIN else file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: {getattr(error, 'strerror', None) or error}") from error
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{file}: not JSON, as `flowctl records --format json` prints it: {error}") from None
    return [item for item in (whole if isinstance(whole, list) else [whole]) if isinstance(item, dict)]


def find_subject(name: str, record: Path, paths: Sequence[Path]) -> Subject:
    """The scenario of that name: in the files or folders given, else around the record, else around the present
    folder. Raises ConfigurationError."""
    projects = [Project(path if path.is_dir() else path.parent, walk_files([path])) for path in paths]
    projects += [] if paths else [Project(record.parent), Project(Path(), walk_files([Path()]))]
    for project in projects:
        draft = project.scenario(name)
        if draft is None:
            continue
        result = check(draft.file, project=project)
        catalogue: Mapping[str, CompiledScenario] = {}
        errors = result.errors
        if result.compiled is not None:
            catalogue, errors = called_scenarios(result.compiled, project)
        if result.compiled is None or errors:
            raise ConfigurationError("\n".join(in_a_line(found) for found in errors))
        return Subject(result.compiled, catalogue, project)
    raise ConfigurationError(f"the scenario {name!r} of the call is not found: name its file or folder as PATH")


def visits(call: RecordedCall, subject: Subject) -> list[Visit]:
    """The nodes that the call went through. Raises ConfigurationError when the scenario no longer has one of them."""
    ends = [*(step.at for step in call.path[1:]), call.duration]
    return [
        Visit(step.node, *_find(step.node, subject), step.outcome, step.at, _left(call.path, index, ends))
        for index, step in enumerate(call.path)
    ]


def _left(path: Sequence[RecordedStep], index: int, ends: Sequence[float]) -> float:
    """When a node was left: a node that runs another scenario lasts as long as that."""
    inside = f"{path[index].node}/"
    last = index
    while last + 1 < len(path) and path[last + 1].node.startswith(inside):
        last += 1
    return ends[last]


def _find(name: str, subject: Subject) -> tuple[Node, CompiledScenario]:
    scenario, node = subject.compiled, None
    for part in name.split("/"):
        if isinstance(node, ScenarioCall):
            scenario = subject.catalogue[node.name]
        node = scenario.scenario.nodes.get(part)
        if node is None:
            raise ConfigurationError(f"{scenario.path}: the call went through a node {name!r}, which is gone")
    if node is None:
        raise ConfigurationError("a node of the record has no name")
    return node, scenario
