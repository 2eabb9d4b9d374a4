"""Finds the marked strings of a model: expressions, templates, references, assignments, prompts.

The marks are the metadata of the field types in `engine.nodes.fields`; nothing here knows a node type.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from engine.nodes.base import Path
from engine.nodes.fields import AssignMark, ExpressionMark, JsonMark, PromptMark, TargetMark, TemplateMark

Mark = ExpressionMark | TemplateMark | TargetMark | AssignMark
MARKS = (ExpressionMark, TemplateMark, TargetMark, AssignMark)


def iter_marked(model: BaseModel) -> Iterator[tuple[Path, str, Mark]]:
    """Every marked string of a model: its path in the document, the string, its mark. A mapping's marked keys
    come just before their values; their path is the value's."""
    for path, value, mark in _walked(model):
        if isinstance(mark, MARKS) and isinstance(value, str):
            yield path, value, mark


def iter_prompts(model: BaseModel) -> Iterator[tuple[Path, list[Any]]]:
    """Every prompt of a model, with its path."""
    for path, value, mark in _walked(model):
        if isinstance(mark, PromptMark) and isinstance(value, list):
            yield path, value


_KEPT = 4096
_known: dict[int, tuple[BaseModel, tuple[tuple[Path, Any, Any], ...]]] = {}
"""What has been found in models, by their identity: every rule asks for the same again, and no model changes."""


def _walked(model: BaseModel) -> tuple[tuple[Path, Any, Any], ...]:
    known = _known.get(id(model))
    if known is None or known[0] is not model:
        if len(_known) >= _KEPT:
            _known.clear()
        known = _known[id(model)] = (model, tuple(_walk_model((), model)))
    return known[1]


@cache
def fields(model: type[BaseModel]) -> tuple[tuple[str, Any], ...]:
    """Key in the document → type with its metadata put back around it."""
    found = []
    for name, info in model.model_fields.items():
        hint: Any = info.annotation
        for extra in info.metadata:
            hint = Annotated[hint, extra]
        found.append((info.alias or name, hint))
    return tuple(found)


@cache
def attributes(model: type[BaseModel]) -> dict[str, str]:
    """Key in the document → name of the attribute."""
    return {info.alias or name: name for name, info in model.model_fields.items()}


def _walk_model(path: Path, model: BaseModel) -> Iterator[tuple[Path, Any, Any]]:
    named = attributes(type(model))
    for key, hint in fields(type(model)):
        # Not by getattr: to read the attribute of a deprecated field is a warning to Python.
        yield from _walk((*path, key), vars(model)[named[key]], hint)


def _walk(path: Path, value: Any, hint: Any) -> Iterator[tuple[Path, Any, Any]]:
    if value is None:
        return
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *marks = get_args(hint)
        for mark in marks:
            if isinstance(mark, JsonMark):
                yield from _texts(path, value)
            yield path, value, mark
        yield from _walk(path, value, inner)
    elif origin is Union or origin is UnionType:
        yield from _walk(path, value, _member(value, get_args(hint)))
    elif isinstance(value, BaseModel):
        yield from _walk_model(path, value)
    elif isinstance(value, dict) and origin is dict:
        key_hint, value_hint = get_args(hint)
        for key, item in value.items():
            yield from _walk((*path, key), key, key_hint)
            yield from _walk((*path, key), item, value_hint)
    elif isinstance(value, list) and origin is list:
        (item_hint,) = get_args(hint)
        for index, item in enumerate(value):
            yield from _walk((*path, index), item, item_hint)


def _texts(path: Path, value: Any) -> Iterator[tuple[Path, Any, Any]]:
    """The strings of a JSON value, each a text."""
    if isinstance(value, str):
        yield path, value, TemplateMark()
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts((*path, key), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts((*path, index), item)


def _member(value: Any, members: tuple[Any, ...]) -> Any:
    """The member of a union that a validated value belongs to: the one of its Python type."""
    for member in members:
        plain = member
        while get_origin(plain) is Annotated:
            plain = get_args(plain)[0]
        plain = get_origin(plain) or plain
        if isinstance(plain, type) and isinstance(value, plain):
            return member
    return members[0]


class Assignment(NamedTuple):
    """A variable that a node assigns. `path` leads to what names it; `source` says where its type comes from:
    `:string` (or another type of the mark), or the CEL expression whose value it takes. `outcomes` are those at
    which it is certain to have been assigned; None: all but `error`."""

    path: Path
    name: str
    source: str
    outcomes: tuple[str, ...] | None


def iter_assignments(model: BaseModel) -> Iterator[Assignment]:
    """Every variable that a node assigns."""
    keys: dict[Path, AssignMark] = {}
    for path, text, mark in iter_marked(model):
        if isinstance(mark, AssignMark):
            if mark.type == "value":
                keys[path] = mark
            else:
                yield Assignment(path, mark.name or text, f":{mark.type}", mark.outcomes)
        elif isinstance(mark, ExpressionMark) and path in keys:
            yield Assignment(path, str(path[-1]), text, keys[path].outcomes)


def marks_of(hint: Any) -> Iterator[Any]:
    """Every mark in a type, those inside its models too."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        for _, part in fields(hint):
            yield from marks_of(part)
    elif get_origin(hint) is Annotated:
        inner, *marks = get_args(hint)
        yield from marks
        yield from marks_of(inner)
    else:
        for part in get_args(hint):
            yield from marks_of(part)
