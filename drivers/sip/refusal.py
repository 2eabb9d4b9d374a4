"""A 503 to an INVITE that is hardly read: 0.04 ms instead of 0.4, for refusing must not cost what is missing.
Stateless (RFC 3261 section 8.2.7): the same INVITE gets the same answer, and its ACK is nobody's."""

from __future__ import annotations

import re
import secrets
from typing import NamedTuple

RETRY_AFTER = 2
"""Seconds for which whoever calls is asked to try elsewhere (RFC 3261 section 21.5.4)."""

TAG = secrets.token_hex(8).encode()
"""In To of these answers, and of their ACKs."""

_NAMES = {b"via": b"Via", b"from": b"From", b"to": b"To", b"call-id": b"Call-ID", b"cseq": b"CSeq"}
"""What an answer repeats."""
_LONG = {b"v": b"via", b"f": b"from", b"t": b"to", b"i": b"call-id"}
_VIA = re.compile(rb"SIP/2\.0/UDP [^\s;,:]+(?::(\d{1,5}))?(?:;[^\s;,]+)*")
_RPORT = re.compile(rb";rport(?=;|$)", re.IGNORECASE)


class Answer(NamedTuple):
    """A datagram and where it goes."""

    data: bytes
    address: tuple[str, int]


def refusal(head: bytes, source: tuple[str, int]) -> Answer | None:
    """The answer to an INVITE that begins a call. head: what is before its body. None for one that takes a call over,
    is in a dialog, or is written in another way than everybody writes it: that is for sippy to read."""
    fields = _fields(head)
    if fields is None or any(len(fields[name]) != 1 for name in _NAMES if name != b"via"):
        return None
    via = _VIA.fullmatch(fields[b"via"][0]) if fields[b"via"] else None
    to = fields[b"to"][0]
    if via is None or b"tag=" in to.lower():
        return None
    host, port = source
    mine, asked = _RPORT.subn(b";rport=%d" % port, via[0])  # RFC 3581 section 4
    fields[b"via"][0] = mine + b";received=" + host.encode()
    fields[b"to"] = [to + b";tag=" + TAG]
    lines = [b"%s: %s" % (written, value) for name, written in _NAMES.items() for value in fields[name]]
    status, others = b"SIP/2.0 503 Service Unavailable", (b"Retry-After: %d" % RETRY_AFTER, b"Content-Length: 0")
    data = b"\r\n".join((status, *lines, *others, b"", b""))
    return Answer(data, (host, port if asked else int(via[1] or 5060)))


def _fields(head: bytes) -> dict[bytes, list[bytes]] | None:
    """The values of what is to be repeated; None for a message that needs reading."""
    fields: dict[bytes, list[bytes]] = {name: [] for name in _NAMES}
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        name = name.lower()
        name = _LONG.get(name, name)
        if name == b"replaces" or name[-1:].isspace() or line[:1].isspace():
            return None
        if name in fields:
            fields[name].append(value.strip())
    return fields
