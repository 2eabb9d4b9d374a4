"""Addresses of people, as far as mail can be sent to them."""

from __future__ import annotations

import re

from engine.errors import CallError

_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[^@\s<>,;:\"()\[\]\\\x00-\x1f\x7f]{1,253}")
"""The local part is ASCII: another one needs SMTPUTF8 (RFC 6531) all the way to the mailbox."""


def sendable(address: str) -> str:
    """The address as SMTP has it: a domain with accents as IDNA (RFC 5890). Raises CallError for what is none."""
    if not _ADDRESS.fullmatch(address):
        raise CallError(f"{address!r} is no e-mail address")
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        raise CallError(f"{address!r} is no e-mail address: {domain} is no domain") from None


def named(text: str) -> tuple[str, str]:
    """`Switchboard <calls@example.com>`, or the address alone → name, address. Raises CallError."""
    from email.utils import parseaddr

    name, address = parseaddr(text) if "<" in text else ("", text.strip())
    return " ".join(name.split()), sendable(address)
