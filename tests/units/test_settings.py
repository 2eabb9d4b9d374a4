"""Settings and directory: every mistake is named with its file and key, and the server does not start."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from engine.centres.directory import Directory
from engine.errors import AudioError, CallError, ConfigurationError
from engine.outside.ports import BySql, HttpRequest
from engine.server.outside import Outside, voice_of
from engine.server.passwords import database_passwords
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
        ("telephony: {outside_prefix: 0}", "telephony.outside_prefix: expected text; a number is written in quotes"),
        ("telephony: {transfer: {exchange: {code: flash}}}", "(hook-flash)"),
        ("channels: {sip: {extension: 'a b'}}", "channels.sip.extension"),
        ("channels: {sip: {bar: reception}}", "expected a list"),
        ("country: France", "country"),
        ("voice: robot", "voice"),
        ('http: {allow: ["https://api.example.com"]}', "http.allow"),
        ('http: {allow: ["a:99999"]}', "http.allow"),
        ("http: {limit: 0}", "http.limit"),
        ("databases: {Customers: {url: 'sqlite:///a.db'}}", "databases.Customers"),
        ("databases: {customers: {}}", "databases.customers.url"),
        ("databases: {customers: {url: 'mysql://me:s3cret@db/x'}}", "databases.customers.url"),
        ("telephony: {switchboard: ''}", "telephony.switchboard"),
        ("telephony: {transfer: {method: exchange}}", "telephony.transfer"),
        ("telephony: {transfer: {exchange: {code: R}}}", "telephony.transfer.exchange.code"),
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
    assert "s3cret" not in str(refused.value)


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


DATABASE = "databases: {customers: {url: 'mysql://me@db.example.com/crm'%s}}\n"


def test_a_password_comes_from_the_environment_or_a_private_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file, secret = tmp_path / "server.yaml", tmp_path / "secret"
    secret.write_text("from a file\n")
    secret.chmod(0o600)
    file.write_text(DATABASE % ", password_file: secret")
    settings = Settings.load(file)
    assert database_passwords(settings) == {"customers": "from a file"}
    monkeypatch.setenv("FLOWCTL_DATABASES__CUSTOMERS__PASSWORD", "s3cret")
    settings = Settings.load(file)
    assert database_passwords(settings) == {"customers": "s3cret"}
    assert settings.databases["customers"].url == "mysql://me@db.example.com/crm"
    assert "s3cret" not in repr(settings) + str(settings.model_dump())


@pytest.mark.parametrize(("mode", "content"), [(0o640, b"s3cret"), (0o604, b"s3cret"), (0o600, b"s3cret\xff")])
def test_a_password_file_is_private_text(tmp_path: Path, mode: int, content: bytes):
    file, secret = tmp_path / "server.yaml", tmp_path / "secret"
    file.write_text(DATABASE % ", password_file: secret")
    with pytest.raises(ConfigurationError, match=r"password_file: .*secret"):
        database_passwords(Settings.load(file))
    secret.write_bytes(content)
    secret.chmod(mode)
    with pytest.raises(ConfigurationError, match=r"databases\.customers\.password_file") as refused:
        database_passwords(Settings.load(file))
    assert "s3cret" not in str(refused.value)


def test_a_password_stands_in_a_private_settings_file_only(tmp_path: Path):
    file = tmp_path / "server.yaml"
    file.write_text(DATABASE % ", password: s3cret")
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match=r"databases\.customers\.password") as refused:
        Settings.load(file)
    assert "s3cret" not in str(refused.value)
    file.chmod(0o600)
    assert database_passwords(Settings.load(file)) == {"customers": "s3cret"}


async def test_the_outside_parts_are_those_that_the_settings_name(tmp_path: Path):
    file = tmp_path / "server.yaml"
    file.write_text("voice: none\n")
    nothing = await asyncio.to_thread(lambda: Outside(Settings.load(file)))
    with pytest.raises(CallError, match="setting databases"):
        await nothing.databases.row("customers", BySql("SELECT 1"), 1)
    with pytest.raises(CallError, match=r"setting http\.allow"):
        await nothing.http.request(HttpRequest("GET", "http://localhost/"))
    with pytest.raises(AudioError, match="voice is none"):
        await voice_of(await asyncio.to_thread(Settings.load, file)).speak("hello", "en", None)
    await nothing.close()
    with sqlite3.connect(tmp_path / "crm.db") as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    file.write_text('databases: {crm: {url: "sqlite:///crm.db"}}\nhttp: {allow: ["127.0.0.1:1"]}\n')
    both = await asyncio.to_thread(lambda: Outside(Settings.load(file)))
    assert await both.databases.row("crm", BySql("SELECT COUNT(*) AS n FROM t"), 3) == {"n": 0}
    with pytest.raises(CallError, match="cannot be asked"):
        await both.http.request(HttpRequest("GET", "http://127.0.0.1:1/"))
    await both.close()
