# ruff: noqa: N802 - overridden methods keep sippy's names
"""What sippy does not read of messages that are right: blanks wherever RFC 3261 lets them stand (section 7.3.1 and
the SWS of section 25.1), and request lines of another kind than sip. Signalling thread only."""

from __future__ import annotations

import re

from sippy.SipRequest import SipRequest
from sippy.SipURL import SipURL

_LOOSE = re.compile(r"\n[ \t]|[ \t][;=,/:]|[;=/][ \t]")
"""Whether there is anything to tighten: there seldom is."""

_FOLD = re.compile(r"\r?\n[ \t]+")

_PARTS = re.compile(r'"(?:[^"\\]|\\.)*"|<[^>]*>|(?:(?<![ \t])[ \t]+)?([;=])[ \t]*')
"""Of an address: what stays as it is, and the separators of its parameters."""

_VIA = re.compile(r"(?:(?<![ \t])[ \t]+)?([;=,/:])[ \t]*")

LONGEST = 1024
"""Characters of a header field that is tightened. The time that it takes grows with their square: without a limit,
one datagram would stop the signalling thread for 15 s."""

_ADDRESSES = frozenset(
    ("to", "t", "from", "f", "contact", "m", "route", "record-route", "refer-to", "r", "referred-by", "b")
)

_SCHEME = re.compile(r"\S+ +([A-Za-z][A-Za-z0-9+.-]*):")
_OURS = frozenset(("sip", "sips", "tel"))


def tightened(head: str) -> str:
    """The start line and header fields of a message, unfolded, without blanks around the separators of Via and of
    addresses."""
    if not _LOOSE.search(head):
        return head
    start, *lines = re.split(r"\r?\n", _FOLD.sub(" ", head))
    return "\r\n".join([start, *map(_tightened, lines)])


def _tightened(line: str) -> str:
    name, colon, value = line.partition(":")
    kind = name.strip().lower()
    if len(line) > LONGEST:
        return line
    if kind in ("via", "v"):
        value = _VIA.sub(r"\1", value)
    elif kind in _ADDRESSES:
        value = _PARTS.sub(lambda found: found[1] or found[0], value)
    return name + colon + value


class Request(SipRequest):
    """A request whose address may be of a kind that we do not know, so that it can be told so (RFC 3261 section
    8.2.2.1)."""

    foreign = False
    """True when it is: `getRURI` is then made up."""

    def setSL(self, startline: str) -> None:
        """Raises ValueError for a line that is none."""
        try:
            super().setSL(startline)
        except ValueError:
            scheme = _SCHEME.match(startline)
            if scheme is None or scheme[1].lower() in _OURS or len(startline.split()) != 3:
                raise
            self.foreign, self.ruri = True, SipURL(host="unknown.invalid")
