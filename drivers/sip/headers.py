"""Header fields that list options (RFC 3261 section 19.2), in the long and in the compact form."""

from __future__ import annotations

import re
from typing import Any

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, NOTIFY, UPDATE, REFER"

EXTENSIONS = "timer, replaces"
"""What we say that we support: RFC 4028, RFC 3891."""

_COMPACT = {"supported": "k", "session-expires": "x", "refer-to": "r"}


def values(message: Any, name: str) -> list[str]:
    """Every value of a header field, as text."""
    fields = [*message.getHFs(name), *message.getHFs(_COMPACT.get(name, name))]
    return [str(field.body).strip() for field in dict.fromkeys(fields)]


def tokens(message: Any, name: str) -> list[str]:
    """The members of a list, such as Allow, without their parameters."""
    return [token.partition(";")[0].strip() for value in values(message, name) for token in value.split(",")]


def seconds(message: Any, name: str) -> int:
    """The whole seconds that a header field such as Retry-After begins with; 0 without (RFC 3261 section 20.33)."""
    digits = re.match("[0-9]{1,9}", next(iter(values(message, name)), ""))
    return int(digits[0]) if digits else 0


def unsupported(request: Any) -> list[str]:
    """What `request` requires and we do not have: 420 (RFC 3261 section 8.2.2.3)."""
    return [token for token in tokens(request, "require") if token.lower() not in EXTENSIONS.split(", ")]
