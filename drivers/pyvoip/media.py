"""Session descriptions (RFC 4566), as far as pyVoIP leaves them to us: what the far end offers, and the answer."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace

_ANSWERS = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}

DTMF = 101
"""Payload type of the telephone events in our own offers (RFC 4733)."""


@dataclass(frozen=True, slots=True)
class Media:
    """The sound of the far end: PCMU at an IPv4 address."""

    host: str
    port: int
    dtmf: int | None
    """Payload type of telephone events; None without."""
    direction: str
    """sendrecv, sendonly, recvonly or inactive, as the far end says it."""
    index: int = 0
    """Which of the streams it is."""

    @property
    def send(self) -> bool:
        """False while it does not want to hear us."""
        return self.direction in ("sendrecv", "recvonly") and self.host != "0.0.0.0"  # noqa: S104 - RFC 2543 hold

    @property
    def hear(self) -> bool:
        """True while its packets are to be expected."""
        return self.direction == "sendrecv" and self.send

    @property
    def answer(self) -> str:
        """The direction that answers it (RFC 3264 section 6.1)."""
        return _ANSWERS.get(self.direction, "sendrecv")


def read(description: str) -> Media | None:
    """The first stream of plain audio with PCMU and an IPv4 address; None without."""
    session, streams = _split(description)
    for index, stream in enumerate(streams):
        words = stream.split("\r\n")[0].split(" ")
        if words[0] != "m=audio" or len(words) < 4 or words[2] != "RTP/AVP" or "0" not in words[3:]:
            continue
        port = words[1].partition("/")[0]
        address = _find(r"c=IN IP4 (\d+(?:\.\d+){3})", stream, session)
        if not port.isdecimal() or not 0 < int(port) < 65536 or not _is_host(address):
            continue
        dtmf = _find(r"a=rtpmap:(\d\d?|1[01]\d|12[0-7]) (?i:telephone-event)/8000", stream)
        direction = _find("a=(sendrecv|sendonly|recvonly|inactive)", stream, session) or "sendrecv"
        return Media(address, int(port), int(dtmf) if dtmf else None, direction, index)
    return None


def changed(media: Media, description: str) -> Media | None:
    """The same after a new offer; an offer without a description changes nothing (RFC 3261 section 14.2)."""
    return read(description) if description.strip() else replace(media)


def answer(ours: str, offer: str, media: Media) -> str:
    """Our description as pyVoIP words it, `ours`, with a refusal for each other stream that was offered: an answer
    has as many as the offer (RFC 3264 section 6)."""
    _, streams = _split(offer)
    session, sound = _split(ours)
    refused = [" ".join([kind, "0", *rest]) for kind, _, *rest in (s.split("\r\n")[0].split(" ") for s in streams)]
    lines = [sound[0] if index == media.index else f"{line}\r\n" for index, line in enumerate(refused)]
    return session + "".join(lines or sound)


def _is_host(address: str) -> bool:
    """True for the IPv4 address of one machine, or 0.0.0.0."""
    try:
        return not ipaddress.IPv4Address(address).is_multicast
    except ValueError:
        return False


def _split(description: str) -> tuple[str, list[str]]:
    text = "\r\n".join(description.splitlines()) + "\r\n"
    session, *streams = re.split(r"(?m)^(?=m=)", text)
    return session, streams


def _find(pattern: str, *places: str) -> str:
    for place in places:
        if match := re.search(f"(?m)^{pattern}", place):
            return match[1]
    return ""
