"""Addresses of people, as far as mail can be sent to them."""

from __future__ import annotations

import re

from engine.errors import CallError

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"(?=.{{1,64}}$){_ATOM}(\.{_ATOM})*")
"""A dot-atom (RFC 5321 section 4.1.2), in ASCII: another one needs SMTPUTF8 (RFC 6531) all the way to the mailbox."""
_DOMAIN = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
)


def sendable(address: str) -> str:
    """The address as SMTP has it: a domain with accents as IDNA (RFC 5890). Raises CallError for what is none."""
    local, _, domain = address.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_domain = ""
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(ascii_domain):
        raise CallError(f"{address!r} is no e-mail address")
    return f"{local}@{ascii_domain}"


def named(text: str) -> tuple[str, str]:
    """`Switchboard <calls@example.com>`, or the address alone → name, address. Raises CallError."""
    from email.utils import parseaddr

    name, address = parseaddr(text) if "<" in text else ("", text.strip())
    return " ".join(name.split()), sendable(address)
