# ruff: noqa: N802 - overridden methods keep sippy's names
"""One call's dialog (RFC 3261 section 12) in the signalling thread."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sippy.CCEvents import (
    CCEventConnect,
    CCEventDisconnect,
    CCEventFail,
    CCEventInfo,
    CCEventPreConnect,
    CCEventRedirect,
    CCEventRing,
    CCEventTry,
)
from sippy.SipAddress import SipAddress
from sippy.SipCallId import SipCallId
from sippy.SipContact import SipContact
from sippy.SipHeader import SipHeader
from sippy.SipURL import SipURL
from sippy.UacStateCancelling import UacStateCancelling
from sippy.UaStateFailed import UaStateFailed

from drivers.sip import adapt, sdp
from drivers.sip.answering import Answering
from drivers.sip.causes import cause_of, is_unserved, q850_of, refusal
from drivers.sip.connected import Connected, Disconnected
from drivers.sip.events import Call, EarlyMedia, Ended, Established, Event, LocalMedia, MediaChanged, Pressed, Ringing
from drivers.sip.headers import ALLOW, seconds
from drivers.sip.info import key_of
from drivers.sip.modification import Modification
from drivers.sip.negotiation import Negotiation
from drivers.sip.refer import Referral
from drivers.sip.referred import Referred
from drivers.sip.requests import header
from drivers.sip.session_timer import SessionTimer
from engine.lines import Cause, Hangup

if TYPE_CHECKING:
    from drivers.sip.endpoint import Endpoint
    from drivers.sip.line import Line

FORGET_AFTER = 4.0
"""Seconds that a finished dialog is kept to answer the far end's repeated BYE; afterwards it gets 481, which
ends it as well (sippy keeps it for 32)."""


class Dialog(Answering):
    """A call as the signalling thread sees it. `post` hands its events over to the event loop, in order."""

    UaStateConnected = Connected
    UaStateDisconnected = Disconnected
    godead_timeout = FORGET_AFTER

    def __init__(self, endpoint: Endpoint, post: Callable[[Event], None], **options: Any) -> None:
        super().__init__(endpoint.config, event_cb=self._on_event, dead_cbs=(endpoint.forget,), **options)
        self.lContact = SipContact(
            address=SipAddress(url=SipURL(host=endpoint.host, port=endpoint.port), hadbrace=True)
        )
        self.offer: sdp.Description | None = None
        self.referral: Referral | None = None
        """The last transfer that we have asked for."""
        self.referred = Referred(self)
        self.negotiation = Negotiation()
        self.modification = Modification(self)
        self.timer = SessionTimer(self, endpoint.session_timer)
        self._endpoint = endpoint
        self.post = post
        self.refuse_method = endpoint.refuse_method
        self._invite: Any = None
        """The INVITE that has not been answered yet."""
        self.line: Line | None = None
        self._established = False
        self._progress = 0
        """The highest provisional status that an outgoing call has had."""
        self._retry_after = 0
        self._acked = False
        self.let_go: set[str] = set()
        """Tags of those who have answered our INVITE too late."""
        self._after_ack: list[Callable[[], object]] = []

    # What the event loop asks for

    def ring(self) -> None:
        """180, if the call is still unanswered."""
        self.recvEvent(self._event(CCEventRing, (180, "Ringing", None)))

    def answer(self, media: LocalMedia) -> None:
        """200 with our answer, or with our offer if the INVITE had none. `Established` follows, or `Ended` is
        on its way already."""
        if self.over:
            return
        self.negotiation.media = media
        body = self.negotiation.offer() if self.offer is None else self.negotiation.answer(self.offer)
        event = self._event(CCEventPreConnect, (200, "OK", body))
        event.extra_headers += tuple(self.timer.respond(self._invite))
        self._invite = None
        self.recvEvent(event)
        if self.offer is None:
            return
        self._established = True
        self.post(Established(self.offer.audio))

    def invite(self, call: Call, media: LocalMedia) -> None:
        """Make an outgoing call (RFC 3261 section 13.2)."""
        self.negotiation.media = media
        request = (SipCallId(), call.caller_id or None, call.user or None, self.negotiation.offer(), None, None)
        event = self._event(CCEventTry, request)
        event.extra_headers += tuple(self.timer.request())
        event.onUacSetupComplete = lambda _: self._address(call)
        if call.account is not None:
            event.extra_headers += tuple(header(*pair) for pair in call.account.headers)
            self.no_reply_time = call.account.patience
        self.recvEvent(event)

    def hang_up(self, cause: Cause) -> None:
        """End the call whatever its state: a refusal, CANCEL or BYE, or nothing if it is over."""
        if self.over:
            return
        self.over = True
        self._stop()
        if self.origin == "caller" and not self.isConnected():
            self.recvEvent(self._event(CCEventFail, refusal(cause)))
        else:
            self._when_acked(lambda: self.recvEvent(CCEventDisconnect()))

    def refer(self, user: str, host: str, port: int, replacing: Dialog | None = None) -> None:
        """Ask the far end to call somebody else instead of us; `Transferred` follows. See `Referral.send`."""
        if self.over or not self.isConnected():
            return
        referral = self.referral = Referral(self)
        self._when_acked(lambda: referral.send(user, host, port, replacing))

    def dialled(self, url: Any) -> str:
        """What somebody who dials `url` at us means: one of our numbers, or a SIP address elsewhere."""
        ours = hasattr(url.host, "my") or self._endpoint.is_here(url.host, url.getPort())
        where = SipURL(username=url.username, host=url.host, port=_unless_default(url.getPort()))
        return url.username or "" if ours else str(where)

    def replaces(self) -> str:
        """This call as a Replaces header names it to its far end (RFC 3891 section 6.1)."""
        return f"{self.cId};to-tag={self.rUri.getTag()};from-tag={self.lTag}"

    def take_over(self, old: Dialog) -> None:
        """Be the call that `old` was, for its leg: same line, same port of ours; `old` ends (RFC 3891 section 3)."""
        if old.over or old.line is None or old.negotiation.media is None:
            self.hang_up(Cause.REJECTED)  # it has ended in this moment
            return
        if old.referral is not None:
            old.referral.give_up("the call has been taken over")
        self.post, old.post = old.post, _nowhere
        old.line.carry(self)
        self.answer(old.negotiation.media)
        old.hang_up(Cause.NORMAL)

    def fail(self, detail: str) -> None:
        """Nobody is there: give an outgoing call up that has had no response. A late one gets a CANCEL."""
        self._end(Hangup("remote", Cause.FAILED, detail), 0)
        self.recvEvent(CCEventDisconnect())

    def lose(self, detail: str) -> None:
        """The far end does not answer, or does not know the call any more: end it."""
        self._end(Hangup("remote", Cause.FAILED, detail))
        self.recvEvent(CCEventDisconnect())

    # What comes from the wire

    def recvRequest(self, req: Any, sip_t: Any) -> Any:
        """See `Answering`."""
        if self.state is None:
            self._invite = req
        return super().recvRequest(req, sip_t)

    def recvResponse(self, resp: Any, tr: Any) -> None:
        try:
            self._on_response(resp, tr)
        except Exception as error:  # noqa: BLE001 - as above
            adapt.malformed.warning(f"response: {type(error).__name__}: {error}")
            self._end(Hangup("local", Cause.FAILED, f"unusable response: {error}"))
            self.changeState((UaStateFailed,))

    def _on_response(self, resp: Any, tr: Any) -> None:
        if isinstance(self.state, UacStateCancelling) and 200 <= resp.getSCode()[0] < 300:
            # Our CANCEL has crossed the answer. The ACK is sent when this returns, and must precede our BYE.
            self._endpoint.reactor.post(super().recvResponse, resp, tr)
            return
        calling = not self.isConnected()
        if calling and resp.getSCode()[0] == 422 and self.timer.refused(resp):
            self._endpoint.reactor.post(self.repeat, resp, self._with_timer(tr.req_extra_headers))
            return
        self._retry_after = seconds(resp, "retry-after")
        super().recvResponse(resp, tr)
        if calling and self.isConnected():
            self.timer.accepted(resp)

    def _with_timer(self, headers: Any) -> Any:
        """The headers of an INVITE whose session timer was refused, with another one."""
        timer = self.timer.request()
        names = {field.name for field in timer} | {"min-se"}
        return (*(field for field in headers if field.name not in names), *timer)

    def no_reply_expires(self) -> None:
        """sippy calls it when no response has come in `no_reply_time`."""
        self.no_reply_timer = None
        self.fail("no response")

    def disconnect(self, rtime: Any = None, origin: Any = None) -> None:
        """sippy's transaction layer calls it when no ACK has come in 32 s: BYE (RFC 3261 section 13.3.1.4)."""
        self._end(Hangup("local", Cause.FAILED, "no ACK"))
        super().disconnect(rtime, origin)

    def _on_event(self, event: Any, _: Any) -> None:
        if isinstance(event, CCEventInfo):
            key = key_of(event.getData())
            if key is not None:
                self.post(Pressed(key))
        elif isinstance(event, CCEventConnect):
            self._on_confirmed(event.getData()[2])
        elif isinstance(event, CCEventRing):
            self._progress = max(self._progress, event.getData()[0])
            if event.getData()[0] > 100:
                self._on_progress(event.getData()[2])
        elif isinstance(event, CCEventFail | CCEventRedirect):
            status, reason = event.getData()[:2]
            cause = cause_of(status, q850_of(event.reason_rfc3326))
            unserved = self._retry_after if is_unserved(status, cause, self._progress) else None
            self._end(Hangup("remote", cause, f"{status} {reason}"), unserved)
        elif isinstance(event, CCEventDisconnect) and self.referral is not None and self.referral.on_bye():
            self.over = True
        elif isinstance(event, CCEventDisconnect):
            answered = self._established or self.origin != "caller"
            self._end(Hangup("remote", Cause.NORMAL if answered else Cause.CANCELLED))

    def _on_progress(self, body: Any) -> None:
        """180 or 183; with `body`, which is the answer to our offer, there may be sound (RFC 3960)."""
        self.post(Ringing())
        if body is not None and not self.over:
            with contextlib.suppress(sdp.SdpError, sdp.NoCommonMedia):  # the answer that counts is in the 200
                self.post(EarlyMedia(sdp.read(body).audio))

    def _on_confirmed(self, body: Any) -> None:
        """The 200 of an outgoing call, or the ACK of ours; `body` is the answer if we have made the offer."""
        self._acked = True
        if self.negotiation.offered and not self.over:
            self._on_answer(body)
        waiting, self._after_ack = self._after_ack, []
        for action in waiting:
            self._endpoint.reactor.post(action)  # an ACK of ours has gone out by then

    def _when_acked(self, action: Callable[[], object]) -> None:
        """Do it once our 200 is acknowledged: a BYE may not come before (RFC 3261 section 15)."""
        if self.origin == "caller" and not self._acked:
            self._after_ack.append(action)
        else:
            action()

    def _on_answer(self, body: Any) -> None:
        self.negotiation.offered = False
        try:
            if body is None:
                raise sdp.SdpError("there is none")
            media = sdp.read(body).audio
        except (sdp.SdpError, sdp.NoCommonMedia) as error:
            where = "ACK" if self.origin == "caller" else "answer"
            self._end(Hangup("local", Cause.FAILED, f"no usable session description in the {where}: {error}"))
            self._endpoint.reactor.post(self.recvEvent, CCEventDisconnect())  # after the ACK has gone out
            return
        first, self._established = not self._established, True
        self.post(Established(media) if first else MediaChanged(media))

    def _stop(self) -> None:
        self.timer.stop()
        if self.referral is not None:
            self.referral.stop()

    def _end(self, hangup: Hangup, unserved: int | None = None) -> None:
        self._stop()
        if not self.over:
            self.over = True
            self.post(Ended(hangup, unserved))

    # Parts of messages

    @staticmethod
    def _event(kind: Any, data: object) -> Any:
        event = kind(data)
        event.extra_headers = (SipHeader(name="allow", bodys=ALLOW),) if kind is not CCEventFail else None
        return event

    def _address(self, call: Call) -> None:
        """Put the URI as it was dialled into the request line and To; sippy has put the address there."""
        self.rTarget = SipURL(username=call.user or None, host=call.host, port=_unless_default(call.port))
        self.rUri.getUri().url = self.rTarget.getCopy()
        self.rUri.getUri().url.port = None
        if call.account is not None:
            self.call_by(call.account)


def _unless_default(port: int) -> int | None:
    return None if port == 5060 else port


def _nowhere(_: Event) -> None:
    """What still happens in a call that has been replaced."""
