"""Keys by SIP INFO (RFC 6086), as application/dtmf-relay ("Signal=5") or application/dtmf ("5")."""

from __future__ import annotations

import re
from typing import Any

_SIGNAL = re.compile(r"^\s*(?:Signal\s*=\s*)?([0-9A-D*#]{1,2})\s*$", re.IGNORECASE | re.MULTILINE)


def key_of(body: Any) -> str | None:
    """The key that the body of an INFO says was pressed, if any."""
    if body is None or body.getType() not in ("application/dtmf-relay", "application/dtmf"):
        return None
    match = _SIGNAL.search(str(body))
    key = {"10": "*", "11": "#"}.get(match[1], match[1].upper()) if match else ""
    return key if len(key) == 1 else None
