"""A transfer that the far end asks of us, such as an agent's phone that passes the caller on: REFER, and our reports
(RFC 3515). Signalling thread only; whom to call is decided in the event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sippy.MsgBody import MsgBody
from sippy.SipContentType import SipContentType

from drivers.sip import requests
from drivers.sip.events import Refers
from drivers.sip.headers import values
from drivers.sip.replaces import Refused, named_call
from drivers.sip.requests import header

if TYPE_CHECKING:
    from drivers.sip.dialog import Dialog
    from drivers.sip.line import Line

LIFE = 180
"""Seconds that we say the far end may wait for our last report."""


class Referred:
    """The REFERs of one dialog, one at a time."""

    def __init__(self, dialog: Dialog) -> None:
        self._dialog = dialog
        self._event = ""
        """The Event of our reports while a transfer is under way."""
        self._count = 0

    def on_refer(self, req: Any) -> None:
        """Consent and ask the event loop, or refuse at once."""
        if len(values(req, "refer-to")) != 1:
            self._dialog.respond(req, 400, "Bad Refer-To")
            return
        target = req.getHFBody("refer-to").getUrl()
        if self._event:
            self._dialog.respond(req, 491, "Request Pending")
            return
        try:
            replaced = self._replaced(target)
        except Refused:
            self._dialog.respond(req, 603, "Decline")
        else:
            self._count += 1
            # The first needs no number, which some phones do not expect (RFC 3515 section 2.4.6).
            number = req.getHFBody("cseq").getCSeqNum()
            self._event = "refer" if self._count == 1 else f"refer;id={number}"
            self._dialog.respond(req, 202, "Accepted")
            self._send("100 Trying", f"active;expires={LIFE}")
            self._dialog.post(Refers(self._dialog.dialled(target), replaced))

    def _replaced(self, target: Any) -> Line | None:
        """The call of ours whose place is to be taken, if any. Raises Refused for a call elsewhere, and for whatever
        else is not among what we do."""
        headers = {name.lower(): value for name, value in (target.headers or {}).items()}
        wanted = headers.pop("replaces", None)
        if headers or target.method not in (None, "INVITE"):
            raise Refused(603, "Decline")
        if wanted is None:
            return None
        named = named_call(wanted, self._dialog.global_config["_sip_tm"])
        if named is self._dialog or named.line is None:
            raise Refused(603, "Decline")
        return named.line

    def report(self, status: int, reason: str) -> None:
        """The result; nobody is told when the far end has hung up already."""
        if self._event and self._dialog.isConnected():
            self._send(f"{status} {reason}", "terminated;reason=noresource")
        self._event = ""

    def _send(self, status: str, state: str) -> None:
        body = MsgBody(f"SIP/2.0 {status}\r\n", SipContentType("message/sipfrag;version=2.0"))
        headers = [header("event", self._event), header("subscription-state", state)]
        requests.send(self._dialog, "NOTIFY", lambda *_: None, headers=headers, body=body)
