"""The lock holds what pyproject.toml asks for, with hashes, and says nothing about where it was made."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.txt", "requirements-build.txt")


def locked(name: str) -> dict[str, str]:
    """Project → version."""
    pins = re.findall(r"(?m)^([A-Za-z0-9._-]+)==(\S+)", (ROOT / name).read_text())
    return {canonicalize_name(project): version for project, version in pins}


def wanted(name: str) -> list[str]:
    if name == "requirements-build.txt":
        return [line for line in (ROOT / "requirements-build.in").read_text().splitlines() if line[:1] not in "#"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    return [*project["dependencies"], *extras["server"], *extras["sip"], *extras["pyvoip"], *extras["dev"]]


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_locked_at_a_version_that_it_accepts(name: str):
    pins = locked(name)
    behind = [
        text
        for text in wanted(name)
        if not Requirement(text).specifier.contains(pins.get(canonicalize_name(Requirement(text).name), "0"))
    ]
    assert not behind, f"{name} is behind: run `make lock`"


@pytest.mark.parametrize("name", LOCKS)
def test_every_version_has_a_hash_and_no_line_says_where_it_came_from(name: str):
    entries = re.split(r"(?m)^(?=[A-Za-z0-9._-]+(?:==| @))", (ROOT / name).read_text())[1:]
    assert len(entries) == len(locked(name))
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"(?m)://|^\s*-", (ROOT / name).read_text().replace("    --hash", "    hash"))


def test_the_builders_of_both_locks_agree():
    whole = locked("requirements.txt")
    assert locked("requirements-build.txt").items() <= whole.items()
