"""W7005: plain HTTP to another host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any, ClassVar
from urllib.parse import urlsplit

from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule

_VARIABLE = re.compile(r"\$\{\s*([A-Za-z_]\w*)\s*\}")


class PlainHttp(Rule):
    """Looks at the `url` of every node; the host of this machine itself may be asked without encryption."""

    id: ClassVar[str] = "W7005"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Plain HTTP to another host"
    why: ClassVar[str] = (
        "What goes over `http://` can be read and changed on its way: the caller's number, what they typed, and the "
        "answer on which the call depends."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: tell
nodes:
  tell:
    type: http
    method: POST
    url: http://crm.example.com/calls
    json: {from: call.cli}
    timeout: 2s
    on: {ok: end, error: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: tell
nodes:
  tell:
    type: http
    method: POST
    url: https://crm.example.com/calls
    json: {from: call.cli}
    timeout: 2s
    on: {ok: end, error: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each address."""
        raw: dict[str, Any] = draft.document.data["nodes"] if draft.nodes else {}
        for name in draft.nodes:
            written = raw[name].get("url")
            if not isinstance(written, str):
                continue
            url = _VARIABLE.sub(lambda found: _default(draft, found), written)
            if url.lower().startswith("http://") and not _is_here(url):
                span = draft.document.span(("nodes", name, "url"))
                yield self.found(draft, span, f"`{written.split('?')[0]}` is not encrypted", "use https://")


def _default(draft: Draft, found: re.Match[str]) -> str:
    """What a part of a text begins as, when it is a variable; else the part as it is written."""
    variable = draft.scenario.variables.get(found[1])
    return found[0] if variable is None or variable.default is None else str(variable.default)


def _is_here(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or host.endswith(".localhost") or ip_address(host).is_loopback
    except ValueError:
        return False
