"""Whatever a server says and whatever a caller is called: refused, or harmless."""

from __future__ import annotations

import json
from urllib.parse import unquote, urlsplit

from hypothesis import example, given
from hypothesis import strategies as st

from tools.agent import Event, PopRefused, ScreenPop
from tools.agent.filling import FillingError, fill_arguments, fill_url, values_of
from tools.agent.messages import ProtocolError, read
from tools.flowctl.companion.companion import Item
from tools.flowctl.companion.lines import document_of
from tools.flowctl.companion.screen import who
from tools.flowctl.companion.texts import Texts

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["call", "cli", "name", "command", "variables", "reason", "rest", "state", "protocol", "error"]
)
MESSAGES = st.builds(
    lambda kind, letter, fields: {**fields, "type": kind, "event": letter},
    st.sampled_from(["event", "state", "error", "hello", "ping", "ok"]),
    st.sampled_from("AUDB?PHSTXFCz") | JSON,
    st.dictionaries(KEYS, JSON, max_size=5),
)
FACTS = st.dictionaries(st.sampled_from(["cli", "caller", "did", "name", "company", "ident", "centre"]), st.text())
PIECES = st.lists(
    st.sampled_from(["{cli}", "{name}", "{company}", "{x}", "a", "-", "=", "/", ".", "?", "&", "#", "%"])
)


@given(st.binary() | MESSAGES.map(lambda message: json.dumps(message).encode()))
@example(b'{"type":"event","event":"P","name":"\\ud800"}')
def test_a_line_is_a_message_or_refused(line: bytes) -> None:
    try:
        message = read(line)
    except ProtocolError:
        return
    if isinstance(message, Item):
        json.dumps(document_of(message), ensure_ascii=False).encode()
    if isinstance(message, Event):
        assert who(message, Texts("en")).isprintable()


@given(FACTS, st.lists(PIECES.map("".join), max_size=4))
def test_what_is_filled_in_stays_in_its_argument_and_begins_none_as_an_option(
    facts: dict[str, str], arguments: list[str]
) -> None:
    filled = fill_arguments(arguments, values_of(Event("X", **facts), ""))
    assert len(filled) == len(arguments)
    for template, argument in zip(arguments, filled, strict=True):
        assert argument.isprintable()
        if template.startswith(("{cli}", "{name}", "{company}")):
            assert not argument or argument[0].isalnum() or argument[0] == "+"


@given(FACTS, PIECES.map("".join))
def test_what_is_filled_in_leads_to_no_other_host_and_page(facts: dict[str, str], rest: str) -> None:
    try:
        url = fill_url("https://crm.example/in/" + rest, values_of(Event("X", **facts), ""))
    except FillingError:
        return
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("https", "crm.example")
    assert parts.path.startswith("/in/")
    assert url.isascii()
    assert "\\" not in url
    assert unquote(url).isprintable() or "%" in rest


@given(st.text() | st.lists(st.text(), min_size=1))
def test_nothing_is_run_that_was_not_allowed(command: str | list[str]) -> None:
    event = Event("X", command=command if isinstance(command, str) else tuple(command))
    try:
        ScreenPop(commands=["true"], hosts=["crm.example"]).command(event)
    except PopRefused:
        return
    assert command[0] == "true"
