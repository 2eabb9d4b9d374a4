"""Which numbers may be dialled, and what is sent for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal, get_args
from urllib.parse import unquote

from engine.errors import NotAllowed
from engine.lines import numbering
from engine.lines.numbering import Number

Kind = Literal["internal", "national", "short", "shared_cost", "premium", "international", "emergency"]
KINDS: tuple[Kind, ...] = get_args(Kind)
USUAL: frozenset[str] = frozenset({"internal", "national"})
"""What may be dialled unless the settings say otherwise."""

_WORDS = {
    "internal": "extensions",
    "national": "national numbers",
    "short": "short numbers",
    "shared_cost": "shared-cost numbers",
    "premium": "premium-rate numbers",
    "international": "international numbers",
    "emergency": "emergency numbers",
}
_SIP_URI = re.compile(r"sips?:(?:(?P<user>[^@]*)@)?(?P<host>\[[^\]]*\]|[^:;?]+)", re.IGNORECASE)
_PREFIX = re.compile(r"\+[1-9][0-9]{0,14}")
_SHORT = re.compile(r"[0-9]{2,6}")
_LONGEST_OWN = 6
"""Digits of what can be a gateway's own: an extension, a code."""


class NoSuchNumber(NotAllowed):
    """Digits that are neither a number that is in use nor as long as an extension."""


@dataclass(frozen=True, slots=True)
class Dialled:
    """What may be dialled. `kind`: "address" for a SIP URI that leads to no gateway. `e164`: with +; empty for
    addresses, extensions and short numbers. `digits`: what is sent, for a URI the URI."""

    kind: Kind | Literal["address"]
    e164: str
    digits: str

    @property
    def outside(self) -> bool:
        """True when the call goes out to the telephone network."""
        return self.kind not in ("internal", "address")


def destination(entry: str) -> str:
    """An entry of `allow` or `deny`, as it is. Raises ValueError for one that can mean nothing."""
    country = re.fullmatch("[A-Z]{2}", entry) and numbering.is_country(entry)
    if entry in KINDS or country or _PREFIX.fullmatch(entry) or _SHORT.fullmatch(entry):
        return entry
    raise ValueError(
        f"{entry!r} is no destination: write a class ({', '.join(KINDS)}), a country such as BE, the beginning of a "
        "number such as +33892, or a short number such as 3631"
    )


