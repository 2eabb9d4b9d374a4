"""E2005: a pattern that nothing can match."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.call.patterns import full_match
from engine.nodes.collect import Collect
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._keys import KEYPAD
from engine.scenario.rules._lengths import LONGEST, between, lengths
from engine.scenario.rules.base import Rule

LONGEST_INPUT = 64
"""Keys of an input for which no `max_digits` is given: more than anybody types."""


class Pattern(Rule):
    """Computes which lengths of input the pattern takes, with the keys that there are but the terminator."""

    id: ClassVar[str] = "E2005"
    summary: ClassVar[str] = "Pattern invalid, or unsatisfiable within the length limits"
    why: ClassVar[str] = (
        "The whole input must match `pattern`, a regular expression of RE2 (nothing that looks ahead or "
        "back). One that no input of `min_digits` to `max_digits` telephone keys can match refuses every "
        "caller."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: ask
nodes:
  ask:
    type: collect
    prompt: [{say: Please enter your five digit postal code.}]
    variable: postal_code
    max_digits: 4
    pattern: '[0-9]{5}'
    on: {collected: confirm, no_input: end, invalid: end}
  confirm: {type: play, prompt: [{digits: postal_code}], next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: ask
nodes:
  ask:
    type: collect
    prompt: [{say: Please enter your five digit postal code.}]
    variable: postal_code
    max_digits: 5
    pattern: '[0-9]{5}'
    on: {collected: confirm, no_input: end, invalid: end}
  confirm: {type: play, prompt: [{digits: postal_code}], next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each pattern. Limits that contradict each other are E2004; a needed terminator is E2003."""
        for name, node in draft.nodes.items():
            if not isinstance(node, Collect) or node.pattern is None:
                continue
            span = draft.document.span(("nodes", name, "pattern"))
            defect = invalid(node.pattern)
            if defect is not None:
                hint = "patterns are RE2: no look-ahead, no look-behind, no back reference"
                yield self.found(draft, span, f"the pattern is not a regular expression of RE2: {defect}", hint)
                continue
            most = LONGEST_INPUT if node.max_digits is None else node.max_digits
            limits = any(draft.is_spoiled(("nodes", name, key)) for key in ("min_digits", "max_digits", "terminator"))
            if limits or node.min_digits > most:
                continue
            if not lengths(node.pattern, KEYPAD):
                yield self.found(
                    draft, span, "no keys of a telephone match this pattern", "keys are 0-9, *, # and A-D"
                )
            elif not lengths(node.pattern, KEYPAD) & between(node.min_digits, most):
                yield self.found(draft, span, _too_short_or_long(node, most), "change the pattern or the limits")


def _too_short_or_long(node: Collect, most: int) -> str:
    taken = lengths(node.pattern or "", KEYPAD)
    shortest, longest = (taken & -taken).bit_length() - 1, taken.bit_length() - 1
    takes = f"{shortest} to {longest}"
    if taken.bit_count() <= 3:
        takes = " or ".join(str(length) for length in range(shortest, longest + 1) if taken >> length & 1)
    elif longest == LONGEST:
        takes = f"{shortest} or more"
    given = f"at most {most}" if shortest > most else f"at least {node.min_digits}"
    if not shortest > most and not longest < node.min_digits:
        given = f"{node.min_digits} to {most}"
    return f"no input can match: the pattern takes {takes} keys, the input has {given}"


def invalid(pattern: str) -> str | None:
    """Why a pattern is no regular expression of RE2; None when it is one."""
    try:
        full_match(pattern, "")
    except ValueError as error:
        reason = str(error).rpartition("invalid regular expression: ")[2]
        return reason.removesuffix(")$").removesuffix(": ^(?:" + pattern).rstrip(": ")
    return None


def is_valid(pattern: str) -> bool:
    """True for a regular expression of RE2."""
    return invalid(pattern) is None
