"""`flowctl init` makes what the repository itself is served from, and never overwrites."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.centres.directory import Directory
from engine.server.settings import Settings
from tools.flowctl.commands.init import SCENARIO, app

ROOT = Path(__file__).parents[2]


def init(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def test_the_folder_is_a_part_of_the_repository(tmp_path: Path):
    folder = tmp_path / "server"
    result = init(str(folder))
    assert result.exit_code == 0, result.output
    made = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert {Path("server.yaml"), Path("directory.yaml"), Path(SCENARIO)} <= made
    for name in made - {Path("directory.yaml")}:
        assert (folder / name).read_bytes() == (ROOT / name).read_bytes(), name
    ours, theirs = (Directory.load(place / "directory.yaml") for place in (ROOT, folder))
    assert theirs.agents == ours.agents
    assert all(centre in ours.centres for centre in theirs.centres)


def test_english_calls(tmp_path: Path):
    assert init(str(tmp_path), "--language", "en").exit_code == 0
    ours, theirs = ((folder / SCENARIO).read_text() for folder in (ROOT, tmp_path))
    assert theirs == ours.replace("\nlanguage: fr\n", "\nlanguage: en\n") != ours


def test_nothing_is_overwritten_and_nothing_is_half_made(tmp_path: Path):
    (tmp_path / "directory.yaml").write_text("ours")
    result = init(str(tmp_path))
    assert result.exit_code == 2
    assert "directory.yaml" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["directory.yaml"]
    assert (tmp_path / "directory.yaml").read_text() == "ours"


@pytest.mark.parametrize("arguments", [("--language", "de"), ()])
def test_what_cannot_be_is_refused_with_two(tmp_path: Path, arguments: tuple[str, ...]):
    (tmp_path / "file").touch()
    result = init(str(tmp_path / "file" / "below") if not arguments else str(tmp_path / "new"), *arguments)
    assert result.exit_code == 2
    assert "flowctl init:" in result.output


def test_the_settings_say_what_would_be_without_them_and_the_people_are_known():
    settings = Settings.load(ROOT / "server.yaml")
    assert settings.model_dump(exclude={"scenarios", "directory", "data"}) == Settings().model_dump(
        exclude={"scenarios", "directory", "data"}
    )
    directory = Directory.load(settings.directory)
    assert {"support", "sales"} < {centre.name for centre in directory.centres}
    assert all(agent.phone and agent.password is None for agent in directory.agents)
