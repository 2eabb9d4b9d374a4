"""Tests marked `root` need a network namespace: where none can be made they are left out, and the end says so."""

from __future__ import annotations

import subprocess

import pytest
from support.namespace import namespace

_LEFT_OUT = pytest.StashKey[list[str]]()


def _may_make_namespaces() -> bool:
    """Some containers let a namespace be made, and nothing be done in it: only trying tells."""
    try:
        with namespace() as space:
            subprocess.run([*space.prefix, "true"], check=True, capture_output=True)
    except (RuntimeError, OSError, subprocess.CalledProcessError):
        return False
    return True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if item.get_closest_marker("root")]
    if left_out and not _may_make_namespaces():
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
        config.stash[_LEFT_OUT] = [item.nodeid for item in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for name in config.stash.get(_LEFT_OUT, []):
        terminalreporter.write_line(f"NOT RUN {name}: needs root, for a network namespace", red=True)
