"""The settings of the server's own database, its name and its time zone."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.errors import ConfigurationError
from engine.server.passwords import read_password
from engine.server.settings import Settings
from engine.server.zone import machine_zone


def load(folder: Path, text: str, mode: int = 0o600) -> Settings:
    file = folder / "server.yaml"
    file.write_text(text)
    file.chmod(mode)
    return Settings.load(file)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("database: {url: postgresql://x/y}", "mysql://USER@HOST:PORT/NAME"),
        ("database: {url: mysql://x}", "mysql://USER@HOST:PORT/NAME"),
        ('database: {url: "mysql://x:secret@y/z"}', "the password does not belong in the address"),
        ("name: the main one", "name"),
        ("time_zone: Paris", "Europe/Paris"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        load(tmp_path, text)


def test_a_password_is_for_the_owner_alone(tmp_path: Path) -> None:
    text = "database: {url: mysql://flowctl@db/flowctl, password: secret}"
    with pytest.raises(
        ConfigurationError, match=r"database\.password: others may read .* FLOWCTL_DATABASE__PASSWORD"
    ):
        load(tmp_path, text, 0o644)
    assert read_password("database", load(tmp_path, text).database, tmp_path) == "secret"
    settings = load(tmp_path, "database: {url: mysql://flowctl@db/flowctl, password_file: word}", 0o644)
    with pytest.raises(ConfigurationError, match=r"database\.password_file: .*word: No such file"):
        read_password("database", settings.database, tmp_path)
    (tmp_path / "word").write_text("from a file\n")
    (tmp_path / "word").chmod(0o600)
    assert read_password("database", settings.database, tmp_path) == "from a file"


def test_the_zone_is_the_one_set_or_the_machine_s(tmp_path: Path) -> None:
    assert load(tmp_path, "time_zone: Asia/Kolkata").zone == ZoneInfo("Asia/Kolkata")
    nothing = tmp_path / "nothing"
    assert machine_zone({"TZ": ":/usr/share/zoneinfo/Europe/Paris"}, nothing, nothing).key == "Europe/Paris"
    assert machine_zone({"TZ": "CET-1CEST"}, nothing, nothing).key == "UTC"
    (link := tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/America/New_York")
    assert machine_zone({}, link, nothing).key == "America/New_York"
    (name := tmp_path / "timezone").write_text("Europe/Brussels\n")
    assert machine_zone({}, nothing, name).key == "Europe/Brussels"
