"""The `alerts` section of the settings: who is told of trouble."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from engine.nodes.fields import Duration
from engine.server.mail import MailAddress
from engine.server.passwords import read_secret
from engine.server.section import Section


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{value!r} is no address of a web service: write https://HOST/PATH")
    return value


class WebhookSettings(Section):
    """A web service that is told of trouble."""

    url: Annotated[str, AfterValidator(_url)] = Field(description="Address to which each alert is posted, as JSON.")
    secret: SecretStr | None = Field(
        default=None,
        description="What each alert is signed with; in this file only when nobody else may read it (chmod 600).",
    )
    secret_file: Path | None = Field(
        default=None, description="File with the secret alone, which nobody else may read (chmod 600)."
    )

    def read_secret(self, folder: Path) -> str | None:
        """Blocking; raises ConfigurationError."""
        return read_secret("alerts.webhooks.secret_file", self.secret, self.secret_file, folder)


class AlertSettings(Section):
    """Who is told of trouble, and what trouble is."""

    mail: list[MailAddress] = Field(default_factory=list, description="Addresses that get a mail; see `mail`.")
    webhooks: list[WebhookSettings] = Field(
        default_factory=list, description="Web services that are told of trouble."
    )
    repeat: Duration = Field(
        default=900.0,
        gt=0,
        description="How long nothing more is told of the same trouble; what came meanwhile is told then, with its "
        "number. That it is over is told immediately.",
    )
    free_disk: int = Field(
        default=500_000_000, ge=0, description="Free bytes on the disk of the data folder below which it is told."
    )
    waiting: int = Field(
        default=1000, ge=1, description="Records, mails and alerts that wait in the outbox above which it is told."
    )

    @model_validator(mode="after")
    def _each_once(self) -> AlertSettings:
        urls = [hook.url for hook in self.webhooks]
        if len(set(urls)) < len(urls):
            raise ValueError("`webhooks`: a url is there twice")
        return self
