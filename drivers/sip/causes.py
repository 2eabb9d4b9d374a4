"""Hang-up causes in SIP's words, both ways (RFC 3261 section 21)."""

from __future__ import annotations

from engine.lines import Cause

_REFUSAL = {
    Cause.NORMAL: (480, "Temporarily Unavailable"),
    Cause.BUSY: (486, "Busy Here"),
    Cause.NO_ANSWER: (480, "Temporarily Unavailable"),
    Cause.REJECTED: (603, "Decline"),
    Cause.CONGESTION: (503, "Service Unavailable"),
    Cause.NOT_FOUND: (404, "Not Found"),
    Cause.CANCELLED: (487, "Request Terminated"),
    Cause.FAILED: (500, "Server Internal Error"),
}

_CAUSE = {
    401: Cause.REJECTED,
    403: Cause.REJECTED,
    404: Cause.NOT_FOUND,
    407: Cause.REJECTED,
    408: Cause.NO_ANSWER,
    410: Cause.NOT_FOUND,
    480: Cause.NO_ANSWER,
    484: Cause.NOT_FOUND,
    486: Cause.BUSY,
    487: Cause.CANCELLED,
    503: Cause.CONGESTION,
    504: Cause.CONGESTION,
    600: Cause.BUSY,
    603: Cause.REJECTED,
    604: Cause.NOT_FOUND,
}


def refusal(cause: Cause) -> tuple[int, str]:
    """Status code and reason phrase that refuse an INVITE for `cause`."""
    return _REFUSAL[cause]


def cause_of(status: int) -> Cause:
    """Why an INVITE answered with the final `status` (300 to 699) failed."""
    return _CAUSE.get(status, Cause.FAILED)
