"""The `sip` section: trunks and phones, and where their passwords come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.sip.phones import Phones
from drivers.sip.trunk import read_trunks
from engine.errors import ConfigurationError
from engine.server.settings import Settings
from engine.server.sip import phones_of, trunks_of


def load(folder: Path, text: str, mode: int = 0o600) -> Settings:
    file = folder / "server.yaml"
    file.write_text(f"sip:\n{text}")
    file.chmod(mode)
    return Settings.load(file)


def test_what_is_set_reaches_the_driver(tmp_path: Path):
    text = (
        "  trunks: {op: {host: op.example, user: me, password: s3cret, register: true, expires: 2m, options: 30s}}\n"
    )
    text += '  phones: {users: {"201": {password: s3cret}}, digest: [sha-256, md5], contacts: 2}\n'
    settings = load(tmp_path, text)
    (trunk,) = read_trunks(trunks_of(settings.sip, tmp_path))
    assert (trunk.register, trunk.expires, trunk.options, trunk.password) == (True, 120, 30, "s3cret")
    phones = Phones(**phones_of(settings.sip, tmp_path) or {})
    assert (phones.users, phones.algorithms, phones.contacts) == ({"201": "s3cret"}, ["SHA-256", "MD5"], 2)
    assert "s3cret" not in repr(settings) + repr(trunk) + repr(phones)


def test_the_defaults_are_the_drivers(tmp_path: Path):
    settings = load(tmp_path, '  trunks: {op: {host: op.example}}\n  phones: {users: {"201": {password: x}}}\n')
    (trunk,) = read_trunks(trunks_of(settings.sip, tmp_path))
    (plain,) = read_trunks({"op": {"host": "op.example"}})
    assert [(name, getattr(trunk, name)) for name in trunk.__slots__ if name not in ("peers", "cli_from")] == [
        (name, getattr(plain, name)) for name in plain.__slots__ if name not in ("peers", "cli_from")
    ]
    phones, bare = Phones(**phones_of(settings.sip, tmp_path) or {}), Phones(users={"201": "x"})
    assert (list(phones.allow), phones.min_expires, phones.max_expires, phones.realm, list(phones.algorithms)) == (
        list(bare.allow),
        bare.min_expires,
        bare.max_expires,
        bare.realm,
        list(bare.algorithms),
    )


def test_a_password_from_a_file_and_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "op.password").write_text("s3cret\n")
    (tmp_path / "op.password").chmod(0o600)
    monkeypatch.setenv("FLOWCTL_SIP__PHONES__USERS__201__PASSWORD", "other")
    settings = load(
        tmp_path,
        '  trunks: {op: {host: op.example, password_file: op.password}}\n  phones: {users: {"201": {}}}\n',
        0o644,
    )
    assert trunks_of(settings.sip, settings.folder)["op"]["password"] == "s3cret"
    assert (phones_of(settings.sip, settings.folder) or {})["users"] == {"201": "other"}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("  trunks: {op: {host: op.example, password: s3cret}}", "FLOWCTL_SIP__TRUNKS__OP__PASSWORD"),
        ('  phones: {users: {"201": {password: s3cret}}}', "FLOWCTL_SIP__PHONES__USERS__201__PASSWORD"),
    ],
)
def test_a_password_that_others_can_read_is_refused(tmp_path: Path, text: str, named: str):
    with pytest.raises(ConfigurationError, match=named) as refused:
        load(tmp_path, text, 0o644)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("  trunks: {op: {}}", "sip.trunks.op.host"),
        ("  trunks: {op: {host: 'op example'}}", "sip.trunks.op.host"),
        ("  trunks: {op: {host: op.example, register: true}}", "`user` is needed to register"),
        ("  trunks: {op: {host: op.example, did_from: contact}}", "sip.trunks.op.did_from"),
        ("  trunks: {op: {host: op.example, proxy: 'a:b'}}", "sip.trunks.op.proxy"),
        ("  trunks: {op: {host: op.example, user: 'a\"b'}}", "sip.trunks.op.user"),
        ("  trunks: {Op: {host: op.example}}", "sip.trunks.Op"),
        ("  phones: {users: {'2 1': {}}}", "sip.phones.users.2 1"),
        ("  phones: {users: {}, digest: [sha-1]}", "sip.phones.digest"),
        ("  phones: {}", "sip.phones.users: needed"),
        ("  trunks: {op: {host: 'op.example:5080'}}", "a port is a key of its own, `port`"),
        ("  trunks: {op: {host: op..example}}", "sip.trunks.op.host"),
        (f"  trunks: {{op: {{host: {'a' * 64}.example}}}}", "sip.trunks.op.host"),
        ("  trunks: {op: {host: op.example, proxy: 'proxy.example:99999'}}", "sip.trunks.op.proxy"),
        ("  trunks: {op: {host: op.example, proxy: 'proxy.example:0'}}", "sip.trunks.op.proxy"),
        ("  external: '203.0.113.5:65536'", "sip.external"),
        ("  trunks: {op: {host: op.example, options: 1ms}}", "sip.trunks.op.options: expected at least 1s"),
        ("  trunks: {op: {host: op.example, expires: 0s}}", "sip.trunks.op.expires: expected at least 60s"),
        ("  trunks: {Op-1: {host: op.example}}", "sip.trunks.Op-1: 'Op-1': expected a name in small letters"),
        ("  trunk: {}", "sip.trunk: there is no such key"),
        ("  trunks: []", "sip.trunks: expected names"),
        ("  phones: {users: {}, max_expires: 0s}", "sip.phones: expected min_expires"),
        ("  phones: {users: {}, min_expires: 900s}", "sip.phones: expected min_expires"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, named: str):
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, text)
    assert named in str(refused.value)


def test_a_phone_without_a_password_is_refused(tmp_path: Path):
    settings = load(tmp_path, '  phones: {users: {"201": {}}}')
    with pytest.raises(ConfigurationError, match=r"sip\.phones\.users\.201"):
        phones_of(settings.sip, settings.folder)
