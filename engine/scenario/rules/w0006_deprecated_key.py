"""W0006: a key that has another name now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import BaseModel

from engine.nodes.base import Path
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule


class DeprecatedKey(Rule):
    """The models say which keys these are, and what to do about them."""

    id: ClassVar[str] = "W0006"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Deprecated key"
    why: ClassVar[str] = (
        "The key is still understood, but it has a better one in its stead, and a later version of the language will "
        "not know it any more."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: greet
nodes:
  greet: {type: play, prompt: [{say: We are closed.}], times: 2, next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: greet
nodes:
  greet: {type: play, prompt: [{say: We are closed.}], repeat: 2, next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each such key."""
        top = _deprecated((), draft.scenario.model_copy(update={"nodes": {}}))
        inside = (found for name, node in draft.nodes.items() for found in _deprecated(("nodes", name), node))
        for path, advice in (*top, *inside):
            span = draft.document.key_span(path)
            yield self.found(draft, span, f"the key `{path[-1]}` is deprecated", advice)


def _deprecated(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    """The deprecated keys that are written in a model, or in the models inside of it, with the advice for each."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _deprecated((*path, key), item)
    if isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            if name in value.model_fields_set and info.deprecated:
                yield (*path, info.alias or name), str(info.deprecated)
            # Not by its attribute: to read that of a deprecated field is a warning to Python.
            yield from _deprecated((*path, info.alias or name), vars(value)[name])
