"""`flowctl agent` in a terminal."""

from __future__ import annotations

import asyncio
import re
import signal
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from support.agentclients import proxy
from support.linkhouse import link_house, people
from support.ptycompanion import sat_before

from engine.server.link.protocol import Error
from tools.agent import Event, Lost, Refused, Waiting
from tools.flowctl.companion import texts as words
from tools.flowctl.companion.keys import _keys_of
from tools.flowctl.companion.screen import screen
from tools.flowctl.companion.texts import Texts

PASSWORD = {"FLOWCTL_AGENT_PASSWORD": "secret"}


async def test_a_shift_at_the_keyboard(tmp_path: Path) -> None:
    directory = people(screen_pop="https://crm.example/{caller}")
    async with link_house(tmp_path, directory) as house, sat_before(tmp_path, house.port, "1") as terminal:
        await terminal.shows("Password of 1")
        terminal.press("secret\n")
        await terminal.shows("32mavailable")
        assert "secret" not in terminal.all
        first = house.driver.call("32", "0143670903")
        await terminal.shows("\a")
        await terminal.shows("0143670903")
        second = house.driver.call("32", "0612345678")
        await terminal.shows("0612345678")
        terminal.press("2")
        await terminal.shows("36mon a call")
        await terminal.shows("pages of crm.example are not allowed here")
        second.hang_up()
        await terminal.shows("32mavailable")
        terminal.press("\r")
        await terminal.shows("36mon a call")
        first.hang_up()
        await terminal.shows("32mavailable")
        terminal.press("d")
        await terminal.shows("33mdo not disturb")
        terminal.press("a")
        await terminal.shows("32mavailable")
        house.driver.phones["0143670903"] = lambda party: party.leg.accept()
        terminal.press("c01436709044\x7f\x7f3\r")
        await terminal.shows("connected with 0143670903")
        terminal.press("c014\x1b")
        terminal.press("q")
        assert await asyncio.wait_for(terminal.process.wait(), 10) == 0
        assert terminal.restored
        assert not house.services.centres.desk("1").logged_in


async def test_a_call_for_one_alone_is_rejected_in_french_without_colours(tmp_path: Path) -> None:
    options = ("--language", "fr", "--no-sound")
    async with (
        link_house(tmp_path, method="sequential") as house,
        sat_before(tmp_path, house.port, "1", *options, NO_COLOR="1", **PASSWORD) as terminal,
    ):
        await terminal.shows("m   disponible")
        house.driver.call("32", "0143670903")
        await terminal.shows("vous seul")
        terminal.press("r")
        await terminal.shows("aucun appel en attente")
        before = terminal.seen
        terminal.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(terminal.process.wait(), 10) == 0
        assert terminal.restored
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m|\a", before)


async def test_who_is_not_let_in_reads_why_when_the_screen_is_gone(tmp_path: Path) -> None:
    async with (
        link_house(tmp_path) as house,
        sat_before(tmp_path, house.port, "1", FLOWCTL_AGENT_PASSWORD="wrong") as terminal,
    ):
        await terminal.shows("\x1b[?1049l")
        await terminal.shows("the password is wrong")
        assert await asyncio.wait_for(terminal.process.wait(), 10) == 1


async def test_without_a_connection_the_screen_says_so(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, sat_before(tmp_path, house.port, "1", **PASSWORD) as terminal:
        await terminal.shows("32mavailable")
        await house.agents.stop()
        await terminal.shows("connection lost")
        terminal.press("d")
        await terminal.shows("not sent")
        terminal.press("q")
        assert await asyncio.wait_for(terminal.process.wait(), 10) == 0


async def test_a_lost_connection_is_told_in_french(tmp_path: Path) -> None:
    options = ("--language", "fr", "--no-sound")
    async with (
        link_house(tmp_path) as house,
        proxy(house.port) as between,
        sat_before(tmp_path, between.port, "1", *options, **PASSWORD) as terminal,
    ):
        await terminal.shows("32mdisponible")
        await house.agents.stop()
        await terminal.shows("le serveur s'arrête")
        await terminal.shows("connexion perdue : le serveur l'a fermée")
        terminal.press("q")
        assert await asyncio.wait_for(terminal.process.wait(), 10) == 0


@pytest.mark.parametrize("why", ["silent", "closed", "nonsense", "unread", "network"])
def test_every_loss_has_a_french_text(why: str) -> None:
    assert Texts("fr").lost(Lost("nothing was heard", why)) not in ("nothing was heard", f"lost_{why}")


def test_what_the_server_refuses_is_told_in_french_unless_the_details_count() -> None:
    french = Texts("fr")
    for error in Error:
        said = french.error(Refused(error.value, "in English"))
        assert (said == "in English") == (error in (Error.BAD_REQUEST, Error.NOT_OPEN))
    assert french.lost(Lost("session ouverte ailleurs")) == "session ouverte ailleurs"


def drawn(*calls: Event) -> str:
    console = Console(file=StringIO(), width=120, force_terminal=True)
    waiting = [(Waiting(event), 61.0) for event in calls]
    console.print(
        screen(Texts("en"), title="1", state="available", detail="", calls=waiting, history=["x\x1b[2J"], prompt=None)
    )
    file = console.file
    assert isinstance(file, StringIO)
    return file.getvalue()


def test_a_callers_name_moves_no_cursor_and_is_no_markup() -> None:
    shown = drawn(Event("P", call="1", cli="014", name="\x1b[2JEve\u202e[bold]x[/bold]\r\n"))
    assert "[bold]x[/bold]" in shown
    assert not re.search("\x1b\\[2J|\u202e|\r", shown)
    assert "1:01" in shown


def test_many_calls_fit_on_the_screen() -> None:
    shown = drawn(*(Event("P", call=str(number), cli=str(1000 + number)) for number in range(30)))
    assert ("1019" in shown, "1020" in shown, "+ 10" in shown) == (True, False, True)


def test_both_languages_say_the_same_things() -> None:
    english, french = words._TEXTS["en"], words._TEXTS["fr"]
    assert english.keys() == french.keys()
    for key, text in english.items():
        assert sorted(re.findall("{.*?}", text)) == sorted(re.findall("{.*?}", french[key])), key
    assert Texts("en")("{x}") == "{x}"


@pytest.mark.parametrize(("text", "keys"), [("\r1", "\n1"), ("\x1b[A", ""), ("\x1b", "\x1b"), ("é\x08", "é\x7f")])
def test_keys_are_told_one_by_one(text: str, keys: str) -> None:
    assert "".join(_keys_of(text)) == keys
