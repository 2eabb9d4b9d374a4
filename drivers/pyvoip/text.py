"""SIP messages as text (RFC 3261): made readable for pyVoIP before, and what it cannot word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

_NAMES = ("Via", "From", "To", "Call-ID", "CSeq", "Contact", "Content-Type", "Content-Length", "Record-Route")
_CANONICAL = {name.lower(): name for name in _NAMES} | {
    "v": "Via", "f": "From", "t": "To", "i": "Call-ID", "m": "Contact", "c": "Content-Type", "l": "Content-Length",
}  # fmt: skip
"""pyVoIP knows headers by their usual spelling only; the short forms are those of section 7.3.3."""

ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS"


class Message:
    """A datagram, read leniently. Raises ValueError for one that has no start line, or lacks a header that every
    message has (section 8.1.1)."""

    def __init__(self, data: bytes) -> None:
        # What is no UTF-8 is given back as it came.
        head, _, self.body = data.decode("utf-8", "surrogateescape").partition("\r\n\r\n")
        self.start, *lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
        pairs = [line.partition(":") for line in lines]
        self.headers = [
            (_CANONICAL.get(name.strip().lower(), name.strip()), value.strip()) for name, _, value in pairs
        ]
        words = self.start.split(" ")
        if len(words) < 3 or not all(self.get(name) for name in ("Via", "From", "To", "Call-ID", "CSeq")):
            raise ValueError("no SIP message")
        number, _, self.method = self.get("CSeq").partition(" ")
        self.method = self.method.strip()
        """Of the request, or of the one that is answered."""
        self.cseq = int(number)
        self.uri = words[1]
        """Of a request."""
        self.status = int(words[1]) if words[0] == "SIP/2.0" else 0
        """0 for a request."""

    def all(self, name: str) -> list[str]:
        """The values of a header, from the top."""
        return [value for known, value in self.headers if known == name]

    def get(self, name: str) -> str:
        """The topmost value of a header; empty without."""
        return next(iter(self.all(name)), "")

    def routes(self) -> list[str]:
        """Record-Route, from the top."""
        return [route.strip() for value in self.all("Record-Route") for route in value.split(",")]

    def encode(self) -> bytes:
        """As pyVoIP can read it: known spellings, one line a header, what is not UTF-8 replaced."""
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers)]
        body = self.body.rstrip("\r\n").replace("\r\n\r\n", "\r\n")
        return "\r\n".join([*lines, "", body]).encode("utf-8", "replace")


def reply(request: Message, status: int, phrase: str, *, tag: str, extra: Sequence[str] = ()) -> bytes:
    """A response without a body (section 8.2.6). tag: of the To, if the request has none."""
    lines = [f"SIP/2.0 {status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in request.headers if name in ("Via", "Record-Route")]
    lines += [f"From: {request.get('From')}", f"To: {tagged(request.get('To'), tag if status > 100 else '')}"]
    lines += [f"Call-ID: {request.get('Call-ID')}", f"CSeq: {request.get('CSeq')}", *extra]
    return _finish(lines)


def request(
    method: str, uri: str, *, via: str, local: str, remote: str, call_id: str, cseq: int, routes: Sequence[str] = ()
) -> bytes:
    """A request inside a dialog, or one about an INVITE of ours (sections 12.2.1.1, 9.1, 17.1.1.3)."""
    lines = [f"{method} {uri} SIP/2.0", f"Via: {via}", "Max-Forwards: 70", *(f"Route: {route}" for route in routes)]
    lines += [f"From: {local}", f"To: {remote}", f"Call-ID: {call_id}", f"CSeq: {cseq} {method}"]
    return _finish(lines)


def _finish(lines: list[str]) -> bytes:
    return "\r\n".join([*lines, "Content-Length: 0", "", ""]).encode("utf-8", "surrogateescape")


def with_body(text: str, body: str) -> bytes:
    """A message of pyVoIP's with another body, whose length is counted in octets."""
    octets = body.encode()
    head = re.sub(r"(?m)^Content-Length: \d+", f"Content-Length: {len(octets)}", text.partition("\r\n\r\n")[0])
    return head.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + octets


def tagged(address: str, tag: str) -> str:
    """From or To with a tag, unless it has one."""
    has = re.search(r";\s*tag=", address.rpartition(">")[2])
    return address if has or not tag else f"{address};tag={tag}"


def uri_in(address: str) -> str:
    """The URI of a From, To or Contact."""
    match = re.search(r"<([^>]*)>", address)
    return match[1] if match else address.partition(";")[0].strip()


def user_in(uri: str) -> str:
    """The user part of a SIP URI, without parameters; empty without."""
    match = re.match(r"sips?:([^@;]*)(?:;[^@]*)?@", uri)
    return unquote(match[1]).partition(":")[0] if match else ""


def caller(address: str) -> tuple[str, str]:
    """Number and display name in a From; both empty when they are withheld (RFC 3323 section 4.1)."""
    uri = uri_in(address)
    if "anonymous" in uri.lower():
        return "", ""
    name = address.partition("<")[0].strip() if "<" in address else ""
    if name.startswith('"'):
        name = re.sub(r"\\(.)", r"\1", name[1:].rpartition('"')[0])
    return user_in(uri), name.encode("utf-8", "replace").decode()
