"""A document on its way to a scenario: what of it is sound, for the rules to look at.

What failed the schema is left out, so that one defect does not make others of its consequences.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path as File
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from engine.call.expressions import Environment
from engine.nodes.base import END, Node, Path
from engine.nodes.fields import RESERVED_NAMES, AssignMark, TargetMark
from engine.nodes.registry import node_types
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.document import Document
from engine.scenario.model import Scenario
from engine.scenario.partial import partial, without
from engine.scenario.suggest import closest
from engine.scenario.walk import fields, iter_marked, marks_of

if TYPE_CHECKING:
    from engine.call.call import Call
    from engine.scenario.project import Project

M = TypeVar("M", bound=BaseModel)

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")


class UnknownNode(Node):
    """A node whose type is missing or unknown: only `next` and `on` are looked at."""

    async def run(self, call: Call) -> str:
        raise TypeError("a node of an unknown type cannot run")


@dataclass(frozen=True)
class Draft:
    """The sound part of a document. `scenario` and the nodes lack what is unsound in them: there they have the
    default, or None, or nothing. `names` are those of all nodes."""

    document: Document
    file: File
    scenario: Scenario
    nodes: dict[str, Node]
    names: tuple[str, ...]
    unsound: frozenset[str]
    """Top-level keys that are missing or wrong."""
    spoiled: frozenset[Path]
    """Paths of the document that are missing or wrong."""
    doubtful: frozenset[str]
    """Nodes of which nobody can tell where they lead, because that part of them is unsound."""
    project: Project
    """What is around the file."""
    source: bytes
    findings: tuple[Diagnostic, ...]
    """What shape and models complain about."""
    worked_out: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What rules have found out about the whole graph, for other rules, by a name of theirs."""

    @property
    def prompts_dir(self) -> File:
        """Folder of the audio files."""
        return self.file.parent / self.scenario.prompts

    @cached_property
    def prompts_place(self) -> File | None:
        """That folder, wherever a link to it leads; None when there is none."""
        try:
            place = self.prompts_dir.resolve()
            return place if place.is_dir() else None
        except (OSError, ValueError):
            return None

    @cached_property
    def environment(self) -> Environment:
        """Names for the expressions; whatever an unsound part may define is taken to be defined."""
        unknown = {("nodes", name) for name, node in self.nodes.items() if isinstance(node, UnknownNode)}
        words = {word for path in self.spoiled | unknown for word in _words(self._raw(path))}
        for name, node in self.nodes.items():
            if self.is_spoiled(("nodes", name)):
                words |= {mark.name for mark in marks_of(type(node)) if isinstance(mark, AssignMark) and mark.name}
        assumed = {word for word in words if _IDENTIFIER.match(word)} - RESERVED_NAMES
        return Environment.of(self.scenario, sorted(assumed))

    @cached_property
    def names_in_doubt(self) -> bool:
        """True when nobody can tell which variables there are: what would name them is missing or wrong."""
        for path in self.spoiled:
            if path == ("variables",):
                return True
            if path[:1] == ("nodes",) and len(path) == 3 and path[1] in self.nodes:
                hints = dict(fields(type(self.nodes[str(path[1])])))
                if any(isinstance(mark, AssignMark) for mark in marks_of(hints.get(str(path[2])))):
                    return True
        return False

    def is_spoiled(self, path: Path) -> bool:
        """True when something at a path, or inside of it, is missing or wrong."""
        return path in self._around_spoiled

    @cached_property
    def _around_spoiled(self) -> set[Path]:
        """The paths that are missing or wrong, and those of everything around them."""
        return {found[:length] for found in self.spoiled for length in range(len(found) + 1)}

    def _raw(self, path: Path) -> Any:
        """What is written at a path, with the last key of the path."""
        value = self.document.data
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return {path[-1]: value} if path and isinstance(path[-1], str) else value

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
        """Nodes that a call may enter."""
        roots = [self.meant(target) for path, target in self.references() if path[0] != "nodes"]
        return self.reach(name for name in roots if name is not None)

    def reach(self, roots: Iterable[str]) -> set[str]:
        """Nodes to which some nodes lead, and these. A misspelt reference leads to what was probably meant, a node
        without a way out to the one written after it, an unsound node to everything that its unsound part
        mentions."""
        waiting = list(roots)
        found: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self._successors(name))
        return found

    def _successors(self, name: str) -> list[str]:
        node = self.nodes.get(name)
        spoiled = self._spoiled_nodes.get(name, [])
        if isinstance(node, UnknownNode):
            spoiled = [("nodes", name)]
        words = {word for path in spoiled for word in _words(self._raw(path))}
        if node is not None:
            words |= {edge.target for edge in node.edges() if edge.target is not None}
            if not words and node.possible():
                words = set(self.names[self.names.index(name) + 1 :][:1])
        return [target for target in map(self.meant, words) if target is not None]

    @cached_property
    def _spoiled_nodes(self) -> dict[str, list[Path]]:
        """What is missing or wrong in each node."""
        found: dict[str, list[Path]] = {}
        for path in self.spoiled:
            if path[:1] == ("nodes",) and len(path) > 1:
                found.setdefault(str(path[1]), []).append(path)
        return found

    def meant(self, target: str) -> str | None:
        """The node that a reference means, misspelt or not; None for `end` and for what is like no name."""
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


