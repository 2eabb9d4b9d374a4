"""The `mail` section of the settings: the mail server, and how mails are written."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from engine.errors import CallError
from engine.nodes.fields import Duration
from engine.outside.mail.addresses import named, sendable
from engine.server.passwords import read_password
from engine.server.section import Section, shaped


def _sender(value: str) -> str:
    try:
        named(value)
    except CallError as error:
        raise ValueError(f"{error}: write calls@example.com, or Switchboard <calls@example.com>") from None
    return value


def _address(value: str) -> str:
    try:
        return sendable(value)
    except CallError as error:
        raise ValueError(str(error)) from None


MailAddress = Annotated[str, AfterValidator(_address)]
Host = Annotated[str, shaped(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+", "a host, without a port")]


class MailSettings(Section):
    """The mail server that takes what is sent."""

    host: Host = Field(description="Mail server that takes what is sent (SMTP).")
    port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Its port; by default 587 with starttls, 465 with tls, 25 with none.",
    )
    tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="starttls: the connection is encrypted before anything is sent, or nothing is. tls: from its "
        "first byte. none: not at all; a password is then sent to this machine alone. Certificate and name are "
        "verified.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="File with the certificate of your own authority (PEM), if the mail server's comes from it.",
    )
    user: str | None = Field(default=None, min_length=1, description="Log in as.")
    password: SecretStr | None = Field(
        default=None, description="Password; in this file only when nobody else may read it (chmod 600)."
    )
    password_file: Path | None = Field(
        default=None, description="File with the password alone, which nobody else may read (chmod 600)."
    )
    sender: Annotated[str, AfterValidator(_sender)] = Field(
        alias="from", description="Whom mails come from: calls@example.com, or Switchboard <calls@example.com>."
    )
    timeout: Duration = Field(default=30.0, gt=0, le=300, description="How long the mail server has for each answer.")
    keep: Duration = Field(
        default=72 * 3600.0,
        gt=0,
        description="How long a mail is tried while the mail server is away, or refuses it for now; then it is put "
        "aside in `mail/refused` of the data folder.",
    )
    attach: Literal["wav", "mp3"] = Field(default="wav", description="How recordings are enclosed.")
    attach_limit: int = Field(
        default=10_000_000,
        ge=10_000,
        le=100_000_000,
        description="Most bytes that are enclosed in a mail; in the place of more, the text says where it is.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> MailSettings:
        has_password = self.password is not None or self.password_file is not None
        if has_password != (self.user is not None):
            raise ValueError("`user` and `password` (or `password_file`) go together")
        if has_password and self.tls == "none" and not _is_here(self.host):
            raise ValueError(
                "without TLS the password could be read on the way: write tls: starttls, or tls: tls, or no user"
            )
        return self

    def read_password(self, folder: Path) -> str | None:
        """Blocking; raises ConfigurationError."""
        return read_password("mail", self, folder)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
