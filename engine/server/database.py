"""The section `database` of the settings: where agents, centres, tokens and records are kept."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from engine.server.section import Section


def without_password(value: str) -> str:
    """The value, unless there is a password in it. Raises ValueError."""
    if re.match(r"[^/]*//[^/@]*:[^/]*@", value):
        raise ValueError("the password does not belong in the address: write it to a password_file")
    return value


def _known(value: str) -> str:
    if not re.match(r"(sqlite:///|(mysql|mariadb)://[^/]+/)[^/?]", value):
        raise ValueError(f"{value!r} is not known: write mysql://USER@HOST:PORT/NAME, or sqlite:///FILE")
    return value


class DatabaseSettings(Section):
    """The server's own database."""

    url: Annotated[str, AfterValidator(without_password), AfterValidator(_known)] | None = Field(
        default=None,
        description="mysql://USER@HOST:PORT/NAME (MariaDB too), or sqlite:///FILE; without the password. By default "
        "`flowctl.db` in the data folder (SQLite).",
    )
    password: SecretStr | None = Field(
        default=None, description="Password; in this file only when nobody else may read it (chmod 600)."
    )
    password_file: Path | None = Field(
        default=None, description="File with the password alone, which nobody else may read (chmod 600)."
    )
    ca_file: Path | None = Field(
        default=None,
        description="File with the certificate of the authority that vouches for the database server, PEM. With it "
        "the connection is encrypted, and the server must have a certificate for the host in `url`.",
    )
