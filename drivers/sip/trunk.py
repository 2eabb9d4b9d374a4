"""A trunk: lines of an operator or of an exchange, as the settings describe it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drivers.sip.identity import ASSERTED
from drivers.sip.uri import DEFAULT_PORT
from engine.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """Its meaning key by key is in the settings (`sip.trunks`)."""

    name: str
    host: str
    port: int = DEFAULT_PORT
    user: str = ""
    peers: Sequence[str] = ()
    did_from: str = "request-uri"
    cli_from: Sequence[str] = ASSERTED


def read_trunks(trunks: Mapping[str, Mapping[str, Any]]) -> tuple[Trunk, ...]:
    """The trunks of the settings, in their order. Raises ConfigurationError."""
    try:
        return tuple(Trunk(name=name, **options) for name, options in trunks.items())
    except TypeError as error:
        raise ConfigurationError(f"sip.trunks: {error}") from None
