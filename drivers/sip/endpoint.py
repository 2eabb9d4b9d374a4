"""One listening SIP address in the signalling thread: its socket, its transactions, and what happens to
requests outside any dialog (RFC 3261 sections 8.2 and 11)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from sippy.SipHeader import SipHeader
from sippy.Time.Timeout import Timeout
from sippy.UasStateIdle import UasStateIdle
from sippy.UaStateDead import UaStateDead

from drivers.sip import adapt, client, forked, sdp
from drivers.sip.ask import Ask, Reply
from drivers.sip.dialog import Dialog
from drivers.sip.events import Call, Event, Invited, LocalMedia
from drivers.sip.guard import Guard
from drivers.sip.headers import ALLOW, EXTENSIONS, unsupported
from drivers.sip.identity import ASSERTED, Headers, called_number, calling_party
from drivers.sip.limited_log import LimitedLog
from drivers.sip.line import Line
from drivers.sip.peers import Peers
from drivers.sip.phones import PHONES
from drivers.sip.pressure import Pressure
from drivers.sip.reactor import Reactor
from drivers.sip.refusal import RETRY_AFTER
from drivers.sip.registrar import Answer, Register, Registrar
from drivers.sip.replaces import Refused, replaced_by
from drivers.sip.session_timer import MIN_SE, too_short
from drivers.sip.transactions import Transactions, learn_names
from drivers.sip.uri import DEFAULT_PORT

NOT_SERVED = frozenset(("REGISTER", "SUBSCRIBE", "NOTIFY", "MESSAGE", "PUBLISH", "INFO", "REFER", "UPDATE", "PRACK"))
"""Methods that we know and refuse with 405; others get 501."""

INTRODUCTIONS = (b"REGISTER ", b"INVITE ", b"ACK ", b"CANCEL ")
"""What is read from an address that is not known, where phones may be."""

POLL = 0.01
"""Seconds between two looks at what is pending, while closing."""

log = logging.getLogger(__name__)


class _Silent:
    """sippy's message logger, switched off."""

    def write(self, *_: object, **__: object) -> None: ...


