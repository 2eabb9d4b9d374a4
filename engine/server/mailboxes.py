"""The `mailboxes` section of the settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, model_validator

from engine.errors import ConfigurationError
from engine.records.closing import BOXES
from engine.server.passwords import read_secret
from engine.server.section import Section, shaped

_PIN = re.compile(r"[0-9]{3,12}")


def _pin(value: SecretStr) -> SecretStr:
    if not _PIN.fullmatch(value.get_secret_value()):
        raise ValueError("a PIN has 3 to 12 digits, in quotes")
    return value


def _no_recordings(value: str) -> str:
    if value in BOXES:
        raise ValueError(f"{value!r} is where other recordings are kept: choose another name")
    return value


MailboxName = Annotated[
    str,
    shaped("[A-Za-z0-9][A-Za-z0-9_-]*", "letters, digits, _ and -, as in `voicemail`"),
    AfterValidator(_no_recordings),
]


class MailboxSettings(Section):
    """A mailbox that may be listened to by telephone."""

    pin: Annotated[SecretStr, AfterValidator(_pin)] | None = Field(
        default=None,
        description='3 to 12 digits in quotes ("4711"); in this file only when nobody else may read it (chmod 600).',
    )
    pin_file: Path | None = Field(
        default=None, description="File with the PIN alone, which nobody else may read (chmod 600)."
    )

    @model_validator(mode="after")
    def _opens(self) -> MailboxSettings:
        if (self.pin is None) == (self.pin_file is None):
            raise ValueError("give either pin or pin_file")
        return self


def pins_of(mailboxes: Mapping[str, MailboxSettings], folder: Path) -> dict[str, str]:
    """The PIN of each mailbox. Raises ConfigurationError. Blocking."""
    pins = {}
    for name, mailbox in mailboxes.items():
        key = f"mailboxes.{name}.pin_file"
        pin = read_secret(key, mailbox.pin, mailbox.pin_file, folder) or ""
        if not _PIN.fullmatch(pin):
            raise ConfigurationError(f"{key}: a PIN has 3 to 12 digits")
        pins[name] = pin
    return pins
