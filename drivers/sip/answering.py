# ruff: noqa: N802 - overridden methods keep sippy's names
"""A user agent that answers every request of its dialog, whereas sippy's leaves some without any response (RFC 3261
section 8.2). Signalling thread only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sippy.SipHeader import SipHeader
from sippy.UasStateRinging import UasStateRinging

from drivers.sip import adapt
from drivers.sip.authenticating import Authenticating
from drivers.sip.headers import ALLOW
from drivers.sip.requests import Headers, header
from drivers.sip.transactions import learn_names

if TYPE_CHECKING:
    from drivers.sip.modification import Modification


class Answering(Authenticating):
    """What a dialog does with any request."""

    modification: Modification
    refuse_method: Callable[[Any], None]
    """Answers a request whose method is not served in a dialog."""
    over: bool = False
    """True once our side is done with the call, whatever is still to be sent."""

    def recvRequest(self, req: Any, sip_t: Any) -> Any:
        """Let sippy handle the request; answer what it leaves without any response."""
        try:
            if req.getMethod() in ("INVITE", "UPDATE"):
                learn_names(sip_t.userv, req)
            outcome = super().recvRequest(req, sip_t)
            if outcome is None and sip_t.data is None:
                self._answer_leftover(req)
        except Exception as error:  # noqa: BLE001 - whatever the far end has put into its headers
            adapt.malformed.warning(f"{req.getMethod()}: {type(error).__name__}: {error}")
            return (req.genResponse(400, "Bad Request"), None, None) if sip_t.data is None else None
        return outcome

    def respond(
        self, req: Any, status: int, reason: str, body: Any = None, *, headers: Headers = (), ack_wait: bool = False
    ) -> None:
        """Answer a request in the dialog. ack_wait: the ACK of this 200 brings the answer to our offer."""
        response = req.genResponse(status, reason)
        response.setBody(body)
        if status < 300:
            response.appendHeaders([SipHeader(name="contact", body=self.lContact), header("allow", ALLOW)])
        response.appendHeaders(headers)
        self.global_config["_sip_tm"].sendResponse(response, ack_cb=self.recvACK if ack_wait else None)

    def isYours(self, req: Any = None, *args: Any, **names: Any) -> Any:
        """Until the call is answered, sippy takes only its INVITE's own branch for an incoming call, and no tag of
        the far end for an outgoing one; an UPDATE has both."""
        if req is None or req.getMethod() != "UPDATE":
            return super().isYours(req, *args, **names)
        same_call = str(req.getHFBody("call-id")) == str(self.cId) and req.getHFBody("to").getTag() == self.lTag
        return self if same_call and self.rUri.getTag() in (None, req.getHFBody("from").getTag()) else None

    def _answer_leftover(self, req: Any) -> None:
        method = req.getMethod()
        if method == "BYE" and self.origin == "caller" and not self.isConnected():
            self.changeState(UasStateRinging._recvRequestBye(self.state, req))
            self.emitPendingEvents()
        elif method == "UPDATE" and not self.over and not self.isConnected():
            self.modification.on_early_update(req)
        elif method == "BYE":
            req.sendResponse(481, "Call Leg/Transaction Does Not Exist")
        else:
            self.refuse_method(req)

    def refresh_target(self, req: Any) -> None:
        """The far end's new Contact is where our BYE goes (RFC 3261 section 12.2.2)."""
        if req.countHFs("contact") and not req.getHFBody("contact").asterisk:
            self.rTarget = req.getHFBody("contact").getUrl().getCopy()
            if not self.routes:
                self.rAddr = self.rTarget.getTAddr()