class DialPlan:
    """The rules of one server. What an entry says of a number or of the beginning of one counts before what another
    says of a class or a country; otherwise `deny` counts before `allow`."""

    def __init__(
        self,
        country: str = "FR",
        *,
        internal_digits: int | None = None,
        outside_prefix: str = "",
        send: Literal["national", "e164"] = "national",
        strip_from_cli: str = "",
        presents_caller: bool = True,
        number: str = "",
        allow: Sequence[str] = (),
        deny: Sequence[str] = (),
        gateways: Iterable[str] = (),
    ) -> None:
        """country: ISO 3166-1. internal_digits: length of an extension. outside_prefix: dialled before every number
        that is no extension. strip_from_cli: what the exchange puts before the number of a caller from outside.
        presents_caller: who is called for a caller sees the caller's number, else `number`, which is our own.
        gateways: hosts, addresses and networks by which calls leave for the telephone network. Raises ValueError."""
        if not numbering.is_country(country):
            raise ValueError(f"country: {country!r} has no telephone numbers: write one such as FR")
        self._country = country
        self._internal_digits = internal_digits
        self._outside_prefix = outside_prefix
        self._send = send
        self._strip = strip_from_cli
        self.presents_caller = presents_caller
        self.number = number
        self._allow = frozenset(destination(entry) for entry in allow)
        self._deny = frozenset(destination(entry) for entry in deny)
        self._gateways = frozenset(gateway.lower() for gateway in gateways)
        self._networks = tuple(network for gateway in self._gateways if (network := _network(gateway)))

    # Calls that come in -----------------------------------------------------------------------------------------

    def cleaned(self, cli: str) -> str:
        """A calling number as its owner would write it: without what the exchange has put before it."""
        extension = len(cli) == self._internal_digits
        if self._strip and cli.startswith(self._strip) and cli != self._strip and not extension:
            return cli[len(self._strip) :]
        return cli

    def caller(self, cli: str) -> str:
        """A calling number, as presented, in E.164; empty for an extension or a caller who is withheld."""
        return numbering.e164(self.cleaned(cli), self._country)

    def said(self, cli: str) -> str:
        """A calling number as people here dial it, digits alone; empty for what is no number."""
        bare = self.cleaned(cli)
        number = None if len(bare) == self._internal_digits else numbering.read(bare, self._country)
        said = numbering.as_dialled(number, self._country) if number is not None else bare
        return said if said.isascii() and said.isdecimal() else ""

    # Calls that go out ------------------------------------------------------------------------------------------

    def decide(self, to: str) -> Dialled:
        """What is sent for a telephone number, an extension, a `tel:` or SIP URI. Raises NotAllowed, which names the
        rule, or NoSuchNumber."""
        if uri := _SIP_URI.match(to.strip()):
            return self._uri(to, uri["user"] or "", uri["host"])
        bare = numbering.plain(to)
        if not bare:
            raise NotAllowed(f"{to!r} is no telephone number, extension or SIP URI", rule="no_number")
        if emergency := numbering.emergency(bare, self._country):
            return self._short("emergency", to, emergency)
        if len(bare) == self._internal_digits and not bare.startswith("+"):
            return self._internal(to, bare)
        number = numbering.read(bare, self._country)
        if number is not None:
            return self._number(to, number)
        if kind := numbering.short(bare, self._country):
            return self._short(kind, to, bare)
        message = f"{to}: no such number in {self._country}{self._about_extensions(bare)}"
        raise NoSuchNumber(message, rule="unused")

    def is_emergency(self, to: str) -> bool:
        """True for an emergency number, which is nobody's extension."""
        return bool(numbering.emergency(to, self._country))

    # Inside -----------------------------------------------------------------------------------------------------

    def _uri(self, to: str, user: str, host: str) -> Dialled:
        """A SIP URI is its author's business, but no way around the rules by a gateway. What is no number there is
        the gateway's own."""
        address = Dialled("address", "", to)
        if not self._leads_out(host.lower()):
            return address
        written = re.split("[;:]", unquote(user))[0]
        # A gateway leaves out what is no digit, however much there is of it; a name with letters is not dialled.
        number = "" if re.search("[^\\W\\d_]", written) else re.sub(r"[^+0-9]|(?<=.)\+", "", written)
        if self._outside_prefix and number.startswith(self._outside_prefix):
            number = number[len(self._outside_prefix) :]
        try:
            return replace(self.decide(number), digits=to) if number else address
        except NoSuchNumber:
            if len(number) > _LONGEST_OWN:
                raise  # the network would dial its beginning, and disregard the rest
            return address

    def _leads_out(self, host: str) -> bool:
        """True for a host that is a gateway."""
        address = _network(host)
        within = address is not None and any(
            address.version == network.version and address.network_address in network for network in self._networks
        )
        return within or host in self._gateways

    def _internal(self, to: str, bare: str) -> Dialled:
        if self._outside_prefix and bare.startswith(self._outside_prefix):
            prefix = self._outside_prefix
            raise NotAllowed(
                f"{to}: an extension that begins with {prefix} would take an outside line",
                rule="outside",
                what=prefix,
            )
        self._check(to, {"internal"}, names=[bare], country="")
        return Dialled("internal", "", bare)

    def _short(self, kind: Literal["short", "premium", "emergency"], to: str, bare: str) -> Dialled:
        self._check(to, {kind}, names=[bare], country="")
        return Dialled(kind, "", self._outside_prefix + bare)

    def _number(self, to: str, number: Number) -> Dialled:
        national = numbering.is_national(number, self._country)
        classes = {"national" if national else "international"}
        if number.rate != "ordinary":
            classes = classes - {"national"} | {number.rate}
        e164 = number.e164
        beginnings = [e164[:length] for length in range(2, len(e164) + 1)]
        self._check(to, classes, names=beginnings, country=number.region)
        kind: Kind = next((kind for kind in KINDS if kind in classes), "national" if national else "international")
        digits = e164 if self._send == "e164" else numbering.as_dialled(number, self._country)
        return Dialled(kind, e164, self._outside_prefix + digits)

    def _check(self, to: str, classes: set[str], *, names: Sequence[str], country: str) -> None:
        """Raises NotAllowed unless the rules let a number of these classes pass. names: the number, or its possible
        beginnings."""
        if denied := self._deny.intersection(names):
            entry = min(denied)
            raise NotAllowed(f"{to}: {entry} is denied (telephony.deny)", rule="denied", what=entry)
        if self._allow.intersection(names):
            return
        if denied := self._deny.intersection({*classes, country}):
            kind = min(denied)
            message = f"{to}: {_WORDS.get(kind, kind)} are denied (telephony.deny)"
            raise NotAllowed(message, rule="kinds_denied", kinds=[kind])
        missing = classes - USUAL - self._allow - ({"international"} if country in self._allow else set())
        if "unknown" in missing:
            raise NoSuchNumber(
                f"{to}: no number of this form is in use; if one is, name its beginning in telephony.allow",
                rule="unused",
            )
        if missing:
            kinds = [kind for kind in KINDS if kind in missing]
            words = " and ".join(_WORDS[kind] for kind in kinds)
            raise NotAllowed(f"{to}: {words} are not allowed (telephony.allow)", rule="kinds", kinds=kinds)

    def _about_extensions(self, bare: str) -> str:
        if self._internal_digits is not None or not _SHORT.fullmatch(bare):
            return ""
        return "; for an extension, say in telephony.internal_digits how long they are"


def _network(text: str) -> IPv4Network | IPv6Network | None:
    """An address or a network, as it stands in settings and in URIs; None for a name."""
    try:
        return ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return None
