"""The engine's exceptions.

EngineError
├── CallError            something failed inside one call; takes its `error` branch
│   ├── OriginateError   an outgoing call was not answered (carries the cause)
│   │   └── LineFailed   the line did not deal with it, and nobody was rung: another line may
│   ├── LegGone          the far end hung up while we were using the leg
│   ├── NotAllowed       the rules for numbers, or their limits, refuse what was to be dialled
│   ├── Unsupported      the driver cannot do this (see its capabilities)
│   └── ExpressionError  an expression could not be compiled or evaluated
├── AudioError           an audio file is missing, unreadable or in an unsupported format
├── NoChannel            no port, channel or worker is free for one more call
├── DatabaseError        the server's own database cannot be read or written
└── ConfigurationError   the server's settings or directory are wrong: refuse to start
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.lines.cause import Cause


class EngineError(Exception):
    """Base of everything that the engine raises on purpose."""


class CallError(EngineError):
    """Something failed inside one call; no other call is concerned."""


class OriginateError(CallError):
    """An outgoing call ended before it was answered."""

    def __init__(self, to: str, cause: Cause, detail: str = "") -> None:
        super().__init__(f"call to {to}: {cause.value}{f' ({detail})' if detail else ''}")
        self.to = to
        self.cause = cause
        self.detail = detail


class LineFailed(OriginateError):
    """The line by which a call was to go out has not dealt with it, and nobody was rung: it may go by another."""


class LegGone(CallError):
    """The leg has ended; the operation is impossible."""


class Unsupported(CallError):
    """The driver does not have the capability asked for."""


class NotAllowed(CallError):
    """A number is not dialled; the message names the rule or the limit that says so.

    For whoever says it in another language: `rule` is its kind, empty where there is none, `what` the entry or the
    count, `kinds` the classes of numbers that are concerned.
    """

    def __init__(self, message: str, *, rule: str = "", what: str = "", kinds: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.rule = rule
        self.what = what
        self.kinds = tuple(kinds)


class ExpressionError(CallError):
    """A CEL expression is wrong, or failed on this call's values.

    `column` counts from 1 inside the expression; `undefined` is the unknown name, if that is the defect.
    """

    def __init__(
        self, message: str, *, expression: str, line: int = 1, column: int = 1, undefined: str | None = None
    ) -> None:
        super().__init__(message)
        self.expression = expression
        self.line = line
        self.column = column
        self.undefined = undefined


class AudioError(EngineError):
    """An audio file cannot be used; the message names the file and says why."""


class NoChannel(EngineError):
    """No capacity for one more leg."""


class DatabaseError(EngineError):
    """The server's own database is away, damaged, locked or of another version; the message names the file."""


class ConfigurationError(EngineError):
    """Settings or directory are wrong; the message names the file, the key and the remedy."""
