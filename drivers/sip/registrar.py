"""Where phones register (RFC 3261 section 10.3): who is reached where, and for how long.

`register` is called in the signalling thread, everything else from any.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from drivers.sip.account import Account
from drivers.sip.events import Call
from drivers.sip.identity import Headers, parse_party
from drivers.sip.phones import Phones
from drivers.sip.uri import SipUri, is_literal, parse_uri, peer_filter
from drivers.sip.verifier import Verdict, Verifier

log = logging.getLogger("flowctl.sip")

LONGEST_URI = 256
LONGEST_CONTACT = 1024
"""Characters, the parameters included: reading takes time that grows with their square."""

_CONTACT = re.compile(r'\s*(?:"(?:[^"\\]|\\.)*"\s*|[^<"]*)<([^>]*)>(.*)|\s*([^;<>"\s]+)(.*)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Binding:
    """One place where a phone is reached: requests for `uri` are sent to `source`, from where it registered, because
    there may be a router between, unless a proxy has put itself into `path` (RFC 3327)."""

    uri: str
    target: SipUri
    source: tuple[str, int]
    until: float
    call_id: str
    cseq: int
    path: tuple[str, ...] = ()
    domain: str = ""
    """The name in the request line of its REGISTER, in small letters: what it knows us as; empty for an address."""

    def call(self, caller_id: str) -> Call:
        """A call there."""
        account = Account(self.source, from_user=caller_id, routes=self.path, uri=self.uri)
        return Call(self.target.user, self.target.host, self.target.port, self.source[0], caller_id, account)


@dataclass(frozen=True, slots=True)
class Register:
    """A REGISTER: `uri` is that of its request line."""

    headers: Headers
    uri: str
    source: tuple[str, int]
    call_id: str
    cseq: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The response to it. wrong: a password was tried, and was not right."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()
    wrong: bool = False


class Registrar:
    """Raises ConfigurationError for a network that is none. clock: in seconds, never set back."""

    def __init__(self, phones: Phones, clock: Callable[[], float] = time.monotonic) -> None:
        self._phones, self._clock = phones, clock
        self._verifier = Verifier(phones.realm, phones.users, phones.algorithms, clock)
        self._permitted = peer_filter(phones.allow, "sip.phones.allow")
        self._bindings: dict[str, tuple[Binding, ...]] = {}
        self._sources: dict[str, float] = {}
        """By address, until when a phone there is registered."""
        self._domains: dict[str, float] = {}
        """By name, until when a phone is registered that knows us by it."""

    def permits(self, source: str) -> bool:
        """True for an address from which phones may register and call."""
        return self._permitted(source)

    def is_phone(self, source: str) -> bool:
        """True for an address where a phone is registered now."""
        return self._sources.get(source, 0.0) > self._clock()

    def is_domain(self, host: str) -> bool:
        """True for a name by which a phone that is registered now knows us."""
        return self._domains.get(host.lower(), 0.0) > self._clock()

    def has(self, extension: str) -> bool:
        """True for an extension in the settings, registered or not."""
        return extension in self._phones.users

    def contacts(self, extension: str) -> list[Binding]:
        """Where the extension is reached now, the latest registered first."""
        now = self._clock()
        return [binding for binding in self._bindings.get(extension, ()) if binding.until > now]

    def check(self, headers: Headers, method: str, uri: str) -> Verdict:
        """Whether a request carries the password of an extension."""
        return self._verifier.check(headers("authorization"), method, uri)

    def challenge(self, verdict: Verdict) -> Answer:
        """What a request without is answered."""
        challenges = self._verifier.challenges(stale=verdict.stale)
        headers = tuple(("www-authenticate", challenge) for challenge in challenges)
        return Answer(401, "Unauthorized", headers, verdict.wrong)

    def register(self, request: Register) -> Answer:
        """Do what a REGISTER asks for, all of it or nothing."""
        verdict = self.check(request.headers, "REGISTER", request.uri)
        if not verdict.user:
            return self.challenge(verdict)
        address = next((party for text in request.headers("to") if (party := parse_party(text))), None)
        if address is None or address.user != verdict.user:
            return Answer(403, "Forbidden")  # the password is good, but for another extension
        if required := [text for text in request.headers("require") if text.strip().lower() != "path"]:
            return Answer(420, "Bad Extension", (("unsupported", ", ".join(required)),))
        try:
            bindings = self._updated(verdict.user, request)
        except _Refused as refused:
            return refused.answer
        self._keep(verdict.user, bindings)
        return Answer(200, "OK", (*self._listed(verdict.user), *(("path", path) for path in request.headers("path"))))

    def _updated(self, user: str, request: Register) -> list[Binding]:
        bindings = self.contacts(user)
        contacts = request.headers("contact")
        if any(text.strip() == "*" for text in contacts):
            if len(contacts) > 1 or self._asked(request, "") != 0:
                raise _Refused(400, "Bad Request")
            for binding in bindings:
                _in_order(binding, request)
            return []
        for text in contacts:
            match = _CONTACT.fullmatch(text) if len(text) <= LONGEST_CONTACT else None
            uri, parameters = (match[1] or match[3], match[2] or match[4]) if match else ("", "")
            try:
                target = parse_uri(uri.partition(";")[0].partition("?")[0])
            except ValueError:
                raise _Refused(400, "Bad Contact") from None
            if len(uri) > LONGEST_URI:
                raise _Refused(400, "Bad Contact")
            for binding in [known for known in bindings if known.uri == uri]:
                _in_order(binding, request)
                bindings.remove(binding)
            seconds = self._granted(self._asked(request, parameters or ""))
            if seconds:
                until, path = self._clock() + seconds, tuple(request.headers("path"))
                about = request.call_id, request.cseq, path, _name(request.uri)
                bindings.insert(0, Binding(uri, target, request.source, until, *about))
        return bindings[: self._phones.contacts]

    def _asked(self, request: Register, parameters: str) -> float:
        """Seconds that a contact asks for, infinite when it leaves them to us."""
        wanted = re.search(r";\s*expires\s*=\s*\"?(\d{1,9})", parameters, re.IGNORECASE)
        common = next((text.strip() for text in request.headers("expires")), "")
        if wanted:
            return float(wanted[1])
        return float(common) if re.fullmatch(r"[0-9]{1,9}", common) else float("inf")

    def _granted(self, seconds: float) -> float:
        if 0 < seconds < self._phones.min_expires:
            raise _Refused(423, "Interval Too Brief", ("min-expires", str(int(self._phones.min_expires))))
        return min(seconds, self._phones.max_expires)

    def _keep(self, user: str, bindings: list[Binding]) -> None:
        before, after = ({known.uri: known for known in some} for some in (self.contacts(user), bindings))
        for uri in [*before, *after]:
            if (uri in before) != (uri in after):
                (host, port), what = (before | after)[uri].source, "has registered" if uri in after else "is gone"
                log.info("a phone of %s %s: %s:%d", user, what, host, port)
        self._bindings[user] = tuple(bindings)  # replaced as a whole: the event loop reads it
        now, sources, domains = self._clock(), dict[str, float](), dict[str, float]()
        for binding in (binding for known in self._bindings.values() for binding in known if binding.until > now):
            for table, name in ((sources, binding.source[0]), (domains, binding.domain)):
                if name:
                    table[name] = max(table.get(name, 0.0), binding.until)
        self._sources, self._domains = sources, domains

    def _listed(self, user: str) -> list[tuple[str, str]]:
        now = self._clock()
        return [("contact", f"<{it.uri}>;expires={round(it.until - now)}") for it in self.contacts(user)]


def _name(uri: str) -> str:
    """The host of a URI in small letters, empty when it is an address or cannot be read."""
    try:
        host = parse_uri(uri.partition(";")[0]).host.lower()
    except ValueError:
        return ""
    return "" if is_literal(host) else host


def _in_order(binding: Binding, request: Register) -> None:
    """A request that was overtaken by a later one changes nothing (RFC 3261 section 10.3, step 7)."""
    if binding.call_id == request.call_id and request.cseq <= binding.cseq:
        raise _Refused(500, "Out Of Order")


class _Refused(Exception):
    def __init__(self, status: int, reason: str, *headers: tuple[str, str]) -> None:
        self.answer = Answer(status, reason, headers)
