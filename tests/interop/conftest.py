"""Tests marked `root` need a network namespace: where none can be made they are left out, and the end says so."""

from __future__ import annotations

import subprocess

import pytest

_LEFT_OUT = pytest.StashKey[list[str]]()


def _may_make_namespaces() -> bool:
    command = ["unshare", "--net", "ip", "link", "add", "type", "veth"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if item.get_closest_marker("root")]
    if left_out and not _may_make_namespaces():
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
        config.stash[_LEFT_OUT] = [item.nodeid for item in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for name in config.stash.get(_LEFT_OUT, []):
        terminalreporter.write_line(f"NOT RUN {name}: needs root, for a network namespace", red=True)
