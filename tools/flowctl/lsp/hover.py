"""What is shown when the pointer rests on a word."""

from __future__ import annotations

import inspect
import re

from engine.audio.files import find, read_clip
from engine.errors import AudioError
from engine.nodes.base import Node, Path
from engine.nodes.fields import ExpressionMark, PromptMark, TargetMark, TemplateMark
from engine.nodes.registry import node_types
from engine.scenario.draft import Draft
from tools.flowctl.lsp.completion import type_of
from tools.flowctl.lsp.cursor import offset, spot, value_at
from tools.flowctl.lsp.types import Allowed, allowed, node_model, node_of

_WORD = re.compile(r"[A-Za-z_][\w.]*")


def explain(draft: Draft, line: int, column: int) -> str | None:
    """Markdown about the key or value at a place, line and column from 1; None when there is nothing to say."""
    found = spot(draft.document, line, column)
    if found is None:
        return None
    if found.kind == "key":
        return _key(draft, found.path)
    value = value_at(draft.document, found.path)
    if not isinstance(value, str):
        return _key(draft, found.path)
    if node_of(found.path) is not None and found.path[2:] == ("type",):
        return node_type(value)
    for kind in allowed(draft.document, found.path):
        if (text := _value(draft, kind, value, line, column)) is not None:
            return text
    return _key(draft, found.path)


def _value(draft: Draft, kind: Allowed, value: str, line: int, column: int) -> str | None:
    if kind.mark(TargetMark):
        return node(draft, value)
    if kind.mark(ExpressionMark) or (kind.mark(TemplateMark) and "${" in value):
        return _name(draft, line, column)
    if kind.mark(PromptMark) and kind.hint is str:
        return _sound(draft, value)
    return None


def _key(draft: Draft, path: Path) -> str | None:
    if len(path) == 2 and path[0] == "nodes":
        return node(draft, str(path[1]))
    if node_of(path) is not None and path[2:3] == ("on",) and len(path) == 4:
        return f"Outcome `{path[3]}` of `{path[1]}`: the node that follows it."
    if len(path) > 1 and path[0] == "variables" and len(path) == 2:
        return variable(draft, str(path[1]))
    key = path[-1] if path else None
    for kind in allowed(draft.document, path[:-1]) if isinstance(key, str) else ():
        info = kind.model.model_fields.get(str(key)) if kind.model is not None else None
        if info is not None:
            required = ", required" if info.is_required() else ""
            return f"**{key}**{required}\n\n{info.description or ''}"
    return None


def node(draft: Draft, name: str) -> str | None:
    """A node in a few words."""
    if name not in draft.names:
        return "`end`: hangs up." if name == "end" else None
    model = node_model(draft.document, ("nodes", name))
    kind = next((key for key, value in node_types().items() if value is model), "of no known type")
    known = draft.nodes.get(name)
    ways = "" if known is None else "\n".join(f"- {e.label or e.outcome} → {e.target}" for e in known.edges())
    summary = inspect.cleandoc(model.__doc__ or "").split("\n\n")[0] if model is not Node else ""
    return f"**{name}**: {kind}\n\n{summary}\n\n{ways}".strip()


def node_type(name: str) -> str | None:
    """What a node type does, and its outcomes."""
    model = node_types().get(name)
    if model is None:
        return None
    outcomes = ", ".join(f"`{outcome}`" for outcome in model.outcomes)
    return f"**{name}**\n\n{inspect.cleandoc(model.__doc__ or '')}" + (
        f"\n\nOutcomes: {outcomes}" if outcomes else ""
    )


def variable(draft: Draft, name: str) -> str | None:
    """A variable: its type, and whether it is masked."""
    if name not in draft.environment.known():
        return None
    declared = draft.scenario.variables.get(name)
    words = [f"**{name}**: {type_of(draft, name)}"]
    if declared is not None and declared.default is not None:
        words.append(f"{declared.default!r} at the start of a call")
    if declared is not None and declared.masked:
        words.append("shown as x in records and logs")
    return ", ".join(words)


def word_at(text: str, line: int, column: int) -> str | None:
    """The name in which a place is, dots included."""
    at = offset(text, line, column)
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    row = text[start : end if end >= 0 else len(text)]
    return next((m[0] for m in _WORD.finditer(row) if m.start() <= at - start <= m.end()), None)


def _name(draft: Draft, line: int, column: int) -> str | None:
    """A name in an expression: the longest beginning of it that is known."""
    word = word_at(draft.document.text, line, column)
    while word:
        if (text := variable(draft, word)) is not None:
            return text
        word = word.rpartition(".")[0]
    return None


def _sound(draft: Draft, name: str) -> str | None:
    try:
        path = find(draft.prompts_dir, draft.scenario.language, name)
        return f"**{path.relative_to(draft.prompts_dir)}**: {read_clip(path).duration:.1f} s"
    except AudioError as error:
        return str(error)
