"""Settings and directory: every mistake is named with its file and key, and the server does not start."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.centres.directory import Directory
from engine.errors import ConfigurationError
from engine.server.settings import Settings


def test_the_example_of_the_documentation_is_accepted(tmp_path: Path):
    file = tmp_path / "server.yaml"
    file.write_text(
        """
scenarios: flows
directory: directory.yaml
data: var
sip: {listen: "127.0.0.1:5060", allow: ["127.0.0.1/32"]}
rtp: {ports: "20000-23999"}
agent_link: {listen: "127.0.0.1:2957"}
web: {listen: "127.0.0.1:8080"}
drain: 2m
"""
    )
    settings = Settings.load(file)
    assert settings.scenarios == tmp_path / "flows"
    assert settings.data == tmp_path / "var"
    assert (settings.rtp.range.start, settings.rtp.range.stop, settings.drain) == (20000, 24000, 120)


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "server.yaml"
    file.write_text('country: BE\nsip: {listen: "127.0.0.1:5060", allow: ["10.0.0.0/8"]}\n')
    monkeypatch.setenv("FLOWCTL_COUNTRY", "SN")
    monkeypatch.setenv("FLOWCTL_SIP__LISTEN", "127.0.0.1:5070")
    settings = Settings.load(file)
    assert (settings.country, settings.sip.listen, settings.sip.allow) == ("SN", "127.0.0.1:5070", ["10.0.0.0/8"])


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('sip: {listen: "everywhere:5060"}', "sip.listen"),
        ('sip: {listen: "127.0.0.1"}', "sip.listen"),
        ('sip: {listen: "127.0.0.1:99999"}', "sip.listen"),
        ('sip: {allow: ["10.0.0.0/40"]}', "sip.allow"),
        ('rtp: {ports: "20000"}', "rtp.ports"),
        ('rtp: {ports: "30000-20000"}', "rtp.ports"),
        ("drain: 30", "drain"),
        ("colour: blue", "colour"),
        ("country: France", "country"),
        ("- a list", "mapping"),
        ("sip: {listen: [", "server.yaml:"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, named: str):
    file = tmp_path / "server.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        Settings.load(file)
    assert named in str(refused.value)
    assert "server.yaml" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('agents: [{code: "1"}, {code: "1"}]', "'1' is given 2 times"),
        ('centres: [{name: a, agents: ["9"]}]', "'9'"),
        ("centres: [{name: a}, {name: a}]", "'a' is given 2 times"),
        ("agents: [{phone: x}]", "agents.0.code"),
        ('agents: [{code: "1", telephone: x}]', "telephone"),
    ],
)
def test_a_wrong_directory_is_named(tmp_path: Path, text: str, named: str):
    file = tmp_path / "directory.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        Directory.load(file)
    assert named in str(refused.value)


def test_a_password_is_never_shown(tmp_path: Path):
    file = tmp_path / "directory.yaml"
    file.write_text('agents: [{code: "201", password: "s3cret", phone: "sip:201@127.0.0.1:5090"}]')
    assert "s3cret" not in repr(Directory.load(file))


def test_a_directory_that_is_named_must_exist_and_the_usual_one_need_not(tmp_path: Path):
    file = tmp_path / "server.yaml"
    file.write_text("country: FR\n")
    assert Settings.load(file).directory is None
    (tmp_path / "directory.yaml").write_text("agents: []\n")
    assert Settings.load(file).directory == tmp_path / "directory.yaml"
    file.write_text("directory: peple.yaml\n")
    named = Settings.load(file).directory
    assert named is not None
    with pytest.raises(ConfigurationError, match=r"peple\.yaml"):
        Directory.load(named)
