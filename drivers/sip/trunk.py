"""A trunk: lines of an operator or of an exchange, as the settings describe it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from drivers.sip.account import Account
from drivers.sip.identity import ASSERTED
from drivers.sip.phones import PHONES
from drivers.sip.uri import DEFAULT_PORT
from engine.errors import ConfigurationError

SILENCE = 5.0
"""Seconds without any response, though the INVITE was repeated three times, after which another trunk is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """Its meaning key by key is in the settings (`sip.trunks`). Times are in seconds."""

    name: str
    host: str
    port: int = DEFAULT_PORT
    proxy: str = ""
    peers: Sequence[str] = ()
    user: str = ""
    auth_user: str = ""
    password: str = field(default="", repr=False)
    realm: str = ""
    register: bool = False
    expires: float = 300
    options: float | None = None
    channels: int | None = None
    did_from: str = "request-uri"
    cli_from: Sequence[str] = ASSERTED
    from_user: str = ""
    assert_caller: bool = True

    def account(self, caller_id: str, next_hop: tuple[str, int]) -> Account:
        """How a call by it presents `caller_id` (empty for the trunk's own number)."""
        asserted = (("P-Asserted-Identity", f"<sip:{quote(caller_id, safe='+')}@{self.host}>"),)
        return Account(
            next_hop=next_hop,
            user=self.auth_user or self.user,
            password=self.password,
            realm=self.realm,
            from_user=self.from_user or caller_id or self.user,
            from_host=self.host,
            headers=asserted if caller_id and self.assert_caller else (),
            patience=SILENCE,
        )


def read_trunks(trunks: Mapping[str, Mapping[str, Any]]) -> tuple[Trunk, ...]:
    """The trunks of the settings, in their order; what is None there is left out. Raises ConfigurationError."""
    read: list[Trunk] = []
    for name, options in trunks.items():
        try:
            trunk = Trunk(name=name, **{key: value for key, value in options.items() if value is not None})
        except TypeError as error:
            raise ConfigurationError(f"sip.trunks.{name}: {error}") from None
        if name == PHONES:
            raise ConfigurationError(f"sip.trunks.{name}: the name stands for registered phones; take another")
        if trunk.register and not trunk.user:
            raise ConfigurationError(f"sip.trunks.{name}.user: needed to register")
        read.append(trunk)
    return tuple(read)
