"""The built wheel works by itself: in a clean environment, from another folder, without this checkout."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("engine", "drivers", "flows", "tools", "pyproject.toml", "README.md", "LICENSE")


def run(*command: object, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def flowctl() -> Iterator[Path]:
    """The command, installed from the wheel with the base dependencies alone."""
    with TemporaryDirectory(prefix="flowctl-wheel-") as name:
        folder = Path(name)
        source = folder / "source"
        for part in SOURCES:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            (source / part).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / part, source / part)
        run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, source, cwd=folder)
        shutil.rmtree(source)
        (wheel,) = folder.glob("*.whl")
        # The versions of the lock, without its hashes: they cannot be given together with a local wheel.
        pins = re.findall(r"(?m)^[A-Za-z0-9._-]+==\S+", (ROOT / "requirements.txt").read_text())
        (folder / "constraints.txt").write_text("\n".join(pins))
        run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
        pip = (folder / "venv/bin/python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
        # docopt comes as source alone; it is pure Python.
        binaries = ("--only-binary", ":all:", "--no-binary", "docopt")
        run(*pip, *binaries, "--constraint", folder / "constraints.txt", wheel, cwd=folder)
        yield folder / "venv/bin/flowctl"


def test_a_call_from_the_wheel(flowctl: Path, tmp_path: Path):
    assert re.fullmatch(r"flowctl \d+\.\d+\.\d+\n", run(flowctl, "--version", cwd=tmp_path))
    run(flowctl, "init", "here", "--language", "en", cwd=tmp_path)
    scenario = "here/flows/call_centre/scenario.yaml"
    assert json.loads(run(flowctl, "validate", "here/flows", "--format", "json", cwd=tmp_path)) == []
    # A public holiday, and the caller asks to leave a message.
    options = ("--at", "2027-07-14T10:00", "--press", "1", "--format", "json")
    call = json.loads(run(flowctl, "simulate", scenario, *options, cwd=tmp_path))
    assert [step["node"] for step in call["path"]][:4] == ["welcome", "opening", "closed_message", "message"]
    assert "closed.wav" in call["heard"]


def test_what_needs_more_than_the_base_install_says_what(flowctl: Path, tmp_path: Path):
    commands = ("serve", "dial sip:32@127.0.0.1", "doctor", "status", "install --systemd --dry-run")
    for command in map(str.split, commands):
        words = [flowctl, *command]
        done = subprocess.run(words, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=20)
        assert done.returncode == 2
        assert "pip install 'flowctl[" in done.stderr
        assert "Traceback" not in done.stderr


def test_it_speaks_french(flowctl: Path, tmp_path: Path):
    words = [flowctl, "doctor", "--language", "fr"]
    done = subprocess.run(words, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=20)
    assert (done.returncode, "un serveur demande" in done.stderr) == (2, True), done.stderr


def test_the_versions_of_the_database_s_tables_are_in_it(flowctl: Path):
    (installed,) = flowctl.parents[1].glob("lib/python3*/site-packages/engine/records/migrations")
    here = ROOT / "engine/records/migrations"
    files = {path.relative_to(here) for path in here.rglob("*.py")}
    assert len(files) > 3
    assert {path.relative_to(installed) for path in installed.rglob("*.py")} == files
