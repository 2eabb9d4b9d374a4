"""Where a call to an address goes: to the phones registered for it, by a trunk, or straight there."""

from __future__ import annotations

from collections.abc import Collection

from drivers.sip.events import Call
from drivers.sip.peers import Peers
from drivers.sip.phones import PHONES
from drivers.sip.registrar import Registrar
from drivers.sip.trunks import Trunks
from drivers.sip.uri import is_number, parse_uri, resolve
from engine.errors import LineFailed, OriginateError
from engine.lines import Cause

Route = tuple[Call, str]
"""A call to be made, and the line that it goes by: a trunk's name, `PHONES`, or empty."""

LONGEST_EXTENSION = 6
"""Digits of what is no number of the telephone network."""


class Routes:
    """Of one driver."""

    def __init__(self, registrar: Registrar | None, trunks: Trunks, peers: Peers) -> None:
        self._registrar = registrar
        self._peers = peers
        self._trunks = trunks

    def registered(self, extension: str) -> bool:
        """True when a phone is registered for it now."""
        return self._registrar is not None and bool(self._registrar.contacts(extension))

    def line_for(self, to: str, without: Collection[str] = ()) -> str:
        """The line that a call would go by, other than those in `without`. Raises NoChannel when the trunks that it
        would need are full or down."""
        if self._registrar is not None and self._registrar.has(to):
            return PHONES
        return self._trunks.choose(without).trunk.name if is_number(to) and self._trunks else ""

    async def calls(self, to: str, caller_id: str, by: str = "") -> list[Route]:
        """One call, or one to each phone of an extension. by: the trunk that a number goes by; empty: the first that
        can. Raises as `Driver.originate_by`."""
        if self._registrar is not None and self._registrar.has(to):
            bindings = self._registrar.contacts(to)
            if not bindings:
                raise OriginateError(to, Cause.NOT_FOUND, "no phone is registered")
            return [(binding.call(caller_id), PHONES) for binding in bindings]
        if is_number(to) and self._trunks:
            return [await self._by_trunk(to, caller_id, by)]
        return [(await self._direct(to, caller_id), "")]

    async def _by_trunk(self, to: str, caller_id: str, by: str) -> Route:
        watch = self._trunks.by_name(by) or self._trunks.choose()
        trunk = watch.trunk
        try:
            next_hop = await watch.route()
        except OSError as error:
            raise LineFailed(to, Cause.FAILED, f"{trunk.host}: {error.strerror}") from None
        account = trunk.account(caller_id, next_hop)
        return Call(to, trunk.host, trunk.port, next_hop[0], caller_id, account), trunk.name

    async def _direct(self, to: str, caller_id: str) -> Call:
        uri = parse_uri(to)
        try:
            address = await resolve(uri.host)
        except OSError as error:
            raise OriginateError(to, Cause.NOT_FOUND, f"{uri.host}: {error.strerror}") from None
        trunk = self._peers.hidden(uri.host, address)
        if trunk is not None and sum(map(str.isdecimal, uri.user)) > LONGEST_EXTENSION:
            why = f"{uri.host} is trunk {trunk.name}: name it as sip.trunks does, so that the rules for numbers hold"
            raise OriginateError(to, Cause.REJECTED, why)
        return Call(uri.user, uri.host, uri.port, address, caller_id)
