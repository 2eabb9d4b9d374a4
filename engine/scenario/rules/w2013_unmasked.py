"""W2013: a secret that is written into records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.base import Path
from engine.nodes.collect import Collect
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._speech import spoken
from engine.scenario.rules.base import Rule

_NAMES = frozenset(
    (
        *("pin", "pincode", "passcode", "passwd", "password", "cvv", "cvc", "card", "cardnumber", "creditcard"),
        *("secret", "carte", "motdepasse", "cryptogramme", "iban"),
    )
)
_NAME_PAIRS = ("code_secret", "code_confidentiel", "mot_de_passe", "security_code", "access_code", "card_number")
_NOT_SECRET = frozenset({"type", "kind", "name", "holder", "attempts", "tries", "ok", "valid"})
_WORDS = re.compile(
    r"\bPIN\b|\b(?:credit|debit|bank|payment) card|\bcard number|\bpass(?:word|code)|\b(?:secret|security) code"
    r"|\bnuméro de (?:votre )?carte|\bcarte (?:bancaire|bleue|de crédit|de paiement)"
    r"|\b(?:digits|number) (?:of|on) (?:your|the) card\b|\bchiffres de (?:votre|la) carte\b"
    r"|\bcode (?:secret|confidentiel|pin)\b|\bmot de passe|\bcryptogramme|\b(?:cvv|cvc)\b",
    re.IGNORECASE,
)


class Unmasked(Rule):
    """Judges by the name of the variable, and by the words of the prompt in English and in French."""

    id: ClassVar[str] = "W2013"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Card number or PIN not masked"
    why: ClassVar[str] = (
        "What callers type is in the records and in the logs, for everybody who may read them. `masked: "
        "true`, at the node or at the declared variable, shows stars in its place."
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
    prompt: [{say: Please enter your PIN.}]
    variable: pin
    max_digits: 4
    on: {collected: check, no_input: end, invalid: end}
  check:
    type: branch
    cases: [{when: "pin == '4711'", next: good}]
    default: end
  good: {type: play, prompt: [{say: Thank you.}], next: end}
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
    prompt: [{say: Please enter your PIN.}]
    variable: pin
    max_digits: 4
    masked: true
    on: {collected: check, no_input: end, invalid: end}
  check:
    type: branch
    cases: [{when: "pin == '4711'", next: good}]
    default: end
  good: {type: play, prompt: [{say: Thank you.}], next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each such `collect`, at its variable."""
        for name, node in draft.nodes.items():
            base = ("nodes", name)
            unclear = [(*base, "masked"), (*base, "variable"), ("variables",)]
            if not isinstance(node, Collect) or any(map(draft.is_spoiled, unclear)):
                continue
            declared = draft.scenario.variables.get(node.variable)
            if node.masked or (declared is not None and declared.masked):
                continue
            if _is_secret_name(node.variable) or _asks_for_secret(draft, base, node):
                span = draft.document.span((*base, "variable"))
                message = f"`{node.variable}` seems to be a card number or a secret code, and is not masked"
                yield self.found(draft, span, message, "write `masked: true`")


def _is_secret_name(variable: str) -> bool:
    words = re.findall(r"[a-z]+|[A-Z]+(?![a-z])|[A-Z][a-z]+", variable)
    words = [word.lower() for word in words]
    if not words or words[-1] in _NOT_SECRET:
        return False
    return not _NAMES.isdisjoint(words) or any(pair in "_".join(words) for pair in _NAME_PAIRS)


def _asks_for_secret(draft: Draft, base: Path, node: Collect) -> bool:
    items = spoken(draft, (*base, "prompt"), node.prompt)
    return any(item is not None and _WORDS.search(item.text) for item in items)
