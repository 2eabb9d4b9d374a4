"""W1014: a DID that is no number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule

SHAPE = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{1,15}|\+?[0-9]{0,15}\*")
"""E.164 with its +; a national number or an extension; the beginning of one with a star; the star alone."""

_ORNAMENTS = re.compile(r"[\s.()/-]|^(sips?|tel):|@.*$")


class DidShape(Rule):
    """Looks at every entry of `did`."""

    id: ClassVar[str] = "W1014"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "DID neither E.164, extension, pattern nor `*`"
    why: ClassVar[str] = (
        "A number is compared with the one that the line presents, which has no blanks, dots or words in it. Write "
        'it with its country (`"+33143670903"`), as it is dialled inside (`"0143670903"`, `"32"`), as the beginning '
        'of many numbers (`"0143*"`), or `"*"` for all others; the star stands at the end.'
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["01 43 67 09 03"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["0143670903"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each number."""
        for index, did in enumerate(draft.scenario.did):
            if did is not None and not SHAPE.fullmatch(did):
                # A single hyphen is between the ends of a range, rather than an ornament.
                bare = did if did.count("-") == 1 else _ORNAMENTS.sub("", did)
                hint = f'write "{bare}"' if SHAPE.fullmatch(bare) else 'such as "+33143670903", "32", "0143*" or "*"'
                yield self.found(draft, draft.document.span(("did", index)), f"`{did}` is no number", hint)
