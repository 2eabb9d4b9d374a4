"""Changes to a call that is established: re-INVITE (RFC 3261 section 14) and UPDATE (RFC 3311), ours and the far
end's. One of them is under way at a time: a second offer gets 491 (RFC 3264 section 4)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from drivers.sip import requests, sdp
from drivers.sip.events import MediaChanged
from drivers.sip.headers import unsupported
from drivers.sip.requests import Headers, OnFinal, header

if TYPE_CHECKING:
    from drivers.sip.dialog import Dialog


class Modification:
    """Both directions of one dialog."""

    def __init__(self, dialog: Dialog) -> None:
        self._dialog = dialog
        self._negotiation = dialog.negotiation

    def on_reinvite(self, req: Any) -> None:
        """New address, hold, or (without SDP) a new offer of ours."""
        dialog = self._dialog
        if self._refused(req, offers=True):
            return
        if req.getBody() is None:
            dialog.refresh_target(req)
            offer = self._negotiation.offer()
            dialog.respond(req, 200, "OK", offer, headers=dialog.timer.respond(req), ack_wait=True)
        else:
            self._accept(req)

    def on_update(self, req: Any) -> None:
        """The same without the three-way handshake; without SDP only the target and the session timer change."""
        offers = req.getBody() is not None
        if self._refused(req, offers=offers):
            return
        if offers:
            self._accept(req)
        else:
            self._dialog.refresh_target(req)
            self._dialog.respond(req, 200, "OK", headers=self._dialog.timer.respond(req))

    def on_early_update(self, req: Any) -> None:
        """An UPDATE before the call is answered: the offer of the INVITE is still open, there is no room for another
        one (RFC 3311 section 5.2)."""
        if req.getBody() is None:
            self._dialog.refresh_target(req)
            self._dialog.respond(req, 200, "OK")
        elif self._dialog.origin == "caller":
            self._dialog.respond(req, 500, "Server Internal Error", headers=[header("retry-after", "2")])
        else:
            self._dialog.respond(req, 491, "Request Pending")

    def refresh(self, on_final: OnFinal, headers: Headers, *, by_update: bool) -> None:
        """Tell the far end that the call is still up: by UPDATE without an offer, or by a re-INVITE that offers what
        was agreed last (RFC 4028 section 7.4)."""
        dialog = self._dialog

        def done(status: int, reason: str, response: Any) -> None:
            self._negotiation.offered = self._negotiation.offered and by_update
            if not dialog.isConnected():
                return
            if status < 300:
                dialog.refresh_target(response)
                self._take_answer(response)
            on_final(status, reason, response)

        if self._negotiation.offered:
            on_final(491, "Request Pending", None)
        elif by_update:
            requests.send(dialog, "UPDATE", done, headers=headers)
        else:
            requests.send(dialog, "INVITE", done, headers=headers, body=self._negotiation.repeat())

    def _take_answer(self, response: Any) -> None:
        if response.getBody() is not None:
            with contextlib.suppress(sdp.SdpError, sdp.NoCommonMedia):
                self._dialog.post(MediaChanged(sdp.read(response.getBody()).audio))

    def _refused(self, req: Any, *, offers: bool) -> bool:
        missing = unsupported(req)
        if missing:
            headers = [header("unsupported", ", ".join(missing))]
            self._dialog.respond(req, 420, "Bad Extension", headers=headers)
        elif offers and self._negotiation.offered:
            self._dialog.respond(req, 491, "Request Pending")
        return bool(missing) or (offers and self._negotiation.offered)

    def _accept(self, req: Any) -> None:
        try:
            offer = sdp.read(req.getBody())
        except (sdp.SdpError, sdp.NoCommonMedia):
            self._dialog.respond(req, 488, "Not Acceptable Here")
            return
        self._dialog.refresh_target(req)
        answer = self._negotiation.answer(offer)
        self._dialog.respond(req, 200, "OK", answer, headers=self._dialog.timer.respond(req))
        self._dialog.post(MediaChanged(offer.audio))
