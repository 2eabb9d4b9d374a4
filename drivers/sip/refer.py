"""A transfer that we ask for: REFER, and the reports on what becomes of it (RFC 3515, RFC 5589 section 6)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sippy.SipAddress import SipAddress
from sippy.SipHeader import SipHeader
from sippy.SipReferredBy import SipReferredBy
from sippy.SipURL import SipURL
from sippy.Time.Timeout import Timeout

from drivers.sip import requests
from drivers.sip.causes import cause_of
from drivers.sip.events import Transferred
from drivers.sip.headers import values
from engine.lines import Cause

if TYPE_CHECKING:
    from drivers.sip.dialog import Dialog

NEWS_WITHIN = 32.0
"""Seconds between the far end's consent and its first report, and between two reports."""

RINGING_FOR = 180.0
"""Seconds that a target of which ringing is reported may take to answer."""

NOT_UNDERSTOOD = frozenset((405, 420, 489, 501))
"""Final responses of a far end that does not know REFER at all."""

GONE = frozenset((408, 481))
"""Final responses that end the dialog as well (RFC 3261 section 12.2.1.2)."""

_REFER_NUMBER = re.compile(r";\s*id\s*=\s*([0-9]{1,10})\s*(?:;|$)", re.IGNORECASE)
_STATUS_LINE = re.compile(r"SIP/2\.0\s+([1-6]\d\d)\s*([^\r\n]*)")


class Referral:
    """One REFER. Its end is a `Transferred`, or the end of the dialog."""

    def __init__(self, dialog: Dialog) -> None:
        self.accepted = False
        """True from the far end's consent until the transfer has failed: a BYE of the far end completes it."""
        self._dialog = dialog
        self._over = False
        self._number = 0
        """CSeq of the REFER; a higher one when it had to be sent again with a password."""
        self._timer: Any = None

    def send(self, user: str, host: str, port: int, replacing: Dialog | None) -> None:
        """Refer the far end to an address; without `host`, to a number of the far end itself. replacing: the call
        that the new one takes the place of, whose far end is then the target (RFC 3891)."""
        if replacing is not None:
            target = replacing.rTarget.getCopy()
            target.headers = None
            where = f"{target}?Replaces={quote(replacing.replaces(), safe='')}"
        else:
            own = self._dialog.rTarget
            host, port = (host, port) if host else (own.host, own.getPort())
            where = str(SipURL(username=user or None, host=host, port=None if port == 5060 else port))
        self._number = self._dialog.lCSeq
        us = SipReferredBy(address=SipAddress(url=self._dialog.lUri.getUrl()))
        headers = [requests.header("refer-to", f"<{where}>"), SipHeader(name="referred-by", body=us)]
        requests.send(self._dialog, "REFER", self._on_final, headers=headers)

    def on_notify(self, request: Any) -> None:
        """A report: the status line of what the target has answered (RFC 3515 section 2.4.5)."""
        match = _STATUS_LINE.match(str(request.getBody() or "").lstrip())
        about = _REFER_NUMBER.search(next(iter(values(request, "event")), ""))
        if match is None or (about is not None and int(about[1]) < self._number):
            return  # no report, or one about a REFER before (section 2.4.6)
        status = int(match[1])
        if status >= 300:
            self._fail(cause_of(status), f"{status} {match[2]}".strip())
        elif status >= 200:
            self._succeed()
        elif not self._over:
            self.accepted = True
            self._wait(*((RINGING_FOR, Cause.NO_ANSWER) if status >= 180 else (NEWS_WITHIN, Cause.FAILED)))

    def on_bye(self) -> bool:
        """The far end hangs up. True when that is how the transfer has succeeded: an exchange that has consented
        lets go of us as soon as the caller is on their way."""
        if self.accepted:
            self._succeed()
        return self.accepted

    def give_up(self, detail: str) -> None:
        """Whom we have asked is not there any more."""
        self._fail(Cause.FAILED, detail)

    def stop(self) -> None:
        """The dialog is over."""
        self._over = True
        self._clear()

    def _on_final(self, status: int, reason: str, _: Any) -> None:
        if self._over:
            return  # the report has overtaken the consent
        if status < 300:
            self.accepted = True
            self._wait(NEWS_WITHIN, Cause.FAILED)
        elif status in GONE:
            self._dialog.lose(f"{status} {reason} to REFER")
        else:
            self._fail(cause_of(status), f"REFER: {status} {reason}", understood=status not in NOT_UNDERSTOOD)

    def _wait(self, seconds: float, cause: Cause) -> None:
        self._clear()
        self._timer = Timeout(self._fail, seconds, 1, cause, f"no report for {seconds:g} s")

    def _succeed(self) -> None:
        """Also late, when we had given up: the caller is talking to the target by then."""
        self._over = self.accepted = True
        self._clear()
        self._dialog.post(Transferred())

    def _fail(self, cause: Cause, detail: str, *, understood: bool = True) -> None:
        if self._over:
            return
        self._over, self.accepted = True, False
        self._clear()
        self._dialog.post(Transferred(cause, detail, understood))

    def _clear(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
