"""Logs: one line an event, readable in a terminal or as JSON."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import structlog

_FIELDS = len(logging.makeLogRecord({}).__dict__)
"""Of a record that says nothing but its message."""


def configure(format: Literal["text", "json"], stream: TextIO | None = None) -> None:  # noqa: A002 - the option's name
    """Send everything logged below `flowctl` (and warnings of libraries) to `stream`, standard error by default.

    Colours only on a terminal, and not when NO_COLOR is set.
    """
    import os

    out = stream or sys.stderr
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any
    if format == "json":
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        shared.append(_shown)
        renderer = structlog.dev.ConsoleRenderer(
            colors=out.isatty() and not os.environ.get("NO_COLOR"),
            pad_event_to=0,
            # The default shows local variables: callers' keys, PINs among them.
            exception_formatter=structlog.dev.plain_traceback,
        )
    handler = logging.StreamHandler(out)
    processors = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
    plain = {"text": _plain_text, "json": _plain_json}[format] if not (format == "text" and out.isatty()) else None
    handler.setFormatter(_Formatter(plain, foreign_pre_chain=shared, processors=processors))
    # Asked for with each line otherwise, and shown nowhere.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("flowctl").setLevel(logging.INFO)


_SHOWN = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {ord("\t"): "\t", ord("\n"): "\n    "}
"""Callers choose part of what is logged, their numbers for one: no line of theirs looks like one of ours, and nothing
is told to the terminal. A second line is set in."""


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Most lines are a message and nothing else, two for each call: written directly, they cost a third."""

    def __init__(self, plain: Callable[[str, str, str], str] | None, **options: Any) -> None:
        """plain: makes the line of (time, level, message), as structlog would; None to leave all to it."""
        super().__init__(**options)
        self._plain = plain

    def format(self, record: logging.LogRecord) -> str:
        if self._plain is None or record.exc_info or record.stack_info or len(record.__dict__) > _FIELDS:
            return super().format(record)
        when = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
        return self._plain(f"{when}Z", record.levelname.lower(), record.getMessage())


def _plain_text(when: str, level: str, message: str) -> str:
    return f"{when} [{level:<9}] {_printable(message)}"


def _printable(message: str) -> str:
    return message if message.isprintable() else message.translate(_SHOWN)


def _shown(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    """As a processor of structlog."""
    event["event"] = _printable(str(event["event"]))
    return event


def _plain_json(when: str, level: str, message: str) -> str:
    return json.dumps({"event": message, "level": level, "timestamp": when}, ensure_ascii=False)
