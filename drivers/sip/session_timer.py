"""Session timers (RFC 4028): a call whose far end has vanished without a BYE ends when the refreshes stay away.

The side that refreshes sends UPDATE, or a re-INVITE with the session description of the last time, at half the
interval; the other side hangs up shortly before its end.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from sippy.Time.Timeout import Timeout

from drivers.sip.headers import EXTENSIONS, tokens, values
from drivers.sip.requests import Headers, header

if TYPE_CHECKING:
    from drivers.sip.dialog import Dialog

MIN_SE = 90
"""Seconds; the shortest interval that may be asked for (RFC 4028 section 4)."""

_OPTION = "timer"

AGAIN = 10.0
"""Seconds at most until a refresh that was refused is tried again."""


class SessionTimer:
    """The timer of one dialog. `interval` 0: none is running."""

    def __init__(self, dialog: Dialog, wanted: int) -> None:
        """wanted: the interval in seconds that we ask for; 0 to ask for none, and do only what the far end asks."""
        self.interval = 0
        self._dialog = dialog
        self._wanted = wanted
        self._minimum = 0
        """The far end's Min-SE, if it has named one."""
        self._ours = False
        """True when it is we who refresh."""
        self._by_update = False
        self._timer: Any = None
        self._deadline: Any = None

    def request(self) -> Headers:
        """For our INVITE, re-INVITE or UPDATE."""
        seconds = self.interval or max(self._wanted, self._minimum)
        if not seconds:
            return [header("supported", EXTENSIONS)]
        refresher = f";refresher={'uac' if self._ours else 'uas'}" if self.interval else ""
        fields = [header("session-expires", f"{seconds}{refresher}")]
        fields += [header("min-se", str(self._minimum))] if self._minimum else []
        return [header("supported", EXTENSIONS), *fields]

    def respond(self, req: Any) -> Headers:
        """For our 200 to an INVITE, re-INVITE or UPDATE, with which the interval begins (section 9)."""
        self._learn(req)
        can = _OPTION in tokens(req, "supported")
        asked, refresher = _session_expires(req)
        if not asked and not self._wanted:
            self.stop()
            return [header("supported", EXTENSIONS)]
        longest = max(self._wanted, self._least(req)) if self._wanted else asked
        seconds = max(MIN_SE, min(asked or longest, longest))
        self._begin(seconds, ours=not (can and refresher == "uac"))
        fields = [header("session-expires", f"{seconds};refresher={'uas' if self._ours else 'uac'}")]
        return [*fields, header("supported", EXTENSIONS), *([] if self._ours else [header("require", _OPTION)])]

    def accepted(self, response: Any) -> None:
        """A 2xx to our request. Without Session-Expires the far end knows no timer: none begins (section 7.2), but
        one that we keep alone goes on."""
        self._learn(response)
        seconds, refresher = _session_expires(response)
        if seconds or self.interval:
            self._begin(seconds or self.interval, ours=refresher != "uas")

    def refused(self, response: Any) -> bool:
        """A 422 to our request. True when it is worth to ask again, for a longer interval (section 6)."""
        least = self._least(response)
        if least <= max(self._minimum, self.interval or self._wanted):
            return False
        self._minimum = least
        self.interval = least if self.interval else 0
        return True

    def stop(self) -> None:
        """The call is over, or its far end wants no timer."""
        self.interval = 0
        for timer in (self._timer, self._deadline):
            if timer is not None:
                timer.cancel()
        self._timer = self._deadline = None

    def _begin(self, seconds: int, *, ours: bool) -> None:
        self.stop()
        self.interval, self._ours = seconds, ours
        self._deadline = Timeout(self._expired, seconds - min(32, seconds / 3))
        if ours:
            self._timer = Timeout(self._refresh, seconds / 2)

    def _refresh(self) -> None:
        self._timer = None
        self._dialog.modification.refresh(self._on_final, self.request(), by_update=self._by_update)

    def _on_final(self, status: int, reason: str, response: Any) -> None:
        if not self.interval:
            return  # over meanwhile
        if 200 <= status < 300:
            self.accepted(response)
        elif status in (408, 481):
            self._dialog.lose(f"{status} {reason} to the refresh of the session")
        elif status == 422 and self.refused(response):
            self._refresh()
        elif status in (405, 501) and self._by_update:
            self._by_update = False
            self._refresh()
        else:
            # 491: both sides have begun at once; who has chosen the Call-ID waits longer (RFC 3261 section 14.1).
            theirs = self._dialog.origin == "caller"
            glare = random.uniform(0, 2) if theirs else random.uniform(2.1, 4)  # noqa: S311 - no secret
            self._timer = Timeout(self._refresh, glare if status == 491 else min(AGAIN, self.interval / 8))

    def _expired(self) -> None:
        self._deadline = None
        self._dialog.lose(f"no refresh of the session within {self.interval} s")

    def _learn(self, message: Any) -> None:
        if tokens(message, "allow"):
            self._by_update = "UPDATE" in tokens(message, "allow")

    def _least(self, message: Any) -> int:
        return max([MIN_SE, *(_seconds(value) for value in values(message, "min-se"))])


def too_short(request: Any) -> bool:
    """True for an INVITE that asks for an interval below `MIN_SE`, which gets 422 with ours (section 9). A far end
    without the extension, for which a proxy has asked, could not make use of that."""
    seconds, _ = _session_expires(request)
    return 0 < seconds < MIN_SE and _OPTION in tokens(request, "supported")


def _session_expires(message: Any) -> tuple[int, str]:
    """Seconds and refresher; 0 and "" without the header."""
    value = next(iter(values(message, "session-expires")), "")
    _, _, parameters = value.partition(";")
    named = dict(part.strip().lower().partition("=")[::2] for part in parameters.split(";"))
    return _seconds(value), named.get("refresher", "").strip()


def _seconds(value: str) -> int:
    number = value.partition(";")[0].strip()
    return min(int(number), 2**31) if len(number) <= 10 and number.isascii() and number.isdigit() else 0
