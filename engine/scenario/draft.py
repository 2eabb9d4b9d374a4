"""A document on its way to a scenario: what of it is sound, for the rules to look at.

What failed the schema is left out, so that one defect does not make others of its consequences.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path as File
from typing import Any

from pydantic import TypeAdapter, ValidationError

from engine.call.expressions import Environment
from engine.nodes.base import END, Node, Path
from engine.nodes.fields import RESERVED_NAMES, TargetMark, VariableName
from engine.nodes.registry import node_types
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.document import Document
from engine.scenario.model import Scenario, Variable
from engine.scenario.shape import Finding
from engine.scenario.suggest import closest
from engine.scenario.walk import iter_marked

_VARIABLES = TypeAdapter(dict[VariableName, Any])
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")


@dataclass(frozen=True)
class Draft:
    """The sound part of a document. `scenario` has defaults where the document is unsound; `nodes` has only the
    sound nodes; `names` all of them."""

    document: Document
    file: File
    scenario: Scenario
    nodes: dict[str, Node]
    names: tuple[str, ...]
    unsound: frozenset[str]
    """Top-level keys that are missing or wrong."""
    lacking: frozenset[str]
    """Unsound nodes that lack a key, so that nobody can tell where they lead."""

    @property
    def prompts_dir(self) -> File:
        """Folder of the audio files."""
        return self.file.parent / self.scenario.prompts

    @cached_property
    def environment(self) -> Environment:
        """Names for the expressions; whatever an unsound part may define is taken to be defined."""
        raw = self.document.data
        unsound: list[Any] = [raw["nodes"][name] for name in self.names if name not in self.nodes]
        unsound.append(raw.get("variables"))
        assumed = {word for part in unsound for word in _words(part) if _IDENTIFIER.match(word)}
        return Environment.of(self.scenario, sorted(assumed - RESERVED_NAMES))

    def references(self) -> Iterator[tuple[Path, str]]:
        """Every reference to a node: where it stands, and the name."""
        for key in ("start", "on_error"):
            target = getattr(self.scenario, key)
            if target is not None and key not in self.unsound:
                yield (key,), target
        for name, node in self.nodes.items():
            for path, text, mark in iter_marked(node):
                if isinstance(mark, TargetMark):
                    yield ("nodes", name, *path), text

    def reachable(self) -> set[str]:
        """Nodes that a call may enter. A misspelt reference reaches what was probably meant, a node without a
        way out the one written after it, an unsound node everything that it mentions."""
        roots = [self._meant(target) for path, target in self.references() if path[0] != "nodes"]
        waiting = [name for name in roots if name is not None]
        found: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self._successors(name))
        return found

    def _successors(self, name: str) -> list[str]:
        node = self.nodes.get(name)
        if node is None:
            targets = [self._meant(word) for word in _words(self.document.data["nodes"][name])]
        else:
            targets = [self._meant(edge.target) for edge in node.edges()]
            if not targets and node.possible():
                targets = list(self.names[self.names.index(name) + 1 :][:1])
        return [target for target in targets if target is not None]

    def _meant(self, target: str) -> str | None:
        if target == END:
            return None
        return target if target in self.names else closest(target, self.names)


def _words(part: Any) -> Iterator[str]:
    """Every text in a part of the document, keys too."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield key
            yield from _words(value)
    elif isinstance(part, list):
        for item in part:
            yield from _words(item)
    elif isinstance(part, str):
        yield part


def make_draft(document: Document, file: File, findings: list[Finding]) -> tuple[Draft, list[Finding]]:
    """The draft of a mapping document, and what the models say beyond the schema (E0003)."""
    data = document.data
    raw_nodes: dict[str, Any] = data["nodes"] if isinstance(data.get("nodes"), dict) else {}
    spoiled = {finding.path[:2] for finding in findings if finding.path[:1] == ("nodes",)}
    unsound = {str(finding.path[0]) for finding in findings if finding.path} - {"nodes"}
    unsound |= {key for key in ("name", "start") if key not in data} | ({"nodes"} if not raw_nodes else set())
    later: list[Finding] = []
    nodes: dict[str, Node] = {}
    types = node_types()
    for name, raw in raw_nodes.items():
        if ("nodes", name) in spoiled:
            continue
        try:
            nodes[name] = types[raw["type"]].model_validate(raw)
        except ValidationError as error:
            later += _findings(document, ("nodes", name), error)
    header = {key: data[key] for key in Scenario.model_fields if key in data and key not in unsound | {"nodes"}}
    variables, bad_names = _variables(document, {finding.path[:2] for finding in findings})
    later += bad_names
    header["variables"] = variables
    scenario = Scenario.model_construct(**{"name": "", "start": END, **header, "nodes": nodes})
    paths = [finding.path for finding in findings if finding.path[:1] == ("nodes",)]
    lacking = frozenset(str(path[1]) for path in paths if len(path) == 3 and path not in document.keys)
    draft = Draft(document, file, scenario, nodes, tuple(raw_nodes), frozenset(unsound), lacking)
    return draft, later


def _variables(document: Document, spoiled: set[Path]) -> tuple[dict[str, Variable], list[Finding]]:
    """The sound declarations, and what is wrong with names that the schema allows."""
    raw = document.data.get("variables")
    found: dict[str, Variable] = {}
    findings: list[Finding] = []
    for name, value in (raw if isinstance(raw, dict) else {}).items():
        if ("variables", name) in spoiled:
            continue
        try:
            _VARIABLES.validate_python({name: {}})
            found[name] = Variable.model_validate(value)
        except ValidationError as error:
            findings += _findings(document, ("variables",), error)
    return found, findings


def _findings(document: Document, base: Path, error: ValidationError) -> Iterable[Finding]:
    """What a model refuses although the schema could not say it, at the place that pydantic names."""
    for detail in error.errors():
        location = tuple(part for part in detail["loc"] if part != "[key]")
        path = _existing(document, (*base, *location))
        span = document.key_span(path) if "[key]" in detail["loc"] or path == base else document.span(path)
        message = detail["msg"].removeprefix("Value error, ")
        yield Finding(path, Diagnostic.at(span, "E0003", message, file=document.file))


def _existing(document: Document, path: Path) -> Path:
    """A pydantic location without the names of union members that it puts between the keys."""
    found: Path = ()
    for part in path:
        if (*found, part) in document.values:
            found = (*found, part)
    return found
