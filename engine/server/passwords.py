"""Passwords in settings: from the environment, a private file, or a settings file that is private."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import SecretStr

from engine.errors import ConfigurationError

if TYPE_CHECKING:
    from engine.server.settings import Settings

OTHERS = 0o077
"""Permissions of anybody but the owner."""

HOLDERS = ("databases", "sip.trunks", "sip.phones.users")
"""Keys of the settings below which each name may have a password."""

SINGLE = ("database", "mail")
"""Keys of sections that may have one themselves."""


class Guarded(Protocol):
    """A section with a password."""

    @property
    def password(self) -> SecretStr | None: ...
    @property
    def password_file(self) -> Path | None: ...


def require_private_passwords(path: Path, document: dict[str, Any]) -> None:
    """Raises ConfigurationError when a settings file holds a password and others may read it."""
    for key, section in _sections(document):
        if isinstance(section, dict) and "password" in section and path.stat().st_mode & OTHERS:
            variable = f"FLOWCTL_{key.upper().replace('.', '__')}__PASSWORD"
            raise ConfigurationError(
                f"{path}: {key}.password: others may read this file: chmod 600 it, or use {variable} or password_file"
            )
    boxes = document.get("mailboxes")
    pins = any(isinstance(box, dict) and "pin" in box for box in (boxes.values() if isinstance(boxes, dict) else ()))
    if pins and path.stat().st_mode & OTHERS:
        raise ConfigurationError(
            f"{path}: mailboxes: others may read this file, and the PINs: chmod 600 it, or use pin_file"
        )
    alerts = document.get("alerts")
    hooks = alerts.get("webhooks") if isinstance(alerts, dict) else None
    secret = any(isinstance(hook, dict) and "secret" in hook for hook in (hooks if isinstance(hooks, list) else ()))
    if secret and path.stat().st_mode & OTHERS:
        raise ConfigurationError(
            f"{path}: alerts.webhooks: others may read this file, and the secret: chmod 600 it, or use secret_file"
        )


def database_passwords(settings: Settings) -> dict[str, str]:
    """The password of each database that has one; see `read_passwords`."""
    return read_passwords("databases", settings.databases, settings.folder)


def read_passwords(key: str, sections: Mapping[str, Guarded], folder: Path) -> dict[str, str]:
    """The password of each of the sections below `key` that has one, by name; files are relative to `folder`.

    Raises ConfigurationError for a file that is missing or that others may read. Blocking.
    """
    found = {name: read_password(f"{key}.{name}", section, folder) for name, section in sections.items()}
    return {name: password for name, password in found.items() if password is not None}


def read_password(key: str, section: Guarded, folder: Path) -> str | None:
    """The password of the section `key`, or None; as `read_passwords`."""
    return read_secret(f"{key}.password_file", section.password, section.password_file, folder)


def read_secret(key: str, secret: SecretStr | None, file: Path | None, folder: Path) -> str | None:
    """The secret, or the content of its file, whose setting is `key`; None for neither; as `read_passwords`."""
    if secret is not None:
        return secret.get_secret_value()
    return _read(key, folder / file) if file is not None else None


def _sections(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((key, document.get(key)) for key in SINGLE)
    for key in HOLDERS:
        part: Any = document
        for step in key.split("."):
            part = part.get(step) if isinstance(part, dict) else None
        for name, section in part.items() if isinstance(part, dict) else ():
            yield f"{key}.{name}", section


def _read(key: str, file: Path) -> str:
    try:
        if file.stat().st_mode & OTHERS:
            raise ConfigurationError(f"{key}: others may read {file}: chmod 600 it")
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"{key}: {file}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise ConfigurationError(f"{key}: {file} is not text") from None
