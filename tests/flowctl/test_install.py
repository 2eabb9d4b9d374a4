"""`flowctl install --systemd`: the unit, and what becomes of it."""

from __future__ import annotations

import configparser
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tools.flowctl.commands import install
from tools.flowctl.systemd import MARK, UNIT, configured


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(install.app, list(map(str, arguments)), env={"LC_ALL": "C"})
    return result.exit_code, result.output


def server(folder: Path, **settings: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "server.yaml").write_text(json.dumps(settings))
    return folder / "server.yaml"


def installed(tmp_path: Path, config: Path) -> tuple[Path, dict[str, str]]:
    code, out = run("--systemd", "--prefix", tmp_path / "root", "--config", config, "--user", "daemon")
    assert code == 0, out
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    path = tmp_path / "root" / UNIT
    parser.read_string(path.read_text())
    assert set(parser.sections()) == {"Unit", "Service", "Install"}
    return path, dict(parser["Service"])


def test_the_unit_starts_this_server_guarded_and_with_time_to_drain(tmp_path: Path):
    config = server(tmp_path / "here", drain="90s", data="/var/lib/flowctl")
    path, service = installed(tmp_path, config)
    assert service["ExecStart"].endswith(f"flowctl serve --config {config}")
    assert Path(service["ExecStart"].split()[0]).is_file()
    assert (service["Type"], service["User"], service["KillMode"]) == ("notify", "daemon", "mixed")
    assert int(service["TimeoutStopSec"]) > 90
    assert (service["ReadWritePaths"], service["StateDirectory"]) == ("/var/lib/flowctl", "flowctl")
    assert (service["CapabilityBoundingSet"], service["ProtectSystem"]) == ("", "strict")
    assert configured(path.read_text()) == config


def test_logs_and_journals_elsewhere_may_be_written(tmp_path: Path):
    sections = {"logs": {"folder": "/var/log/flowctl"}, "journals": {"folder": "/srv/our journals"}}
    service = installed(tmp_path, server(tmp_path / "here", data="/var/lib/flowctl", **sections))[1]
    assert service["ReadWritePaths"] == '/var/lib/flowctl -/var/log/flowctl "-/srv/our journals"'


def test_a_low_port_and_a_home_need_more(tmp_path: Path):
    config = server(tmp_path / "here", data="/home/flows/var", web={"listen": "127.0.0.1:443"})
    service = installed(tmp_path, config)[1]
    assert service["AmbientCapabilities"] == "CAP_NET_BIND_SERVICE"
    assert service["ProtectHome"] == "read-only"
    assert "StateDirectory" not in service


@pytest.mark.parametrize("name", ["plain", "with space", "100%", 'qu"ote$HOME', "back\\slash", "é"])
def test_any_folder_has_a_unit_that_systemd_reads(tmp_path: Path, name: str):
    config = server(tmp_path / name)
    path, _ = installed(tmp_path, config)
    assert configured(path.read_text()) == config
    if shutil.which("systemd-analyze"):
        done = subprocess.run(["systemd-analyze", "verify", path], check=False, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_would_say_what_is_wrong_with_a_unit(tmp_path: Path):
    path, _ = installed(tmp_path, server(tmp_path / "here"))
    path.write_text(path.read_text().replace("Type=notify", "Type=nonsense"))
    done = subprocess.run(["systemd-analyze", "verify", path], check=False, capture_output=True, text=True)
    assert "nonsense" in done.stderr


def test_a_unit_of_ours_is_replaced_and_taken_away_others_stay(tmp_path: Path):
    config = server(tmp_path / "here")
    path, _ = installed(tmp_path, config)
    assert path.read_text().startswith(MARK)
    installed(tmp_path, config)
    root = ("--systemd", "--prefix", tmp_path / "root")
    assert run(*root, "--uninstall") == (0, f"{path} is gone; settings and data are as they were\n")
    assert not path.exists() and config.exists()
    assert run(*root, "--uninstall")[0] == 0
    path.write_text("[Unit]\n")
    for more in (["--config", config], ["--uninstall"]):
        code, out = run(*root, *more)
        assert code == 2 and "somebody else" in out
    assert path.read_text() == "[Unit]\n"


def test_a_dry_run_shows_everything_and_does_nothing(tmp_path: Path):
    config = server(tmp_path / "here")
    config.chmod(0o644)
    code, out = run("--systemd", "--dry-run", "--config", config, "--user", "nobody-has-this-name")
    assert code == 0
    assert "$ useradd --system --user-group" in out and "$ systemctl daemon-reload" in out
    assert "Type=notify" in out
    assert not (tmp_path / "here" / "var").exists()


def test_settings_that_the_user_cannot_read_are_said_with_the_command(tmp_path: Path):
    config = server(tmp_path / "here")
    config.chmod(0o600)
    code, out = run("--systemd", "--dry-run", "--config", config, "--user", "daemon")
    assert code == 0 and f"chown daemon {config}" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--systemd"),
        (["--systemd", "--prefix", "/tmp", "--config", "/nowhere/server.yaml"], "does not exist"),
        (["--systemd", "--language", "xx"], "--language"),
    ],
)
def test_what_it_cannot_do(words: list[str], said: str):
    code, out = run(*words)
    assert code == 2 and said in out


def test_wrong_settings_are_not_installed(tmp_path: Path):
    code, out = run("--systemd", "--prefix", tmp_path, "--config", server(tmp_path / "here", drain="x"))
    assert code == 2 and "drain" in out
    assert not (tmp_path / UNIT).exists()


def test_settings_that_the_service_could_not_come_to_are_told(tmp_path: Path):
    """As in /root, where people try things first."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="install-") as folder:
        config = server(Path(folder) / "inner", data=str(tmp_path / "var"))
        for mode, told in ((0o700, True), (0o711, False)):
            Path(folder).chmod(mode)
            code, out = run("--systemd", "--dry-run", "--config", config, "--user", "daemon")
            assert (code, f"may not enter {folder}, and could not use {config}" in out) == (0, told), out
