"""Keys and hook-flashes by SIP INFO (RFC 2976): application/dtmf-relay ("Signal=5"), application/dtmf ("5"),
application/hook-flash ("Signal=hf")."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sippy.MsgBody import MsgBody
from sippy.SipContentType import SipContentType

from drivers.sip import requests

if TYPE_CHECKING:
    from drivers.sip.dialog import Dialog

_SIGNAL = re.compile(r"^\s*(?:Signal\s*=\s*)?([0-9A-D*#]{1,2})\s*$", re.IGNORECASE | re.MULTILINE)


def key_of(body: Any) -> str | None:
    """The key that the body of an INFO says was pressed, if any."""
    if body is None or body.getType() not in ("application/dtmf-relay", "application/dtmf"):
        return None
    match = _SIGNAL.search(str(body))
    key = {"10": "*", "11": "#"}.get(match[1], match[1].upper()) if match else ""
    return key if len(key) == 1 else None


def send_flash(dialog: Dialog, done: Callable[[int, str], None]) -> None:
    """Flash the hook; `done` gets the final status and its reason. In the signalling thread."""
    if not dialog.isConnected():
        done(481, "not answered")
        return
    body = MsgBody("Signal=hf\r\n", SipContentType("application/hook-flash"))
    requests.send(dialog, "INFO", lambda status, reason, _: done(status, reason), body=body)
