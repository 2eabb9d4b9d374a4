"""E7001: a password or a token in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from engine.nodes.base import Path
from engine.nodes.fields import ExpressionMark, TargetMark
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule
from engine.scenario.walk import iter_marked

_KEYS = re.compile(
    r"(.*[_-])?(password|passwd|passphrase|secret|token|api[_-]?key|apikey|access[_-]?key|private[_-]?key|authorization"
    r"|credentials?)",
    re.IGNORECASE,
)
"""Keys whose values are secrets."""
_SHAPES = re.compile(
    r"\bsk[-_](live[-_]|proj-|ant-)?[A-Za-z0-9_-]{16,}|\bgh[opsu]_[A-Za-z0-9]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\bA(KIA|SIA)[0-9A-Z]{16}\b|\bglpat-[A-Za-z0-9_-]{16,}|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(Bearer|Basic) +[A-Za-z0-9._~+/=-]{12,}"
    r"|\b[A-Za-z][A-Za-z0-9+.-]*://[^\s/@:$]*:(?!\$)[^\s/@$]+@|\bsips?:[^\s/@:$]+:(?!\$)[^\s/@$]+@"
    r"|[?&](api[_-]?key|apikey|access[_-]?token|token|secret|password|sig|signature)=(?!\$)[^\s&$]{6,}"
)
"""Texts that are secrets wherever they stand."""
_LITERAL = re.compile(r"""\s*("[^"]*"|'[^']*')\s*\Z""")


class Secret(Rule):
    """Looks at all texts of the file, `x-…` too, but not at comments."""

    id: ClassVar[str] = "E7001"
    suppressible: ClassVar[bool | None] = True
    summary: ClassVar[str] = "Password or token in the file"
    why: ClassVar[str] = (
        "A scenario is read by many people and kept in version control. Names of databases and servers' credentials "
        "belong in the server's settings, or in the environment."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
x-crm: {url: "https://crm.example.com", api_key: 8c1f0e2b7d}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
x-crm: {url: "https://crm.example.com"}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """Texts below a key such as `password`, and texts that look like a secret. They are not shown."""
        marks = {
            ("nodes", name, *path): mark
            for name, node in draft.nodes.items()
            for path, _, mark in iter_marked(node)
            if isinstance(mark, ExpressionMark | TargetMark)
        }
        for path, text in _texts((), draft.document.data):
            mark = marks.get(path)
            if isinstance(mark, TargetMark) or path[-2:-1] in (("on",), ("options",)):
                continue
            key = _secret_key(path)
            if key is not None and _is_written_out(text, expression=mark is not None):
                message = f"`{key}` is written out in the file"
            elif _SHAPES.search(text):
                message = "this looks like a password or a token"
            else:
                continue
            hint = "keep it in the server's settings or in its environment, and change it: it has been seen"
            yield self.found(draft, draft.document.span(path), message, hint)


def _texts(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts((*path, key), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts((*path, index), item)
    elif isinstance(value, str):
        yield path, value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, str(value)


def _secret_key(path: Path) -> str | None:
    """The key that says that the value at a path is a secret."""
    key = path[-2] if path[-1:] == ("default",) and path[:1] == ("variables",) else path[-1] if path else None
    if path[:1] == ("nodes",) and len(path) == 2:
        return None
    return key if isinstance(key, str) and _KEYS.fullmatch(key) else None


def _is_written_out(text: str, *, expression: bool) -> bool:
    if expression:
        literal = _LITERAL.match(text)
        return literal is not None and len(literal[1]) > 2
    return bool(text.strip()) and "${" not in text