def make_draft(
    document: Document, file: File, source: bytes, spoiled: set[Path], found: list[Diagnostic], project: Project
) -> Draft:
    """The draft of a mapping document in which the schema has found something, unsound at some paths; the models may
    find more (E0003)."""
    data = document.data
    raw_nodes: dict[str, Any] = data["nodes"] if isinstance(data.get("nodes"), dict) else {}
    maker = _Maker(document, spoiled)
    nodes = {name: node for name, raw in raw_nodes.items() if (node := maker.node(name, raw)) is not None}
    scenario = maker.header().model_copy(update={"nodes": nodes})
    unsound = {str(path[0]) for path in spoiled if path} - {"nodes"}
    unsound |= {meant for key in unsound if (meant := closest(key, Scenario.model_fields))}
    unsound |= {key for key in ("name", "start") if key not in data} | ({"nodes"} if not raw_nodes else set())
    doubtful = {str(path[1]) for path in spoiled if path[:1] == ("nodes",) and len(path) > 1 and _leads(path, nodes)}
    names = tuple(raw_nodes)
    return Draft(
        document,
        file,
        scenario,
        nodes,
        names,
        frozenset(unsound),
        frozenset(spoiled),
        frozenset(doubtful),
        project,
        source,
        (*found, *maker.findings),
    )


def _leads(path: Path, nodes: dict[str, Node]) -> bool:
    """True for a part of a node that says, or may have been meant to say, where it leads."""
    node = nodes.get(str(path[1]))
    if node is None or len(path) == 2 or isinstance(node, UnknownNode):
        return True
    hints = dict(fields(type(node)))
    key = path[2] if path[2] in hints else closest(str(path[2]), hints)
    return key is None or any(isinstance(mark, TargetMark) for mark in marks_of(hints[key]))


class _Maker:
    """Makes models of the sound parts, and finds what the schema could not see."""

    def __init__(self, document: Document, spoiled: set[Path]) -> None:
        self.document = document
        self.spoiled = spoiled
        self.findings: list[Diagnostic] = []

    def header(self) -> Scenario:
        """Everything but the nodes. A declaration that is not sound is none at all."""
        self.spoiled |= {path[:2] for path in self.spoiled if path[:1] == ("variables",)} | {("nodes",)}
        scenario = self._make(Scenario, (), self.document.data, silent=False)
        self.spoiled -= {("nodes",)}
        return scenario or partial(Scenario)()

    def node(self, name: str, raw: Any) -> Node | None:
        """The node as far as it is sound; None when it is no mapping."""
        base = ("nodes", name)
        if not isinstance(raw, dict):
            return None
        kind = raw.get("type")
        model = node_types().get(kind) if isinstance(kind, str) else None
        if model is None:
            return self._unknown(base, raw)
        if not any(path[:2] == base for path in self.spoiled):
            try:
                return model.model_validate(raw)
            except ValidationError:
                pass
        # What is wrong with the node as a whole leaves its ways out.
        return self._make(model, base, raw, silent=False) or self._unknown(base, raw)

    def _unknown(self, base: Path, raw: dict[str, Any]) -> Node | None:
        wiring = {key: raw[key] for key in ("next", "on") if key in raw}
        return self._make(UnknownNode, base, wiring, silent=True)

    def _make(self, model: type[M], base: Path, raw: Any, *, silent: bool) -> M | None:
        """Take away what is unsound until the rest is sound. Only the first defect of a place is told."""
        while True:
            try:
                return cast("M", partial(model).model_validate(without(raw, frozenset(self.spoiled), base)))
            except ValidationError as error:
                found = _findings(self.document, base, error)
            new = found.keys() - self.spoiled
            for path in found if not silent else ():
                if not any(spoiled[: len(path)] == path for spoiled in self.spoiled):
                    self.findings.append(found[path])
            self.spoiled |= new
            if not new or base in new:
                return None


def _findings(document: Document, base: Path, error: ValidationError) -> dict[Path, Diagnostic]:
    """What a model refuses although the schema could not say it, at the places that pydantic names; one finding
    for a place, of the member of a union that was most likely meant."""
    found: dict[Path, Diagnostic] = {}
    for detail in sorted(error.errors(), key=lambda detail: detail["type"].endswith("_type")):
        location = tuple(part for part in detail["loc"] if part != "[key]")
        path = _existing(document, (*base, *location))
        span = document.key_span(path) if "[key]" in detail["loc"] or path == base else document.span(path)
        message = detail["msg"].removeprefix("Value error, ")
        found.setdefault(path, Diagnostic.at(span, "E0003", message, file=document.file))
    return found


def _existing(document: Document, path: Path) -> Path:
    """A pydantic location without the names of union members that it puts between the keys."""
    found: Path = ()
    for part in path:
        if (*found, part) in document.values:
            found = (*found, part)
    return found
