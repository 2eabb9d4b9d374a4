"""Logs: one line an event, readable in a terminal or as JSON."""

from __future__ import annotations

import logging
import sys
from typing import Any, Literal, TextIO

import structlog


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
        renderer = structlog.dev.ConsoleRenderer(
            colors=out.isatty() and not os.environ.get("NO_COLOR"),
            pad_event_to=0,
            # The default shows local variables: callers' keys, PINs among them.
            exception_formatter=structlog.dev.plain_traceback,
        )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("flowctl").setLevel(logging.INFO)
