"""SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format): for code scanning and for editors.

Section numbers are those of the standard.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.rules.base import Rule
from engine.scenario.rules.registry import rules
from tools.flowctl.reports.places import relative

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
_LEVELS = {"error": "error", "warning": "warning", "information": "note"}

Silenced = tuple[Diagnostic, str]
"""A finding that is not to be shown, and how it was silenced: `inSource` or `external` (§3.35.2)."""


def as_sarif(findings: Iterable[Diagnostic], silenced: Iterable[Silenced] = ()) -> str:
    """A log with one run (§3.13), indented JSON."""
    known = list(rules())
    seen: Counter[str] = Counter()
    results = [_result(found, known, seen) for found in findings]
    for found, kind in silenced:
        suppression = {"kind": kind} | ({"justification": found.hint} if kind == "inSource" else {})
        results.append({**_result(found, known, seen), "suppressions": [suppression]})
    driver = {
        "name": "flowctl",
        "semanticVersion": version("flowctl"),
        "rules": [_rule(rule) for rule in rules().values()],
    }
    run = {
        "tool": {"driver": driver},
        # Columns count characters, as in the text report; the end is one behind the last (§3.30.8).
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The folder in which flowctl was run."}}},
        "results": results,
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    """A reportingDescriptor (§3.49)."""
    help_text = f"{rule.why}\n\nWrong:\n\n{rule.bad}\nRight:\n\n{rule.good}"
    markdown = f"{rule.why}\n\nWrong:\n\n```yaml\n{rule.bad}```\n\nRight:\n\n```yaml\n{rule.good}```\n"
    return {
        "id": rule.id,
        "name": type(rule).__name__,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "help": {"text": help_text, "markdown": markdown},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(found: Diagnostic, known: list[str], seen: Counter[str]) -> dict[str, Any]:
    """A result (§3.27). Its fingerprint stays when lines are added above."""
    file = relative(found.file)
    key = f"{found.rule}\0{file}\0{found.message}"
    seen[key] += 1
    fingerprint = blake2b(f"{key}\0{seen[key]}".encode("utf-8", "backslashreplace"), digest_size=12).hexdigest()
    message = f"{found.message}\n{found.hint}" if found.hint else found.message
    region = {
        "startLine": found.line,
        "startColumn": found.column,
        "endLine": found.end_line,
        "endColumn": found.end_column,
    }
    return {
        "ruleId": found.rule,
        "ruleIndex": known.index(found.rule),
        "level": _LEVELS[found.severity],
        "message": {"text": message},
        "locations": [{"physicalLocation": {"artifactLocation": _artifact(file), "region": region}}],
        "partialFingerprints": {"flowctlFinding/v1": fingerprint},
    }


def _artifact(file: str) -> dict[str, str]:
    """An artifactLocation (§3.4): relative to the folder in which flowctl runs, else an absolute URI."""
    if Path(file).is_absolute():
        return {"uri": Path(file).as_uri()}
    return {"uri": quote(file), "uriBaseId": ROOT}
