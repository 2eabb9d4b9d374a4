"""The lines that most of the log consists of are written directly, and look like the others."""

from __future__ import annotations

import io
import json
import logging
import re

import pytest

from engine.server import logs


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch):
    root = logging.getLogger()
    before = root.handlers, root.level, logging.logThreads, logging.logProcesses, logging.logMultiprocessing
    level = logging.getLogger("flowctl").level
    yield io.StringIO()
    root.handlers, _, logging.logThreads, logging.logProcesses, logging.logMultiprocessing = before
    root.setLevel(before[1])
    logging.getLogger("flowctl").setLevel(level)


def say(log: logging.Logger) -> None:
    log.info("call %s: %s", 1, "héllo")
    log.warning('"quoted"\nand two lines')


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_plain_line_is_as_structlog_writes_it(written, monkeypatch, form):
    logs.configure(form, written)
    log = logging.getLogger("flowctl.test")
    say(log)
    direct = written.getvalue()
    monkeypatch.setattr(logs, "_FIELDS", -1)
    say(log)
    by_structlog = written.getvalue()[len(direct) :]
    when = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
    assert len(when.findall(direct)) == 2
    assert when.sub("", direct) == when.sub("", by_structlog)


def test_what_a_line_carries_besides_is_there(written):
    logs.configure("json", written)
    log = logging.getLogger("flowctl.test")
    logging.LoggerAdapter(log, {"call": "abc"}).info("x")
    try:
        raise ValueError("why")
    except ValueError:
        log.exception("y")
    one, two = map(json.loads, written.getvalue().splitlines())
    assert (one["event"], one["level"], one["call"]) == ("x", "info", "abc")
    assert "ValueError: why" in two["exception"]


@pytest.mark.parametrize("fields", [logs._FIELDS, -1], ids=["direct", "structlog"])
def test_what_a_caller_has_written_is_no_line_of_ours(written, monkeypatch, fields):
    logs.configure("text", written)
    monkeypatch.setattr(logs, "_FIELDS", fields)
    logging.getLogger("flowctl.test").warning(
        "call from %s", "33\r\n2026-01-01T00:00:00Z [error    ] forged \x1b[2J\x9b"
    )
    first, second = written.getvalue().splitlines()
    assert first.endswith(r"call from 33\x0d")
    assert second.rstrip() == r"    2026-01-01T00:00:00Z [error    ] forged \x1b[2J\x9b"
