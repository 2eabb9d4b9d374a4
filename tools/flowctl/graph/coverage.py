"""What tests have walked, from the file of `flowctl test --coverage-file`, put on a graph."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.errors import ConfigurationError
from tools.flowctl.graph.model import Graph, Link


class Walked(BaseModel):
    """Of one scenario: how often each node was entered, and each outcome of it taken."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    nodes: dict[str, int] = {}
    edges: dict[str, dict[str, int]] = {}


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    scenarios: dict[str, Walked]


def read_coverage(path: Path, scenario: Path) -> Walked:
    """The part of a coverage file that is about one scenario file; paths in it may be relative to this folder, or to
    that of the file. Raises ConfigurationError."""
    try:
        found = _File.model_validate(json.loads(path.read_bytes()))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror or error}") from error
    except (ValueError, ValidationError, RecursionError) as error:
        raise ConfigurationError(f"{path}: not a file of `flowctl test --coverage-file`") from error
    wanted = scenario.resolve()
    for name, walked in found.scenarios.items():
        if wanted in (Path(name).resolve(), (path.parent / name).resolve()):
            return walked
    names = ", ".join(found.scenarios) or "nothing"
    raise ConfigurationError(f"{path}: it is not about {scenario}, but about {names}")


@dataclass(slots=True)
class _Count:
    walked: int = 0
    total: int = 0


def with_coverage(graph: Graph, walked: Walked) -> Graph:
    """The graph with a count on each node and on each outcome that is wired."""
    count = _Count()
    boxes = {
        key: replace(box, count=walked.nodes.get(box.name, 0)) if box.kind == "node" else box
        for key, box in graph.boxes.items()
    }
    links = [_counted(link, graph, walked.edges, count) for link in graph.links]
    return replace(graph, boxes=boxes, links=links, coverage=(count.walked, count.total))


def _counted(link: Link, graph: Graph, edges: Mapping[str, Mapping[str, int]], count: _Count) -> Link:
    source = graph.boxes[link.source]
    if source.kind != "node" or link.implicit:
        return link
    taken = edges.get(source.name, {})
    labels = tuple(replace(label, count=taken.get(label.key, 0)) for label in link.labels)
    count.total += len(labels)
    count.walked += sum(bool(label.count) for label in labels)
    return replace(link, labels=labels)
