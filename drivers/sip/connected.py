# ruff: noqa: N802 - overridden methods keep sippy's names
"""What a dialog does with the requests that come in it once it is established, and once it is over (RFC 3261 section
12.2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sippy.UaStateConnected import UaStateConnected
from sippy.UaStateDisconnected import UaStateDisconnected

from drivers.sip.headers import EXTENSIONS
from drivers.sip.requests import header

if TYPE_CHECKING:
    from drivers.sip.dialog import Dialog


class Connected(UaStateConnected):
    """The established state: everything is answered at once, instead of asking an upper layer. A method that is not
    here is refused by the dialog."""

    ua: Dialog

    def _reinvite(self, req: Any) -> None:
        self.ua.modification.on_reinvite(req)

    def _update(self, req: Any) -> None:
        self.ua.modification.on_update(req)

    def _refer(self, req: Any) -> None:
        self.ua.referred.on_refer(req)

    def _notify(self, req: Any) -> None:
        """The implicit subscription of our REFER is the only one there is (RFC 3515 section 2.4.4)."""
        if self.ua.referral is None:
            req.sendResponse(481, "Subscription Does Not Exist")
            return
        req.sendResponse(200, "OK")
        self.ua.referral.on_notify(req)

    def _options(self, req: Any) -> None:
        """What we can do, as outside a dialog (section 11.2)."""
        can = [header("accept", "application/sdp"), header("supported", EXTENSIONS)]
        self.ua.respond(req, 200, "OK", headers=can)

    recv_request_handlers = {  # noqa: RUF012 - sippy's table
        "INVITE": _reinvite,
        "BYE": UaStateConnected._recvRequestBye,
        "INFO": UaStateConnected._recvRequestInfo,
        "OPTIONS": _options,
        "NOTIFY": _notify,
        "REFER": _refer,
        "UPDATE": _update,
    }


class Disconnected(UaStateDisconnected):
    """The state after a BYE of either side."""

    def recvRequest(self, req: Any) -> None:
        """A BYE that crosses ours is as good; for anything else there is no dialog any more."""
        if req.getMethod() == "BYE":
            req.sendResponse(200, "OK")
        else:
            req.sendResponse(481, "Call Leg/Transaction Does Not Exist")
