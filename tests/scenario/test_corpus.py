"""Scenarios of people who did it right, and of people who made one mistake.

`broken/<ID>_<defect>.yaml` says in its first lines what is found in it, in order and nothing else:
`# expect: E1001 7:11`. In `clean/` nothing is found at all. Either may be a folder, when other files are needed:
`scenario.yaml` is the one looked at. Each is checked in a place of its own, without a server around it unless its
folder brings one.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from engine.scenario.check import check_files
from engine.scenario.load import walk_files
from engine.scenario.rules.registry import rules

HERE = Path(__file__).parent
CLEAN = sorted((HERE / "clean").iterdir())
BROKEN = sorted((HERE / "broken").iterdir())

UNTESTED = "I8006"
"""Nothing here has tests of its own, so this rule is looked for only where it is expected."""


def looked_at(entry: Path) -> Path:
    return entry / "scenario.yaml" if entry.is_dir() else entry


def findings(entry: Path, place: Path) -> list[str]:
    """What is found in a scenario: `E1001 7:11`, in order."""
    if entry.is_dir():
        shutil.copytree(entry, place, dirs_exist_ok=True)
        paths = list(walk_files([place]))
    else:
        paths = [Path(shutil.copy(entry, place))]
    ours = place / looked_at(entry).name
    (result,) = [result for path, result in zip(paths, check_files(paths), strict=True) if path == ours]
    return [f"{found.rule} {found.line}:{found.column}" for found in result.diagnostics]


def expected(entry: Path) -> list[str]:
    # Some of these files are no UTF-8 on purpose.
    text = looked_at(entry).read_bytes().replace(b"\0", b"").decode("utf-8-sig", "replace")
    head = re.match(r"(?:[^#\n]?[^#\n]?# expect: .*\n?)*", text)
    return re.findall(r"# expect: (\S+ \d+:\d+)", head[0]) if head else []


@pytest.mark.parametrize("entry", CLEAN, ids=lambda entry: entry.name)
def test_nothing_is_found_in_a_clean_one(entry: Path, tmp_path: Path) -> None:
    assert [found for found in findings(entry, tmp_path) if not found.startswith(UNTESTED)] == []


@pytest.mark.parametrize("entry", BROKEN, ids=lambda entry: entry.name)
def test_the_defect_is_found_and_nothing_else(entry: Path, tmp_path: Path) -> None:
    found = findings(entry, tmp_path)
    wanted = expected(entry)
    if not any(finding.startswith(UNTESTED) for finding in wanted):
        found = [finding for finding in found if not finding.startswith(UNTESTED)]
    assert found == wanted != []


@pytest.mark.parametrize("rule_id", sorted(rules()))
def test_every_rule_has_a_broken_one_that_is_named_by_its_defect(rule_id: str) -> None:
    named = [entry for entry in BROKEN if re.match(rf"{rule_id}_\w", entry.name)]
    assert any(f"{rule_id} " in finding for entry in named for finding in expected(entry))


def test_there_are_many() -> None:
    assert len(CLEAN) >= 50
    assert len(BROKEN) >= 250
