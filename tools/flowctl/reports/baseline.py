"""A baseline: findings that were there when one began to look, and are not to be told again.

It names file (as seen from its own folder), rule and message, not lines, so that it holds while the files are edited.
It is written sorted, so that its history reads well.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import ConfigurationError
from engine.scenario.diagnostics import Diagnostic
from tools.flowctl.reports.places import relative

Key = tuple[str, str, str]
VERSION = 1


@dataclass(frozen=True, slots=True)
class Compared:
    """Findings beside a baseline: those to be told, those that it hides, and how many of its entries no longer
    occur."""

    new: list[Diagnostic]
    hidden: list[Diagnostic]
    gone: int


def write_baseline(path: Path, findings: Iterable[Diagnostic]) -> int:
    """Write all findings down; how many there are. Raises OSError."""
    keys = sorted(_key(found, path) for found in findings)
    entries = [{"file": file, "rule": rule, "message": message} for file, rule, message in keys]
    text = json.dumps({"version": VERSION, "findings": entries}, indent=2, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")
    return len(keys)


def compare(path: Path, findings: Iterable[Diagnostic]) -> Compared:
    """Take away what a baseline names: each entry hides one finding. Raises ConfigurationError for a file that is no
    baseline."""
    left = Counter(_read(path))
    new: list[Diagnostic] = []
    hidden: list[Diagnostic] = []
    for found in findings:
        key = _key(found, path)
        if left[key] > 0:
            left[key] -= 1
            hidden.append(found)
        else:
            new.append(found)
    return Compared(new, hidden, sum(left.values()))


def _key(found: Diagnostic, baseline: Path) -> Key:
    return relative(found.file, baseline.parent), found.rule, found.message


def _read(path: Path) -> list[Key]:
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigurationError(f"{path} is no baseline: {error}") from error
    try:
        if data["version"] != VERSION:
            raise ConfigurationError(f"{path} is a baseline of version {data['version']}; this reads {VERSION}")
        return [(str(entry["file"]), str(entry["rule"]), str(entry["message"])) for entry in data["findings"]]
    except (KeyError, TypeError) as error:
        raise ConfigurationError(f"{path} is no baseline: write one with --write-baseline") from error
