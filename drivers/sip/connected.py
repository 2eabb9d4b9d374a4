"""What a dialog does with the requests that come in it once it is established (RFC 3261 section 12.2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sippy.UaStateConnected import UaStateConnected

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

    recv_request_handlers = {  # noqa: RUF012 - sippy's table
        "INVITE": _reinvite,
        "BYE": UaStateConnected._recvRequestBye,
        "INFO": UaStateConnected._recvRequestInfo,
        "OPTIONS": UaStateConnected._recvRequestOptions,
        "NOTIFY": _notify,
        "REFER": _refer,
        "UPDATE": _update,
    }
