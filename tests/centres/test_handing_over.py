"""`connect: transfer`: caller and agent are brought together in the way of the setting `telephony.transfer`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from support.callcentre import SEARCH, phone, play
from support.desktop import Desktop
from support.house import House

from engine.call.services import Transfers
from engine.centres.desk import AgentState
from engine.centres.session import AgentSession
from engine.centres.sessions import Sessions
from engine.errors import OriginateError, Unsupported
from engine.lines import Cause, Leg

TRANSFER = SEARCH.replace("timeout: 60s", "timeout: 60s\n    connect: transfer")


class KeyExchange:
    """Takes the caller away from us, or fails with what it is given."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[str] = []
        self._error = error

    async def transfer(self, leg: Leg, to: str) -> None:
        self.asked.append(to)
        if self._error is not None:
            raise self._error
        await leg.hangup()


class Story:
    """Anne, at `extension`, takes a call. Keeps how often her phone rang and what she was doing 3 s later."""

    def __init__(self, transfers: Transfers, exchange: KeyExchange | None = None, extension: str = "") -> None:
        self.anne = Desktop(pending=AgentSession.accept, asked=AgentSession.accept)
        self.rung = 0
        self._transfers, self._exchange, self._extension = transfers, exchange, extension

    async def __call__(self, house: House, sessions: Sessions) -> None:
        house.services.transfers = self._transfers
        if self._exchange is not None:
            house.services.exchange = self._exchange
        house.driver.phones = {self._extension or "sip:1@x": self._ring}
        await self.anne.log_in(sessions, "1", extension=self._extension)
        house.driver.call("32", "1")
        await asyncio.sleep(3)
        self.state = house.services.centres.desk("1").state

    def _ring(self, party: Any) -> None:
        self.rung += 1
        self.party = party
        phone(1)(party)


def test_the_exchange_is_asked_where_the_setting_says_so(tmp_path: Path) -> None:
    story = Story(Transfers("exchange"), exchange := KeyExchange(), "0143670901")
    (record,) = play(tmp_path, story, text=TRANSFER)
    assert (exchange.asked, story.rung, story.anne.letters) == (["0143670901"], 0, "APHT")
    assert (record["result"], record["agent"], record["transferred_to"]) == ("transferred", "1", "0143670901")


def test_we_stay_in_between_where_the_setting_says_so(tmp_path: Path) -> None:
    story = Story(Transfers("bridge"))
    (record,) = play(tmp_path, story, text=TRANSFER)
    assert (story.rung, story.state, record["agent"]) == (1, AgentState.ON_CALL, "1")
    assert record["duration"] == pytest.approx(1 + 5, abs=0.1)


@pytest.mark.parametrize("method", ["auto", "driver"])
def test_with_a_second_channel_the_agent_is_called_first(tmp_path: Path, method: Any) -> None:
    """And hears the whisper, and rings once."""
    story = Story(Transfers(method, second=True))
    whispered = TRANSFER.replace("connect: transfer", "connect: transfer\n    whisper: [{say: a call}]")
    (record,) = play(tmp_path, story, text=whispered)
    assert (story.rung, story.state, story.anne.letters) == (1, AgentState.AVAILABLE, "APHT")
    assert len(story.party.heard) == 1
    assert (record["result"], record["agent"], record["transferred_to"]) == ("transferred", "1", "sip:1@x")


def test_what_cannot_be_transferred_after_all_is_bridged(tmp_path: Path) -> None:
    """The agent has accepted, and the caller is about to be answered: an exchange without that code loses neither."""
    exchange = KeyExchange(Unsupported("no hook-flash here"))
    story = Story(Transfers("exchange"), exchange, "0143670901")
    (record,) = play(tmp_path, story, text=TRANSFER)
    assert (story.rung, story.state, story.anne.letters) == (1, AgentState.ON_CALL, "APHT")
    assert (record["result"], record["agent"]) == ("transferred", "1")


def test_an_exchange_that_does_not_reach_the_agent_gives_the_call_back(tmp_path: Path) -> None:
    exchange = KeyExchange(OriginateError("0143670901", Cause.BUSY))
    story = Story(Transfers("exchange"), exchange, "0143670901")
    (record,) = play(tmp_path, story, text=TRANSFER, method="sequential")
    assert (len(exchange.asked), story.anne.letters) == (2, "A?HS?HT")
    assert record["path"][0]["outcome"] == "timeout"


def test_a_conversation_that_is_recorded_stays_with_us(tmp_path: Path) -> None:
    story = Story(Transfers("driver"))
    (record,) = play(
        tmp_path, story, text=TRANSFER.replace("connect: transfer", "connect: transfer\n    record: true")
    )
    assert (story.rung, story.state, len(record["recordings"])) == (1, AgentState.ON_CALL, 1)
