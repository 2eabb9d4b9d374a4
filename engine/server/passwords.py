"""Passwords in the settings: from the environment, a file of their own, or a settings file that is private."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import ConfigurationError

if TYPE_CHECKING:
    from engine.server.settings import Settings

OTHERS = 0o077
"""Permissions of anybody but the owner."""


def require_private_passwords(path: Path, document: dict[str, Any]) -> None:
    """Raises ConfigurationError when a settings file holds a password and others may read it."""
    databases = document.get("databases")
    for name, database in databases.items() if isinstance(databases, dict) else ():
        if isinstance(database, dict) and "password" in database and path.stat().st_mode & OTHERS:
            variable = f"FLOWCTL_DATABASES__{str(name).upper()}__PASSWORD"
            raise ConfigurationError(
                f"{path}: databases.{name}.password: others may read this file: chmod 600 it, or use {variable} or "
                "password_file"
            )


def database_passwords(settings: Settings) -> dict[str, str]:
    """The password of each database that has one. Raises ConfigurationError for a file that is missing or that
    others may read. Blocking."""
    found: dict[str, str] = {}
    for name, database in settings.databases.items():
        if database.password is not None:
            found[name] = database.password.get_secret_value()
        elif database.password_file is not None:
            found[name] = _read(f"databases.{name}.password_file", settings.folder / database.password_file)
    return found


def _read(key: str, file: Path) -> str:
    try:
        if file.stat().st_mode & OTHERS:
            raise ConfigurationError(f"{key}: others may read {file}: chmod 600 it")
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"{key}: {file}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise ConfigurationError(f"{key}: {file} is not text") from None
