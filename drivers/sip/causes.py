"""Hang-up causes in SIP's words, both ways (RFC 3261 section 21), and in ISDN's (Q.850) where a gateway repeats
them in a Reason header (RFC 3326)."""

from __future__ import annotations

from typing import Any

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
    433: Cause.REJECTED,
    480: Cause.NO_ANSWER,
    484: Cause.NOT_FOUND,
    486: Cause.BUSY,
    487: Cause.CANCELLED,
    503: Cause.CONGESTION,
    504: Cause.CONGESTION,
    600: Cause.BUSY,
    603: Cause.REJECTED,
    604: Cause.NOT_FOUND,
    607: Cause.REJECTED,
    608: Cause.REJECTED,
}

_Q850 = {
    **dict.fromkeys((1, 2, 3, 22, 28), Cause.NOT_FOUND),
    17: Cause.BUSY,
    **dict.fromkeys((18, 19, 20), Cause.NO_ANSWER),
    21: Cause.REJECTED,
    **dict.fromkeys((34, 38, 41, 42, 44, 47), Cause.CONGESTION),
}
"""The values that say more than a SIP status often does: gateways send 480, 500 or 503 for most of them."""


def refusal(cause: Cause) -> tuple[int, str]:
    """Status code and reason phrase that refuse an INVITE for `cause`."""
    return _REFUSAL[cause]


def cause_of(status: int, q850: int | None = None) -> Cause:
    """Why an INVITE answered with the final `status` (300 to 699) failed. q850: the cause in its Reason header."""
    return _Q850.get(q850 or 0) or _CAUSE.get(status, Cause.FAILED)


def is_unserved(status: int, cause: Cause, progress: int) -> bool:
    """True for the final answer to an INVITE after which another line may be tried: its server has failed, and nobody
    was rung (RFC 3261 sections 21.5 and 21.4.9). progress: the last provisional status before, 0 for none."""
    if status == 408:
        return progress == 0
    return 500 <= status < 600 and progress <= 100 and cause in (Cause.CONGESTION, Cause.FAILED)


def q850_of(reason: Any) -> int | None:
    """The Q.850 value of a Reason header that sippy has read, if there is one."""
    return reason.cause if reason is not None and reason.protocol.upper() == "Q.850" else None
