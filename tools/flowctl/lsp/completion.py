"""What may be written at the cursor."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any, Literal, get_origin

from engine.call.expressions import SYSTEM, describe
from engine.nodes.base import END, Node, Path
from engine.nodes.fields import ExpressionMark, Item, PromptMark, TargetMark, TemplateMark
from engine.nodes.registry import node_types
from engine.nodes.return_ import Return
from engine.scenario.draft import Draft
from tools.flowctl.lsp.cursor import Cursor, look, value_at
from tools.flowctl.lsp.types import Allowed, allowed, node_model, node_of

Kind = Literal["node", "key", "outcome", "type", "word", "variable", "file", "centre", "scenario"]

_AUDIO = (".wav", ".flac", ".ogg", ".mp3")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "mon-fri")
_COUNTS = ("available", "logged_in", "waiting")


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something that may be written: `typed` characters before the cursor are replaced by `text`."""

    label: str
    kind: Kind
    text: str
    typed: int
    detail: str = ""
    description: str = ""


def proposals(text: str, line: int, column: int, draft: Draft | None) -> list[Proposal]:
    """Everything that fits at a place, line and column from 1. `draft` is the last one that could be made."""
    cursor = look(text, line, column)
    if cursor is None:
        return []
    found = list(_keys(cursor, draft) if cursor.kind == "key" else _values(cursor, draft))
    return list({proposal.label: proposal for proposal in reversed(found)}.values())[::-1]


def _keys(cursor: Cursor, draft: Draft | None) -> Iterator[Proposal]:
    parent = cursor.path[:-1]
    there = value_at(cursor.document, parent)
    taken = set(there) if isinstance(there, dict) else set()
    for proposal in _keys_of(cursor, parent, len(cursor.before), draft):
        if proposal.label not in taken or proposal.label == cursor.path[-1]:
            yield proposal


def _keys_of(cursor: Cursor, path: Path, typed: int, draft: Draft | None) -> Iterator[Proposal]:
    """The keys that the mapping at a path may have."""
    if node_of(path) is not None and path[2:] == ("on",):
        yield from _outcomes(cursor, path[:2], typed, draft)
        return
    if path[2:] == ("inputs",) and (called := _called(cursor, path[:2], draft)) is not None:
        for name, variable in called.scenario.variables.items():
            detail = "required" if variable.default is None else ""
            yield Proposal(name, "variable", f"{quoted(name)}: ", typed, detail)
    for kind in allowed(cursor.document, path):
        if kind.model is not None:
            yield from _parameters(kind.model, typed)
        elif get_origin(kind.hint) is dict and path[2:] == ("week",):
            yield from (Proposal(day, "key", f'{day}: ["', typed) for day in _DAYS)


def _parameters(model: type[Any], typed: int) -> Iterator[Proposal]:
    branches = issubclass(model, Node) and model.outcomes != ("next",) and model is not Node
    for name, info in model.model_fields.items():
        if name == "next" and branches and info.description == Node.model_fields["next"].description:
            continue
        detail = "required" if info.is_required() else ""
        yield Proposal(name, "key", f"{name}: ", typed, detail, info.description or "")


def _outcomes(cursor: Cursor, node: Path, typed: int, draft: Draft | None) -> Iterator[Proposal]:
    model = node_model(cursor.document, node)
    called = _called(cursor, node, draft)
    returned = [inner.outcome for inner in called.nodes.values() if isinstance(inner, Return)] if called else []
    for outcome in (*dict.fromkeys(returned), *model.outcomes, "error"):
        yield Proposal(outcome, "outcome", f"{quoted(outcome)}: ", typed, f"outcome of {model.__name__.lower()}")


def _called(cursor: Cursor, node: Path, draft: Draft | None) -> Draft | None:
    """The scenario that a `scenario` node calls."""
    name = value_at(cursor.document, (*node, "name"))
    if draft is None or value_at(cursor.document, (*node, "type")) != "scenario" or not isinstance(name, str):
        return None
    return draft.project.scenario(name)


