"""Who calls whom: the called and the calling number of an incoming INVITE, read where its trunk says.

RFC 3261 section 20.10 (name-addr), RFC 3325 (P-Asserted-Identity), RFC 3323 (Privacy), RFC 7315 section 4.2
(P-Called-Party-ID), RFC 5806 (Diversion), RFC 3966 (tel:), and draft-ietf-sip-privacy-04 (Remote-Party-ID).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

Headers = Callable[[str], Sequence[str]]
"""The values of a header of the message, in order, by its name in lower case."""

ASSERTED = ("p-asserted-identity", "remote-party-id", "from")
"""Where a calling number is read by default, in this order."""

WITHHELD = frozenset(("anonymous", "unavailable", "unknown", "restricted", "withheld"))
"""User parts that stand for a number which is not shown."""

PRIVATE = frozenset(("id", "user", "header", "session"))
"""Values of Privacy that ask us not to show who calls."""

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"\s*', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Party:
    """An address as a header gives it: `params` are those of the header, in lower case."""

    user: str
    name: str
    params: tuple[str, ...] = ()

    @property
    def withheld(self) -> bool:
        """True when it only says that the number is not shown."""
        return self.user.lower() in WITHHELD


def parse_party(text: str) -> Party | None:
    """Read a name-addr or addr-spec; None when it is neither."""
    name, text = "", text.strip()
    quoted = _QUOTED.match(text)
    if quoted:
        name = re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL)
        text = text[quoted.end() :]
    before, bracket, rest = text.partition("<")
    if bracket:
        uri, closed, params = rest.partition(">")
        name = name or before.strip(' "')
    else:
        uri, _, params = text.partition(";")
        closed = "" if quoted else ">"
    user = _user(uri) if closed else None
    if user is None:
        return None
    return Party(user, name, tuple(part.strip().lower() for part in params.split(";") if part.strip()))


def called_number(headers: Headers, request_user: str, did_from: str) -> str:
    """The DID: the user part in the header `did_from`, or in the request line when the call has no such header.

    Of several Diversion headers the topmost is meant: the number that sent the call to us.
    """
    if did_from != "request-uri":
        for text in headers(did_from):
            party = parse_party(text)
            if party is not None and party.user:
                return party.user
    return request_user


def calling_party(headers: Headers, cli_from: Sequence[str]) -> tuple[str, str]:
    """The CLI and the display name, from the first header of `cli_from` that has a number; both empty when the
    caller does not want them shown."""
    sender = next((party for text in headers("from") if (party := parse_party(text))), Party("", ""))
    asked = {part.strip().lower() for text in headers("privacy") for part in text.split(";")}
    if sender.withheld or asked & PRIVATE:
        return "", ""
    for source in cli_from:
        for text in headers(source):
            party = parse_party(text)
            if party is None or not party.user:
                continue
            if party.withheld or _is_private(party):
                return "", ""
            return party.user, party.name or sender.name
    return "", sender.name


def _is_private(party: Party) -> bool:
    """Remote-Party-ID says by itself whether it may be shown."""
    wish = next((part.partition("=")[2].strip('" ') for part in party.params if part.startswith("privacy=")), "off")
    return not wish.startswith("off")


def _user(uri: str) -> str | None:
    """The user part of a SIP URI or the number of a tel: URI, without parameters, password and escapes."""
    scheme, _, rest = uri.strip().partition(":")
    match scheme.lower():
        case "sip" | "sips":
            user, at, _ = rest.rpartition("@")
            return unquote(user.partition(";")[0].partition(":")[0]) if at else ""
        case "tel":
            return re.sub(r"[-.()]", "", rest.partition(";")[0])
    return None
