"""The ports that a driver implements, and what is common to all lines."""

from engine.lines.cause import Cause, Hangup
from engine.lines.digits import DigitBuffer
from engine.lines.ports import (
    Capability,
    Driver,
    EndedBy,
    Leg,
    LegInfo,
    PlayResult,
    Recording,
    RecordingHandle,
    TrunkState,
)

__all__ = [
    "Capability",
    "Cause",
    "DigitBuffer",
    "Driver",
    "EndedBy",
    "Hangup",
    "Leg",
    "LegInfo",
    "PlayResult",
    "Recording",
    "RecordingHandle",
    "TrunkState",
]
