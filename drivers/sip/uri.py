"""SIP addresses that people write: what to call, where to listen, whom to allow (RFC 3261 section 19.1)."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from engine.errors import ConfigurationError

DEFAULT_PORT = 5060

_URI = re.compile(
    r"sip:(?:(?P<user>[A-Za-z0-9\-_.!~*'()&=+$,;?/%#]+)@)?"
    r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9\-.]*[A-Za-z0-9])?)"
    r"(?::(?P<port>[0-9]{1,5}))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SipUri:
    """`sip:user@host:port`; user is empty when there is none, without percent escapes."""

    user: str
    host: str
    port: int = DEFAULT_PORT


def parse_uri(text: str) -> SipUri:
    """Read a SIP URI without parameters or password. Raises ValueError that says what is expected."""
    match = _URI.fullmatch(text.strip())
    port = int(match["port"] or DEFAULT_PORT) if match else 0
    if not match or not 0 < port < 65536 or _is_disguised(match["host"]):
        raise ValueError(f"{text!r} is not a SIP address such as sip:201@192.0.2.7 or sip:201@192.0.2.7:5090")
    return SipUri(unquote(match["user"] or ""), match["host"], port)


@lru_cache(maxsize=1024)
def is_literal(host: str) -> bool:
    """True for an IPv4 address, as opposed to a name."""
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _is_disguised(host: str) -> bool:
    """True for an address in another form than 192.0.2.7, such as 3221225991 or 0xc0.0.2.7, which is no host by RFC
    3261 section 25.1, but which the resolver takes: nobody would know it for that of a trunk."""
    return re.fullmatch(r"[0-9]+|0[xX][0-9A-Fa-f]*", host.rpartition(".")[2]) is not None and not is_literal(host)


def is_number(text: str) -> bool:
    """True for a telephone number or an exchange's code as it is dialled: digits, * and #, perhaps a + before."""
    return re.fullmatch(r"\+?[0-9*#]{1,32}", text) is not None


async def resolve(host: str) -> str:
    """An IPv4 address of `host`; literals are not looked up. Raises OSError when there is none."""
    return (await resolve_all(host))[0]


async def resolve_all(host: str) -> list[str]:
    """Every IPv4 address of `host`, the preferred one first. Raises OSError when there is none."""
    try:
        return [str(ipaddress.IPv4Address(host))]
    except ValueError:
        pass
    found = await asyncio.get_running_loop().getaddrinfo(host, None, family=socket.AF_INET, type=socket.SOCK_DGRAM)
    return [str(entry[4][0]) for entry in found]


def parse_listen(text: str) -> tuple[str, int]:
    """`host:port` to bind: one IPv4 address of this machine, port 0 for any free one.

    The address is written into SIP and SDP, so "all interfaces" cannot be named here.
    """
    host, _, port = text.rpartition(":")
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        address = None
    if address is None or address.is_unspecified or not port.isdecimal() or int(port) > 65535:
        raise ConfigurationError(
            f"sip.listen: {text!r}: expected one IPv4 address of this machine and a port, such as 192.0.2.7:5060"
        )
    return host, int(port)


def parse_external(text: str) -> tuple[str, int]:
    """`host` or `host:port` as far ends write it; port 0 when it says none. Raises ConfigurationError."""
    try:
        uri = parse_uri(f"sip:{text}")
    except ValueError:
        raise ConfigurationError(f"sip.external: {text!r}: expected an address such as 203.0.113.5") from None
    return uri.host, uri.port if ":" in text else 0


def peer_filter(allow: Sequence[str], key: str = "sip.allow") -> Callable[[str], bool]:
    """A test whether a source address is in one of the networks of `allow` (addresses or CIDR), which the settings
    have under `key`. Raises ConfigurationError."""
    try:
        networks = [ipaddress.ip_network(entry, strict=False) for entry in allow]
    except ValueError as error:
        raise ConfigurationError(f"{key}: {error}; expected networks such as 192.0.2.0/24") from None

    @lru_cache(maxsize=4096)
    def allowed(source: str) -> bool:
        address = ipaddress.ip_address(source)
        return any(address in network for network in networks)

    return allowed
