"""Session descriptions: one audio stream in G.711 with RFC 4733 digits (RFC 4566, RFC 3264).

Codecs are offered by their static payload types, 8 (PCMA) and 0 (PCMU), and recognised also under any number
that an rtpmap gives them.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Codec = Literal["PCMA", "PCMU"]
Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]

CODECS: dict[int, Codec] = {8: "PCMA", 0: "PCMU"}
OFFERED_DTMF = 101
"""The dynamic payload type of telephone-event in our own offers."""

_REVERSED: dict[str, Direction] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}


class SdpError(ValueError):
    """The text is not a session description that can be understood: answer 400."""


class NoCommonMedia(ValueError):
    """A valid description, but without anything that we can send or receive: answer 488."""


@dataclass(frozen=True, slots=True)
class Media:
    """The far end's audio: where to send, what, and which way it flows as the far end sees it.

    `host` is "0.0.0.0" for the old way to ask for silence (RFC 3264 section 8.4).
    """

    host: str
    port: int
    codec: Codec
    payload: int
    """The codec's number, both ways."""
    dtmf: int | None
    direction: Direction = "sendrecv"

    @property
    def held(self) -> bool:
        """True when the far end does not want to hear us."""
        return self.host == "0.0.0.0" or self.direction in ("sendonly", "inactive")  # noqa: S104


@dataclass(frozen=True, slots=True)
class Description:
    """A session description of the far end: its audio, and what an answer must repeat of each stream."""

    audio: Media
    streams: tuple[tuple[str, str, str], ...]
    """(media type, transport, formats) of each m= line."""
    chosen: int
    """Index of the audio stream in `streams`."""


@dataclass(slots=True)
class _Stream:
    kind: str
    port: int
    transport: str
    formats: list[str]
    host: str
    direction: Direction = "sendrecv"
    codecs: dict[int, Codec] = field(default_factory=lambda: dict(CODECS))
    """By payload type."""
    events: set[int] = field(default_factory=set)
    """Payload types of telephone-event."""

    def media(self) -> Media | None:
        """What is common, in the order that the far end prefers; None when nothing is."""
        if self.kind != "audio" or self.transport != "RTP/AVP" or not self.port:
            return None
        numbers = [number for number in map(_number, self.formats) if number is not None]
        payload = next((number for number in numbers if number in self.codecs), None)
        if payload is None:
            return None
        dtmf = next((number for number in numbers if number in self.events and number != payload), None)
        return Media(self.host, self.port, self.codecs[payload], payload, dtmf, self.direction)


def parse(text: str) -> Description:
    """Read an offer or an answer. Raises SdpError or NoCommonMedia."""
    session = _Stream("", 0, "", [], "")
    streams: list[_Stream] = []
    lines = text.splitlines()
    if not lines or lines[0].strip() != "v=0":
        raise SdpError("a session description begins with v=0")
    for line in filter(None, map(str.strip, lines)):
        kind, equals, value = line.partition("=")
        if len(kind) != 1 or not equals:
            raise SdpError(f"not a line of a session description: {line[:40]!r}")
        if kind == "m":
            streams.append(_stream(value, session))
        else:
            _apply(streams[-1] if streams else session, kind, value)
    for index, stream in enumerate(streams):
        if (media := stream.media()) is not None:
            audio = replace(media, host=_ipv4(media.host))
            return Description(audio, tuple((s.kind, s.transport, " ".join(s.formats)) for s in streams), index)
    raise NoCommonMedia("no audio stream in G.711 (PCMA or PCMU) over RTP/AVP")


def read(body: Any) -> Description:
    """The session description in a message body, as sippy has it. Raises SdpError or NoCommonMedia."""
    if body.getType() != "application/sdp":
        raise NoCommonMedia(f"cannot read {body.getType()}")
    return parse(str(body))


def offer(host: str, port: int, *, session: int, version: int = 1) -> str:
    """Our offer: both laws, A-law first, and telephone-event."""
    formats = [*map(str, CODECS), str(OFFERED_DTMF)]
    stream = [f"m=audio {port} RTP/AVP {' '.join(formats)}"]
    stream += [f"a=rtpmap:{number} {codec}/8000" for number, codec in CODECS.items()]
    return _text(host, session, version, [*stream, *_events(OFFERED_DTMF), "a=ptime:20", "a=sendrecv"])


def answer(to: Description, host: str, port: int, *, session: int, version: int = 1) -> str:
    """Our answer: the offerer's preferred codec and its number for digits, other streams refused with port 0
    (RFC 3264 section 6)."""
    lines: list[str] = []
    for index, (kind, transport, formats) in enumerate(to.streams):
        if index != to.chosen:
            lines.append(f"m={kind} 0 {transport} {formats}")
            continue
        number, dtmf = to.audio.payload, to.audio.dtmf
        lines.append(f"m=audio {port} RTP/AVP {number}" + ("" if dtmf is None else f" {dtmf}"))
        lines.append(f"a=rtpmap:{number} {to.audio.codec}/8000")
        lines += [] if dtmf is None else _events(dtmf)
        lines += ["a=ptime:20", f"a={_answered_direction(to.audio)}"]
    return _text(host, session, version, lines)


def _answered_direction(media: Media) -> Direction:
    return "recvonly" if media.held and media.direction == "sendrecv" else _REVERSED[media.direction]


def _text(host: str, session: int, version: int, streams: list[str]) -> str:
    head = ["v=0", f"o=- {session} {version} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0"]
    return "\r\n".join([*head, *streams, ""])


def _events(number: int) -> list[str]:
    return [f"a=rtpmap:{number} telephone-event/8000", f"a=fmtp:{number} 0-15"]


def _number(text: str) -> int | None:
    """A number of at most five digits, or None: whatever it is, it is no port and no payload type."""
    return int(text) if len(text) <= 5 and text.isascii() and text.isdigit() else None


def _stream(value: str, session: _Stream) -> _Stream:
    words = value.split()
    port = _number(words[1].partition("/")[0]) if len(words) > 3 else None
    if port is None or port > 65535:
        raise SdpError(f"unreadable media line: m={value[:40]}")
    return _Stream(words[0], port, words[2], words[3:], session.host, session.direction)


def _apply(to: _Stream, kind: str, value: str) -> None:
    """A c= or a= line, of the session or of a stream; other lines do not matter to us."""
    if kind == "c":
        to.host = _address(value)
    elif kind == "a" and value in _REVERSED:
        to.direction = _flow(value)
    elif kind == "a" and value.startswith("rtpmap:"):
        _rtpmap(to, value)


def _flow(value: str) -> Direction:
    return _REVERSED[_REVERSED[value]]


def _address(value: str) -> str:
    words = value.split()
    if len(words) != 3:
        raise SdpError(f"unreadable connection line: c={value[:40]}")
    return words[2].partition("/")[0]


def _ipv4(host: str) -> str:
    """Names are not looked up here: the offer is handled where nothing may wait for a name server."""
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        raise NoCommonMedia(f"the connection address {host!r} is not an IPv4 address") from None
    if address.is_multicast:
        raise NoCommonMedia(f"the connection address {host} is that of many")
    return str(address)


def _rtpmap(stream: _Stream, value: str) -> None:
    text, _, encoding = value.removeprefix("rtpmap:").partition(" ")
    number = _number(text)
    if number is None or number > 127:
        return
    match encoding.strip().upper().split("/"):
        case ["TELEPHONE-EVENT", "8000", *_]:
            stream.events.add(number)
        case ["PCMA" | "PCMU" as codec, "8000"] | ["PCMA" | "PCMU" as codec, "8000", "1"]:
            stream.codecs[number] = codec
