"""The lines that most of the log consists of are written directly, and look like the others."""

from __future__ import annotations

import io
import json
import logging
import re

import pytest
from support.house import House, in_house

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


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("0143670903 calls 32", "014367xxxx calls 32"),
        ("+33143670903 calls +33612345678,", "+3314367xxxx calls +3361234xxxx,"),
        ("sip:0143670903@192.0.2.1:5060", "sip:014367xxxx@192.0.2.1:5060"),
        ("extension 12345, code 123456", "extension 12345, code 12xxxx"),
        ("call 8d7ad2a012345678: on sip/1", "call 8d7ad2a012345678: on sip/1"),
        ("call 12345678123456781234567812345678", "call 12345678123456781234567812345678"),
        ("12345678-1234-1234-1234-123456789012", "12345678-1234-1234-1234-123456789012"),
        ("192.168.100.200:50600 took 0.123456 s", "192.168.100.200:50600 took 0.123456 s"),
    ],
)
def test_numbers_are_masked_and_nothing_else(said, kept):
    assert logs.masked(said) == kept


@pytest.mark.parametrize("form", ["text", "json"])
def test_numbers_are_masked_wherever_they_are(written, form):
    handler = logging.StreamHandler(written)
    handler.setFormatter(logs._formatter(form, written, mask=True))
    log = logging.Logger("apart")
    log.addHandler(handler)
    log.info("call from %s", "0143670903")
    logging.LoggerAdapter(log, {"call": "1234567812", "caller": "0143670904"}).info("x")
    try:
        raise ValueError("0143670905")
    except ValueError:
        log.exception("y")
    assert "014367090" not in written.getvalue()
    assert written.getvalue().count("014367xxxx") == 4
    assert "1234567812" in written.getvalue()


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


def test_nothing_turns_a_line_around_or_cuts_it_where_it_is_shown(written):
    logs.configure("text", written)
    logging.getLogger("flowctl.x").warning("call from %s", "a\u202eb\u2028c\x85d\ud800, dès 8\u00a0h 😀")
    (line,) = written.getvalue().splitlines()
    assert line.endswith("call from " + r"a\u202eb\u2028c\x85d\ud800" + ", dès 8\u00a0h 😀")


CALLS = """
format: 1
name: calls
did: ["32"]
start: hello
nodes:
  hello: {type: answer, next: away}
  away:
    type: bridge
    to: "0899123456"
    on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}
"""


@pytest.mark.parametrize("form", ["json", "text"])
def test_every_line_about_a_call_has_its_id(written, tmp_path, form):
    async def story(house: House) -> None:
        for cli in ("0143670903", "0143670904"):
            house.driver.call("32", cli=cli)
        await house.settle()
        log.info("about no call")

    log = logging.getLogger("flowctl.test")
    logs.configure(form, written)
    house = in_house(tmp_path, {"calls.yaml": CALLS}, story)
    ids = [record["id"] for record in house.records()]
    assert len(ids) == 2
    lines = written.getvalue().splitlines()
    for identity in ids:
        about = [line for line in lines if identity in line]
        # It begins, a number is refused, it ends.
        assert len(about) >= 3 and any("0899123456" in line for line in about)
        if form == "json":
            assert {json.loads(line)["call"] for line in about} == {identity}
        else:
            assert all(line.count(identity) == 1 for line in about)
    (other,) = [line for line in lines if "about no call" in line]
    assert "call=" not in other and '"call"' not in other
    if form == "json":
        assert all("call" in json.loads(line) for line in lines if "0899123456" in line)
