"""What the pages on editors and on continuous integration show is true."""

from __future__ import annotations

import importlib
import json
import re
import shlex
from pathlib import Path
from typing import Any

import typer.main
from ruamel.yaml import YAML

from engine.scenario.check import check
from tools.flowctl.main import COMMANDS
from tools.flowctl.render import as_text

ROOT = Path(__file__).parents[2]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", (ROOT / "docs" / page).read_text())


def yaml(text: str) -> Any:
    return YAML(typ="safe").load(text)


def options_of(command: str) -> set[str]:
    app = importlib.import_module(f"tools.flowctl.commands.{command}").app
    return {name for parameter in typer.main.get_command(app).params for name in parameter.opts}


def is_possible(line: str) -> bool:
    program, command, *words = shlex.split(line.partition(" > ")[0])
    options = {word for word in words if word.startswith("--")}
    return program == "flowctl" and command in COMMANDS and options <= options_of(command)


def test_the_problem_matcher_understands_a_finding(tmp_path: Path):
    (text,) = blocks("editors.md", "json")
    (task,) = json.loads(text)["tasks"]
    pattern = task["problemMatcher"]["pattern"]
    path = tmp_path / "scenario.yaml"
    path.write_text('format: 1\nname: x\ndid: ["1"]\nstart: nowhere\nnodes: {a: {type: hangup}}\n')
    finding = next(found for found in check(path).diagnostics if found.rule == "E1001")
    match = re.match(pattern["regexp"], as_text(finding).splitlines()[0])
    assert match is not None
    seen = [match[pattern[name]] for name in ("file", "line", "column", "severity", "code", "message")]
    assert seen == [str(path), "4", "8", "error", "E1001", finding.message]
    assert is_possible(task["command"])


def test_the_workflows_run_commands_that_exist():
    github, gitlab = yaml(blocks("ci.md", "yaml")[1]), yaml(blocks("ci.md", "yaml")[2])
    lines = [step["run"] for step in github["jobs"]["flows"]["steps"] if "run" in step]
    lines += gitlab["scenarios"]["script"]
    wanted = [line for line in lines if not line.startswith("pip ")]
    assert len(wanted) == 5
    assert all(is_possible(line) for line in wanted)


def test_the_hooks_exist_and_are_those_of_the_page():
    hooks = yaml((ROOT / ".pre-commit-hooks.yaml").read_text())
    shown = yaml(blocks("ci.md", "yaml")[0])["repos"][0]["hooks"]
    assert [hook["id"] for hook in shown] == [hook["id"] for hook in hooks]
    for hook in hooks:
        assert is_possible(hook["entry"])
        assert hook["language"] == "python"


def test_a_hook_is_given_scenarios_alone():
    for hook in yaml((ROOT / ".pre-commit-hooks.yaml").read_text())[:2]:
        left_out = re.compile(hook["exclude"])
        for name in ("server.yaml", "flows/a.test.yaml", ".pre-commit-config.yaml", ".github/workflows/x.yaml"):
            assert left_out.search(name), name
        assert not left_out.search("flows/town_hall/scenario.yaml")


def test_the_comment_that_silences_is_understood(tmp_path: Path):
    line = blocks("ci.md", "yaml")[-1]
    text = f"""\
format: 1
name: x
did: ["1"]
voice: en
start: a
nodes:
  a:
    type: menu
    prompt: [{{say: Press 1.}}]
    options: {{"1": end}}
    on: {{no_input: end, no_match: end}}
{line}"""
    loud = text.replace("# flowctl: ignore", "# ")
    found = [[d.rule for d in check(tmp_path / "x.yaml", source).diagnostics] for source in (loud, text)]
    assert found[0].count("W2010") == 1
    assert "W2010" not in found[1]
