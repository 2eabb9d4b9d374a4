"""What a rule is: facts about itself, two examples, one method."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterable
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic, Severity, Span
from engine.scenario.draft import Draft


class Rule(ABC):
    """Base of every rule. `bad` must give exactly one finding of this rule and no other, `good` none at all:
    both are executed by the tests and shown in the rule's page.

    The rules of the load and schema steps (E0001, E0003, E0004, E0005) are classes too, for their pages and
    examples; they find nothing here.
    """

    id: ClassVar[str]
    severity: ClassVar[Severity] = "error"
    summary: ClassVar[str]
    why: ClassVar[str]
    bad: ClassVar[str]
    good: ClassVar[str]
    files: ClassVar[dict[str, bytes]] = {}
    """Files beside the examples: path → content."""

    suppressible: ClassVar[bool | None] = None
    """A comment in the file can silence it; by default that is so for all but errors."""

    missing_key: ClassVar[tuple[str, str] | None] = None
    """(node type, key): this rule speaks, instead of E0003, when such a node lacks the key."""
    missing_message: ClassVar[str] = ""

    def check(self, draft: Draft) -> Iterable[Diagnostic]:
        """Every defect of this kind."""
        return ()

    def found(self, draft: Draft, span: Span, message: str, hint: str = "") -> Diagnostic:
        """A finding of this rule."""
        return Diagnostic.at(span, self.id, message, file=draft.document.file, hint=hint, severity=self.severity)
