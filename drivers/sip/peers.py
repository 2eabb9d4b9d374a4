"""Who may send us requests, and which trunk they belong to, by the address that a datagram came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from drivers.sip.trunk import Trunk
from drivers.sip.uri import is_literal, peer_filter


class Peers:
    """Asked in the signalling thread for each datagram; `locate` may be called from any other.

    Raises ConfigurationError for a network that is none.
    """

    def __init__(self, allow: Sequence[str], trunks: Sequence[Trunk] = ()) -> None:
        self._allowed = peer_filter(allow)
        self._networks = [(peer_filter(trunk.peers, f"sip.trunks.{trunk.name}.peers"), trunk) for trunk in trunks]
        self._trunks = trunks
        self._located: dict[str, frozenset[str]] = {
            trunk.name: frozenset((trunk.host,)) for trunk in trunks if is_literal(trunk.host)
        }

    def locate(self, trunk: Trunk, addresses: Iterable[str]) -> None:
        """The trunk's host has these addresses now."""
        self._located[trunk.name] = frozenset(addresses)

    def allowed(self, source: str) -> bool:
        """True for an address in `sip.allow` or of a trunk."""
        return self._allowed(source) or any(self._belongs(source))

    def trunk_of(self, source: str, users: Sequence[str] = ()) -> Trunk | None:
        """The trunk that a call from `source` came by; `users` are the user parts of its request line and To, which
        tell accounts at one operator apart."""
        found = list(self._belongs(source))
        return next((trunk for trunk in found if trunk.user and trunk.user in users), found[0] if found else None)

    def hidden(self, host: str, address: str) -> Trunk | None:
        """The trunk that a call to `host`, which has this address, would reach, if the settings do not name the host
        as one of a trunk: the rules for numbers, which go by names, have not seen it."""
        for contains, trunk in self._networks:
            if host.lower() == trunk.host.lower() or (is_literal(host) and contains(host)):
                return None
        return self.trunk_of(address)

    def _belongs(self, source: str) -> Iterable[Trunk]:
        for contains, trunk in self._networks:
            if source in self._located.get(trunk.name, ()) or contains(source):
                yield trunk
