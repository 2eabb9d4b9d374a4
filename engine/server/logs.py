"""Logs: one line an event, readable in a terminal or as JSON."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Literal, TextIO

import structlog

from engine.call.current import CALL

if TYPE_CHECKING:
    from engine.server.settings import Settings

Format = Literal["text", "json"]

_FIELDS = len(logging.makeLogRecord({}).__dict__)
"""Of a record that says nothing but its message."""


def configure(format: Format, stream: TextIO | None = None) -> None:  # noqa: A002 - the option's name
    """Send everything logged below `flowctl` (and warnings of libraries) to `stream`, standard error by default.

    Colours only on a terminal, and not when NO_COLOR is set.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(format, handler.stream))
    # Asked for with each line otherwise, and shown nowhere.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("flowctl").setLevel(logging.INFO)


@contextmanager
def kept(settings: Settings, format: Format) -> Iterator[None]:  # noqa: A002 - the option's name
    """After `configure`: as the settings say, and into the daily log as well, with times of the server's zone."""
    from engine.records.daily_log import DailyLog

    said, root = settings.logs, logging.getLogger()
    logging.getLogger("flowctl").setLevel(said.level.upper())
    for handler in root.handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setFormatter(_formatter(format, handler.stream, mask=said.mask_numbers))
    daily = DailyLog(settings.data / said.folder, settings.zone)
    daily.setFormatter(_formatter(format, None, zone=settings.zone, mask=said.mask_numbers))
    root.addHandler(daily)
    try:
        yield
    except Exception as error:
        # Whoever started us is told; whoever reads the log the next day is as well.
        fields = {"name": __name__, "levelno": logging.ERROR, "levelname": "ERROR", "msg": "%s", "args": (error,)}
        daily.handle(logging.makeLogRecord(fields))
        raise
    finally:
        root.removeHandler(daily)
        daily.close()


def _of_call(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    """As a processor of structlog: the call that the line is about, also where whoever wrote it has not named it."""
    if call := CALL.get():
        event.setdefault("call", call)
    return event


def _formatter(
    format: Format,  # noqa: A002 - the option's name
    out: TextIO | None,
    *,
    zone: tzinfo = UTC,
    mask: bool = False,
) -> _Formatter:
    """out: where the lines go, for their colours; None for a file. mask: numbers."""
    terminal = out is not None and out.isatty()

    def stamp(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
        event["timestamp"] = _time(event["_record"].created, zone)
        return event

    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        _of_call,
        stamp,
        structlog.processors.format_exc_info,
        *([_masked] if mask else []),
    ]
    renderer: Any
    if format == "json":
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        shared.append(_shown)
        renderer = structlog.dev.ConsoleRenderer(
            colors=terminal and not os.environ.get("NO_COLOR"),
            pad_event_to=0,
            # The default shows local variables: callers' keys, PINs among them.
            exception_formatter=structlog.dev.plain_traceback,
        )
    processors = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
    plain = {"text": _plain_text, "json": _plain_json}[format] if not (format == "text" and terminal) else None
    return _Formatter(plain, zone=zone, mask=mask, foreign_pre_chain=shared, processors=processors)


def _time(moment: float, zone: tzinfo) -> str:
    """ISO 8601, with Z for UTC."""
    text = datetime.fromtimestamp(moment, zone).isoformat(timespec="microseconds")
    return text.removesuffix("+00:00") + "Z" if zone is UTC else text


_NUMBER = re.compile(r"(?<![\w.+/@-])(\+?[0-9]{2,11})[0-9]{4}(?![\w-])")
"""A telephone number: no part of an id, a time, an address or a version."""


def masked(text: str) -> str:
    """Without the last four digits of the numbers in it."""
    return _NUMBER.sub(r"\1xxxx", text)


def _masked(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    """As a processor of structlog."""
    kept = ("timestamp", "call")
    return {
        key: masked(value) if isinstance(value, str) and key not in kept else value for key, value in event.items()
    }


class _Shown(dict[int, str]):
    """For `str.translate`."""

    def __missing__(self, code: int) -> str:
        # Turns what follows around, ends a line in some programs, or is no character.
        hidden = unicodedata.category(chr(code)) in ("Cf", "Cs", "Zl", "Zp")
        return f"\\u{code:04x}" if hidden else chr(code)


_SHOWN = _Shown({code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))})
_SHOWN.update({ord("\t"): "\t", ord("\n"): "\n    "})
"""Callers choose part of what is logged, their numbers for one: no line of theirs looks like one of ours, and nothing
is told to the terminal. A second line is set in."""


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Most lines are a message and nothing else, two for each call: written directly, they cost a third."""

    def __init__(
        self, plain: Callable[[str, str, str, str], str] | None, *, zone: tzinfo, mask: bool, **options: Any
    ) -> None:
        """plain: makes the line of (time, level, message, call), as structlog would; None to leave all to it."""
        super().__init__(**options)
        self._plain = plain
        self._zone = zone
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        if self._plain is None or record.exc_info or record.stack_info or len(record.__dict__) > _FIELDS:
            return super().format(record)
        message = record.getMessage()
        if self._mask:
            message = masked(message)
        return self._plain(_time(record.created, self._zone), record.levelname.lower(), message, CALL.get())


def _plain_text(when: str, level: str, message: str, call: str) -> str:
    named = f" call={call}" if call and call not in message else ""
    return f"{when} [{level:<9}] {_printable(message)}{named}"


def _printable(message: str) -> str:
    return message if message.isprintable() else message.translate(_SHOWN)


def _shown(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    """As a processor of structlog."""
    event["event"] = _printable(str(event["event"]))
    if str(event.get("call", "")) in event["event"]:
        event.pop("call", None)
    return event


def _plain_json(when: str, level: str, message: str, call: str) -> str:
    named = {"call": call} if call else {}
    return json.dumps({"event": message, "level": level, **named, "timestamp": when}, ensure_ascii=False)
