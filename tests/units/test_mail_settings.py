"""The sections `mail` and `alerts` of the settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ConfigurationError
from engine.server.settings import Settings

MAIL = {"host": "mail.example.com", "from": "calls@example.com"}


def load(folder: Path, mode: int = 0o644, **document: Any) -> Settings:
    path = folder / "server.yaml"
    path.write_text(json.dumps(document))
    path.chmod(mode)
    return Settings.load(path)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"mail": {"host": "mail.example.com"}}, "mail.from: needed"),
        ({"mail": {**MAIL, "user": "u"}}, "`user` and `password`"),
        ({"mail": {**MAIL, "from": "nobody"}}, "mail.from: 'nobody' is no e-mail address"),
        ({"mail": {**MAIL, "host": "mail.example.com:25"}}, "mail.host.*without a port"),
        ({"mail": {**MAIL, "user": "u", "password_file": "f", "tls": "none"}}, "without TLS the password"),
        ({"alerts": {"mail": ["nobody"]}}, r"alerts.mail.0: 'nobody' is no e-mail address"),
        ({"alerts": {"webhooks": [{"url": "file:///etc/passwd"}]}}, "no address of a web service"),
        ({"alerts": {"webhooks": [{"url": "https://a/b"}, {"url": "https://a/b"}]}}, "a url is there twice"),
    ],
)
def test_what_cannot_work_is_refused(tmp_path: Path, document: dict[str, Any], said: str):
    with pytest.raises(ConfigurationError, match=said):
        load(tmp_path, 0o600, **document)


@pytest.mark.parametrize(
    "document",
    [
        {"mail": {**MAIL, "user": "u", "password": "p"}},
        {"alerts": {"webhooks": [{"url": "https://a/b", "secret": "s"}]}},
    ],
)
def test_a_file_with_a_secret_is_private(tmp_path: Path, document: dict[str, Any]):
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load(tmp_path, **document)
    load(tmp_path, 0o600, **document)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2", "::1"])
def test_a_password_may_go_to_this_machine_without_tls(tmp_path: Path, host: str):
    settings = load(tmp_path, 0o600, mail={**MAIL, "host": host, "tls": "none", "user": "u", "password": "p"})
    assert settings.mail is not None
    assert settings.mail.read_password(tmp_path) == "p"


def test_the_password_may_come_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    secret = tmp_path / "mail.secret"
    secret.write_text("p\n")
    with pytest.raises(ConfigurationError, match=r"mail.password_file: others may read"):
        secret.chmod(0o644)
        settings = load(tmp_path, mail={**MAIL, "user": "u", "password_file": "mail.secret"})
        assert settings.mail is not None
        settings.mail.read_password(tmp_path)
    secret.chmod(0o600)
    assert settings.mail.read_password(tmp_path) == "p"
    monkeypatch.setenv("FLOWCTL_MAIL__PASSWORD", "q")
    settings = load(tmp_path, mail={**MAIL, "user": "u"})
    assert settings.mail is not None
    assert settings.mail.read_password(tmp_path) == "q"