def _values(cursor: Cursor, draft: Draft | None) -> Iterator[Proposal]:
    typed = len(cursor.before)
    if not cursor.path:
        yield from _keys_of(cursor, (), typed, draft)
        return
    if node_of(cursor.path) is not None and cursor.path[2:] == ("type",):
        yield from _types(typed)
        return
    for kind in allowed(cursor.document, cursor.path):
        yield from _fitting(cursor, kind, draft, typed)
    if draft is not None:
        yield from _elsewhere(cursor, draft, typed)
    if "\n" not in cursor.before:
        yield from _keys_of(cursor, cursor.path, typed, draft)


def _fitting(cursor: Cursor, kind: Allowed, draft: Draft | None, typed: int) -> Iterator[Proposal]:
    if kind.mark(TargetMark):
        yield from _targets(cursor, typed)
    for choice in kind.choices:
        yield Proposal(choice, "word", choice, typed)
    if kind.mark(ExpressionMark) or (kind.mark(TemplateMark) and _in_expression(cursor.before)):
        yield from _names(cursor.before, draft)
    elif kind.mark(PromptMark) and kind.hint is str and draft is not None:
        yield from _files(draft.prompts_dir, typed)
    if kind.mark(PromptMark) and kind.model is not None and issubclass(kind.model, Item):
        for name, info in kind.model.model_fields.items():
            yield Proposal(name, "key", f"{{{name}: ", typed, "prompt item", info.description or "")


def _types(typed: int) -> Iterator[Proposal]:
    for name, model in node_types().items():
        description = inspect.cleandoc(model.__doc__ or "")
        yield Proposal(name, "type", name, typed, description.split("\n")[0], description)


def _targets(cursor: Cursor, typed: int) -> Iterator[Proposal]:
    nodes = value_at(cursor.document, ("nodes",))
    for name, node in nodes.items() if isinstance(nodes, dict) else ():
        kind = node.get("type", "") if isinstance(node, dict) else ""
        yield Proposal(name, "node", quoted(name), typed, str(kind))
    yield Proposal(END, "node", END, typed, "hangs up")


def _in_expression(before: str) -> bool:
    return before.rfind("${") > before.rfind("}")


def _names(before: str, draft: Draft | None) -> Iterator[Proposal]:
    """Names for an expression, with their types."""
    if draft is None:
        return
    word = re.search(r"[A-Za-z_][\w.]*$", before)
    typed = len(word[0]) if word else 0
    for name in draft.environment.known():
        yield Proposal(name, "variable", name, typed, type_of(draft, name))
    directory = draft.project.directory
    for centre in directory.centres if directory else ():
        for count in _COUNTS:
            yield Proposal(f"centre.{centre.name}.{count}", "variable", f"centre.{centre.name}.{count}", typed, "int")


def type_of(draft: Draft, name: str) -> str:
    """The type of a name that expressions may use, in words."""
    return describe({**SYSTEM, **draft.environment.variables}[name])


def _files(folder: File, typed: int) -> Iterator[Proposal]:
    """Audio files as a prompt names them: without the folder of the language."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.suffix.lower() in _AUDIO:
            inside = path.relative_to(folder)
            name = File(*inside.parts[1:]) if len(inside.parts) > 1 and len(inside.parts[0]) == 2 else inside
            yield Proposal(name.as_posix(), "file", name.as_posix(), typed)


def _elsewhere(cursor: Cursor, draft: Draft, typed: int) -> Iterator[Proposal]:
    """Names that stand in other files: centres, scenarios."""
    node = node_of(cursor.path)
    if node is None:
        return
    match (value_at(cursor.document, (*node, "type")), *cursor.path[2:]):
        case ("agent_search", "centre"):
            names: Iterable[str] = (
                [c.name for c in draft.project.directory.centres] if draft.project.directory else []
            )
            yield from (Proposal(name, "centre", quoted(name), typed) for name in names)
        case ("scenario", "name"):
            others = (name for name in draft.project.by_name if name != draft.scenario.name)
            yield from (Proposal(name, "scenario", quoted(name), typed) for name in sorted(others))
        case ("scenario", "outputs", _) if (called := _called(cursor, node, draft)) is not None:
            variables = called.scenario.variables
            yield from (Proposal(name, "variable", quoted(name), typed) for name in variables)


_PLAIN = re.compile(r"[A-Za-z_À-ɏ][\w À-ɏ-]*\Z")
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])


def quoted(name: str) -> str:
    """A name as YAML wants it: in quotes where it would be taken for something else."""
    if _PLAIN.match(name) and name.lower() not in _WORDS and not name.endswith(" "):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
