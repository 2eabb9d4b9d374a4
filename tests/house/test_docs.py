"""Every command that the documentation shows works; every link leads somewhere."""

from __future__ import annotations

import importlib
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import typer.main

from engine.scenario.check import check

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/adr/*.md")])
NEEDS_A_SERVER = {"serve", "dial"}


def commands(page: Path) -> list[list[str]]:
    fences = re.findall(r"(?ms)^```console\n(.*?)^```$", page.read_text())
    return [shlex.split(line[2:]) for fence in fences for line in fence.splitlines() if line.startswith("$ ")]


def run(command: list[str], folder: Path) -> None:
    program = str(ROOT / ".venv/bin" / Path(command[0]).name)
    done = subprocess.run(
        [program, *command[1:]],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    # Between the two that are compared there is a difference.
    expected = 1 if command[1] == "diff" else 0
    assert done.returncode == expected, f"{shlex.join(command)}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.name)
def test_the_commands_shown_can_be_run_one_after_another(page: Path, tmp_path: Path):
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    for command in commands(page):
        if command[0] == "make":
            assert re.search(rf"(?m)^{command[1]}:", (ROOT / "Makefile").read_text()), command
        elif command[1] in NEEDS_A_SERVER:
            run([*command[:2], "--help"], tmp_path)
            check_options(command)
        else:
            run(command, tmp_path)


def check_options(command: list[str]) -> None:
    """The options used are options of the command."""
    module = importlib.import_module(f"tools.flowctl.commands.{command[1]}")
    subcommand = typer.main.get_command(module.app)
    known = {name for parameter in subcommand.params for name in parameter.opts}
    assert {word for word in command[2:] if word.startswith("--")} <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_a_file(page: Path):
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert not [target for target in targets if not (page.parent / target).exists()]


def test_the_scenario_shown_in_full_lacks_nothing_but_its_recordings(tmp_path: Path):
    (text,) = re.findall(r"(?ms)^```yaml\n(format: 1\n.*?)^```$", (ROOT / "docs/scenarios.md").read_text())
    path = tmp_path / "scenario.yaml"
    path.write_text(text)
    assert {finding.rule for finding in check(path).diagnostics if finding.severity != "information"} == {"E3001"}
