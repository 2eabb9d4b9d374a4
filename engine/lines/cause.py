"""Why a leg ended, in words that every driver shares."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Cause(StrEnum):
    """Hang-up causes; a driver maps them to and from its own (SIP status codes, Q.850 values)."""

    NORMAL = "normal"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    CONGESTION = "congestion"
    NOT_FOUND = "not_found"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Hangup:
    """How a leg ended: `by` is "remote" for the far end, "local" for us, the driver included. `detail` says why,
    for people, where the cause alone does not ("486 Busy Here", "the media worker died")."""

    by: Literal["remote", "local"]
    cause: Cause = Cause.NORMAL
    detail: str = ""