class Endpoint:
    """Lives from its construction to `close`; raises OSError when the address cannot be bound."""

    def __init__(
        self,
        reactor: Reactor,
        address: tuple[str, int],
        peers: Peers,
        announce: Callable[[Line, Invited], None],
        new_line: Callable[[], Line],
        registrar: Registrar | None = None,
        external: tuple[str, int] | None = None,
    ) -> None:
        """announce: told of each incoming call, before any event of its line; both are called in this thread.
        external: what far ends are told in place of `address`; its port may be 0 for the same one."""
        self.reactor = reactor
        self.pressure = Pressure(0)
        """Says when calls are to be refused."""
        self.refused = 0
        """Calls refused because the machine is behind."""
        self._wrong = LimitedLog(log, "a phone has given a wrong password")
        self._overload = LimitedLog(log, "the machine is behind: calls are refused with 503")
        self.session_timer = 0
        """Seconds between two signs of life that calls ask for (RFC 4028); 0: none."""
        self._accepting = True
        self._peers = peers
        self._announce = announce
        self._new_line = new_line
        self._talking: dict[Dialog, str] = {}
        self._called: Counter[str] = Counter()
        """How many of `_talking` by address: people whom we are calling, and phones that call us."""
        self.registrar = registrar
        self.guard = Guard()
        self.config: dict[str, Any] = {
            "_sip_address": address[0],
            "_sip_port": address[1],
            "_external": external,
            "_sip_logger": _Silent(),
            "_reactor": reactor,
            "_accept": self._accept,
        }
        self._transactions = Transactions(self.config, self._on_request)
        self._transactions.refuses, self._transactions.on_refused = self._is_behind, self._on_refused
        self._transactions.on_answer = partial(forked.let_go, self._transactions)
        if registrar is not None:
            self._transactions.is_phone = registrar.is_phone
        self.config["_sip_tm"] = self._transactions
        self.address: tuple[str, int] = self._transactions.l4r.socket.uopts.laddress
        """Where we listen."""
        self.host, self.port = self._transactions.l4r.socket.public

    def is_here(self, host: str, port: int) -> bool:
        """True for an address of ours, inside or outside of a translator, and a name by which phones know us."""
        known = self.registrar is not None and self.registrar.is_domain(host)
        return (host, port) in (self.address, (self.host, self.port)) or (
            known and port in (DEFAULT_PORT, self.address[1], self.port)
        )

    def call(self, call: Call, media: LocalMedia, post: Callable[[Event], None]) -> Dialog:
        """Send an INVITE; what becomes of it goes to `post`."""
        account = call.account
        next_hop = (call.address, call.port) if account is None else account.next_hop
        secret = (None, None) if account is None else (account.user, account.password)
        dialog = Dialog(self, post, nh_address=next_hop, username=secret[0], password=secret[1])
        self._meet(dialog, next_hop[0])
        wire = self._transactions.l4r.socket
        unsent = wire.unsent
        dialog.invite(call, media)
        if wire.unsent != unsent:
            self.reactor.post(dialog.fail, "it could not be sent")  # RFC 3261 section 17.1.4
        return dialog

    def ask(self, ask: Ask, on_reply: Callable[[Reply], object]) -> None:
        """Send a request outside any call; `on_reply` gets its final response."""
        client.send(self._transactions, ask, on_reply)

    def forget(self, dialog: Dialog) -> None:
        """A dialog has come to the end of its life."""
        peer = self._talking.pop(dialog, None)
        if peer is not None:
            self._called[peer] -= 1
            if not self._called[peer]:
                del self._called[peer]

    def _meet(self, dialog: Dialog, peer: str) -> None:
        self._talking[dialog] = peer
        self._called[peer] += 1

    def refuse_calls(self) -> None:
        """From now on answer INVITEs with 503."""
        self._accepting = False

    def close(self, within: float, done: Callable[[], object]) -> None:
        """Wait for what is still to be confirmed, `within` seconds at most; close the socket; call `done`."""
        if self._transactions.pending and within > 0:
            Timeout(self.close, POLL, 1, within - POLL, done)
            return
        for consumers in list(self._transactions.req_consumers.values()):
            for consumer in list(consumers):
                if not consumer.cobj.isDead():
                    consumer.cobj.changeState((UaStateDead,))
        self._transactions.shutdown()
        done()

    def _accept(self, data: bytes, source: str) -> bool:
        """Requests are read from allowed peers only, from those that we are calling, and, where phones may register,
        what makes one known; anybody else gets no sign that something listens here. A response of a stranger must be
        one that is awaited."""
        if self._peers.allowed(source) or source in self._called:
            return True
        if data.startswith(b"SIP/2.0 "):
            return self._transactions.awaits(data)
        if self.registrar is None or not self.registrar.permits(source):
            return False
        return self.registrar.is_phone(source) or (self.guard.admits(source) and data.startswith(INTRODUCTIONS))

    def _on_request(self, req: Any, sip_t: Any) -> Any:
        try:
            return self._dispatch(req, sip_t)
        except Exception as error:  # noqa: BLE001 - whatever a stranger has put into his headers
            adapt.malformed.warning(f"{req.getMethod()}: {type(error).__name__}: {error}")
            return _final(req, 400, "Bad Request")

    def _dispatch(self, req: Any, sip_t: Any) -> Any:
        method = req.getMethod()
        if req.sipver != "SIP/2.0":
            req.sipver = "SIP/2.0"  # which the response repeats
            return _final(req, 505, "Version Not Supported")
        source = req.getSource()[0]
        phones = self.registrar if self.registrar is not None and self.registrar.permits(source) else None
        if phones is None and not self._peers.allowed(source):
            return _final(req, 403, "Forbidden")  # somebody whom we are calling: he knows that we exist
        if req.getHFBody("to").getTag() is not None or method == "BYE":
            return _final(req, 481, "Call Leg/Transaction Does Not Exist")
        if req.foreign:
            return _final(req, 416, "Unsupported URI Scheme")
        if method == "REGISTER" and self.registrar is not None:
            return self._on_register(req, self.registrar)
        if method == "INVITE":
            invited, response = self._admitted(req)
            return response if invited is None else self._on_invite(req, sip_t, invited)
        if method == "OPTIONS":
            if missing := unsupported(req):
                return _bad_extension(req, missing)
            return _final(req, 200, "OK", ("allow", ALLOW), ("accept", "application/sdp"), ("supported", EXTENSIONS))
        return _not_allowed(req)

    def _on_invite(self, req: Any, sip_t: Any, invited: Invited) -> Any:
        refused = self._unacceptable(req)
        if refused is not None:
            return refused
        offer: sdp.Description | None = None
        try:
            if req.getBody() is not None:
                offer = sdp.read(req.getBody())
        except sdp.SdpError as error:
            return _final(req, 400, "Bad Session Description", ("warning", _warning(error)))
        except sdp.NoCommonMedia as error:
            return _final(req, 488, "Not Acceptable Here", ("warning", _warning(error)))
        learn_names(sip_t.userv, req)
        try:
            replaced = replaced_by(req, self._transactions)
        except Refused as refusal:
            return _final(req, refusal.status, refusal.reason)
        line = self._new_line()
        dialog = Dialog(self, line.post)
        line.carry(dialog)
        self._meet(dialog, req.getSource()[0])
        dialog.offer = offer
        outcome = dialog.recvRequest(req, sip_t)
        if dialog.state is None or isinstance(dialog.state, UasStateIdle):
            dialog.changeState((UaStateDead,))  # the request was no good; we forget it
            return outcome
        if replaced is not None:
            self.reactor.post(dialog.take_over, replaced)
            return outcome
        self._announce(line, invited)
        return outcome

    def _read_invited(self, req: Any) -> Invited:
        """Who calls whom, read where the trunk has it."""
        headers = _headers_of(req)
        user = req.getRURI().username or ""
        trunk = self._peers.trunk_of(req.getSource()[0], (user, req.getHFBody("to").getUrl().username or ""))
        did = called_number(headers, user, trunk.did_from if trunk else "request-uri")
        cli, name = calling_party(headers, trunk.cli_from if trunk else ASSERTED)
        return Invited(did, cli, name, trunk.name if trunk else "")

    def _admitted(self, req: Any) -> tuple[Invited | None, Any]:
        """Who calls whom; or None, and what a phone is answered that has not given its password."""
        source, headers = req.getSource()[0], _headers_of(req)
        if self.registrar is None or self._peers.allowed(source):
            return self._read_invited(req), None
        verdict = self.registrar.check(headers, "INVITE", str(req.getRURI()))
        if not verdict.user:
            return None, self._answered(req, self.registrar.challenge(verdict))
        self.guard.passed(source)
        return Invited(req.getRURI().username or "", verdict.user, calling_party(headers, ("from",))[1], PHONES), None

    def _on_register(self, req: Any, registrar: Registrar) -> Any:
        cseq, call_id = req.getHFBody("cseq").getCSeqNum(), str(req.getHFBody("call-id"))
        request = Register(_headers_of(req), str(req.getRURI()), req.getSource(), call_id, cseq)
        answer = registrar.register(request)
        if answer.status == 200:
            self.guard.passed(req.getSource()[0])
        return self._answered(req, answer)

    def _answered(self, req: Any, answer: Answer) -> Any:
        source, user = req.getSource()[0], req.getHFBody("from").getUrl().username or ""
        if answer.wrong:
            known = self.registrar is not None and self.registrar.has(user)
            self._wrong.warning(f"{user if known else 'somebody'} from {source}")
        if answer.wrong and not self._peers.allowed(source):
            self.guard.failed(source)
        return _final(req, answer.status, answer.reason, *answer.headers)

    def _unacceptable(self, req: Any) -> Any:
        if not self._accepting:
            return _final(req, 503, "Service Unavailable")
        if self._is_behind() and not req.countHFs("replaces"):
            self._on_refused()
            return _final(req, 503, "Service Unavailable", ("retry-after", str(RETRY_AFTER)))
        if not req.countHFs("contact") or req.getHFBody("contact").asterisk:
            return _final(req, 400, "Missing Contact")
        if missing := unsupported(req):
            return _bad_extension(req, missing)
        if too_short(req):
            return _final(req, 422, "Session Interval Too Small", ("min-se", str(MIN_SE)))
        if self._is_merged(req):
            return _final(req, 482, "Loop Detected")
        return None

    def _is_behind(self) -> bool:
        return self.pressure.exceeded(self._transactions.l4r.socket.behind)

    def _on_refused(self) -> None:
        self.refused += 1
        self._overload.warning()

    def _is_merged(self, req: Any) -> bool:
        """The same INVITE come by another way (RFC 3261 section 8.2.2.2)."""
        cseq = req.getHFBody("cseq").getCSeqNum()
        tag = req.getHFBody("from").getTag()
        consumers = self._transactions.req_consumers.get(str(req.getHFBody("call-id")), ())
        return any(c.cobj.rCSeq == cseq and c.cobj.rUri.getTag() == tag for c in consumers)

    def refuse_method(self, req: Any) -> None:
        """Answer a request inside a dialog whose method is not served there."""
        self._transactions.sendResponse(_not_allowed(req)[0])


def _headers_of(req: Any) -> Headers:
    return lambda name: [str(header.body) for header in req.getHFs(name)]


def _not_allowed(req: Any) -> Any:
    if req.getMethod() in NOT_SERVED:
        return _final(req, 405, "Method Not Allowed", ("allow", ALLOW))
    return _final(req, 501, "Not Implemented")


def _final(req: Any, status: int, reason: str, *headers: tuple[str, str]) -> Any:
    """What a request handler of sippy returns to send one response and be done."""
    response = req.genResponse(status, reason)
    for name, value in headers:
        response.appendHeader(SipHeader(name=name, bodys=value))
    return (response, None, None)


def _bad_extension(req: Any, missing: list[str]) -> Any:
    return _final(req, 420, "Bad Extension", ("unsupported", ", ".join(missing)))


def _warning(error: Exception) -> str:
    """RFC 3261 section 20.43; 399 is "miscellaneous"."""
    text = str(error).encode("ascii", "replace").decode().replace("\\", "?").replace('"', "'")
    return f'399 - "{text}"'
