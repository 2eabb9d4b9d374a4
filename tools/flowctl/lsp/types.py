"""Which types the models allow at a path of a scenario: what completion and hover are made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel

from engine.nodes.base import Node, Path
from engine.nodes.registry import node_types
from engine.scenario.document import Document
from engine.scenario.model import Scenario
from engine.scenario.walk import fields
from tools.flowctl.lsp.cursor import value_at

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Allowed:
    """One type that may stand at a path, without its marks; and the marks."""

    hint: Any
    marks: tuple[Any, ...]

    def mark(self, kind: type[M]) -> M | None:
        """The mark of a kind."""
        return next((mark for mark in self.marks if isinstance(mark, kind)), None)

    @property
    def model(self) -> type[BaseModel] | None:
        """The model, when the value is one."""
        return self.hint if isinstance(self.hint, type) and issubclass(self.hint, BaseModel) else None

    @property
    def choices(self) -> tuple[str, ...]:
        """The words among which one is chosen."""
        if get_origin(self.hint) is Literal:
            return tuple(str(choice) for choice in get_args(self.hint))
        return ("true", "false") if self.hint is bool else ()


def allowed(document: Document, path: Path) -> list[Allowed]:
    """The types that may stand at a path of a scenario."""
    found = list(_plain(Scenario))
    for index, part in enumerate(path):
        if path[:index] == ("nodes",):
            found = list(_plain(node_model(document, path[: index + 1])))
        else:
            found = [inner for outer in found for inner in _inside(outer, part)]
    return found


def node_model(document: Document, path: Path) -> type[Node]:
    """The model of the node at `path`; what all nodes share when its type is not known."""
    kind = value_at(document, (*path, "type"))
    return node_types().get(str(kind), Node)


def node_of(path: Path) -> Path | None:
    """The path of the node in which a path is."""
    return path[:2] if len(path) > 1 and path[0] == "nodes" else None


def _inside(outer: Allowed, part: str | int) -> Iterator[Allowed]:
    if outer.model is not None:
        for name, hint in fields(outer.model):
            if name == part:
                yield from _plain(hint)
    elif get_origin(outer.hint) is dict:
        yield from _plain(get_args(outer.hint)[1])
    elif get_origin(outer.hint) is list and isinstance(part, int):
        for inner in _plain(get_args(outer.hint)[0]):
            # What is marked as a prompt is its list: its items are to know it.
            yield Allowed(inner.hint, (*inner.marks, *outer.marks))


def _plain(hint: Any, marks: tuple[Any, ...] = ()) -> Iterator[Allowed]:
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *more = get_args(hint)
        yield from _plain(inner, (*marks, *more))
    elif origin is Union or origin is UnionType:
        for member in get_args(hint):
            yield from _plain(member, marks)
    elif hint is not type(None):
        yield Allowed(hint, marks)
