"""What tests have walked, from the file of `flowctl test --coverage-file`, put on a graph."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.errors import ConfigurationError
from tools.flowctl.graph.model import Box, Coverage, Graph, Link


class Walked(BaseModel):
    """Of one scenario: how often each node was entered, each outcome of it taken, and `on_error`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    nodes: dict[str, int] = {}
    edges: dict[str, dict[str, int]] = {}
    on_error: int | None = None


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


def with_coverage(graph: Graph, walked: Walked) -> Graph:
    """The graph with a count on each node and on each outcome that is wired."""
    boxes = {
        key: replace(box, count=walked.nodes.get(box.name, 0)) if box.kind == "node" else box
        for key, box in graph.boxes.items()
    }
    links = [part for link in graph.links for part in _counted(link, boxes, walked)]
    taken = [label.count for link in links for label in link.labels if label.count is not None]
    entered = [box.count for box in boxes.values() if box.count is not None]
    coverage = Coverage(sum(map(bool, entered)), len(entered), sum(map(bool, taken)), len(taken))
    return replace(graph, boxes=boxes, links=links, coverage=coverage)


def _counted(link: Link, boxes: dict[str, Box], walked: Walked) -> list[Link]:
    """A link in two parts: the outcomes that were taken, and those that were not."""
    source = boxes[link.source]
    if source.kind == "node" and not link.implicit:
        taken = walked.edges.get(source.name, {})
    elif source.name == "on_error" and walked.on_error is not None:
        taken = {"on_error": walked.on_error}
    else:
        return [link]
    labels = [replace(label, count=taken.get(label.key, 0)) for label in link.labels]
    parts = [[label for label in labels if label.count], [label for label in labels if not label.count]]
    found = [replace(link, labels=tuple(part)) for part in parts if part]
    if len(found) == 2 and boxes[link.target].kind != "node":
        # What hangs below a node has one line to it.
        other = replace(boxes[link.target], id=f"{link.target}:unwalked")
        boxes[other.id] = other
        found[1] = replace(found[1], target=other.id)
    return found
