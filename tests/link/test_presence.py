"""An agent who is gone is known to be gone: by silence within 15 seconds, by a lost connection at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from support.linkclient import clients
from support.linkhouse import link_house, people
from support.linkpaper import Paper

from engine.centres.centres import Centres
from engine.centres.desk import AgentState
from engine.centres.events import AgentEvent, Code
from engine.centres.sessions import Sessions
from engine.clock import run_virtual
from engine.server.link.connection import MOST_UNREAD, Connection
from engine.server.link.link import AgentLink


class Scene:
    """A link without transport, on a virtual clock, with one connection."""

    def __init__(self) -> None:
        self.centres = Centres(people())
        self.link = AgentLink(self.centres, Sessions(self.centres, linger=30))
        self.wire = Paper()
        self.connection: Connection = self.link.connect(self.wire, self.link.place("192.0.2.1"))

    def say(self, **message: Any) -> None:
        self.connection.receive(json.dumps(message).encode())

    async def log_in(self, code: str = "1", password: str = "secret") -> None:
        self.say(type="open", protocol=1, code=code, password=password)
        await asyncio.sleep(0.001)


def play(story: Callable[[Scene], Awaitable[None]]) -> None:
    async def told() -> None:
        scene = Scene()
        await story(scene)
        scene.link.close()
        scene.centres.close()

    run_virtual(told)


def test_who_says_nothing_is_gone_after_fifteen_seconds_and_gets_no_call() -> None:
    async def story(scene: Scene) -> None:
        await scene.log_in()
        desk = scene.centres.desk("1")
        await asyncio.sleep(14.9)
        assert desk.state is AgentState.AVAILABLE
        assert len(scene.wire.said("ping")) == 2
        await asyncio.sleep(0.2)
        assert desk.state is AgentState.LOGGED_OUT
        assert scene.wire.said("error")[-1]["error"] == "timeout"
        assert scene.wire.closed
        assert desk.logged_in
        await asyncio.sleep(30)
        assert not desk.logged_in

    play(story)


def test_who_answers_pings_stays_for_hours() -> None:
    async def story(scene: Scene) -> None:
        await scene.log_in()
        for _ in range(2000):
            await asyncio.sleep(5)
            scene.say(type="pong")
        assert scene.centres.desk("1").state is AgentState.AVAILABLE
        assert len(scene.wire.said("ping")) == 2000

    play(story)


def test_who_does_not_log_in_is_sent_away_after_ten_seconds() -> None:
    async def story(scene: Scene) -> None:
        for _ in range(9):
            await asyncio.sleep(1)
            scene.say(type="pong")
        assert not scene.wire.closed
        await asyncio.sleep(1.1)
        assert scene.wire.said("error")[-1]["error"] == "timeout"
        assert scene.wire.closed

    play(story)


def test_a_refused_log_in_has_ten_seconds_more() -> None:
    async def story(scene: Scene) -> None:
        await asyncio.sleep(9)
        await scene.log_in(password="wrong")
        await asyncio.sleep(9)
        await scene.log_in()
        await asyncio.sleep(2)
        assert scene.wire.said("event")[-1]["event"] == "A"
        assert not scene.wire.closed

    play(story)


def test_who_does_not_read_is_cut_off() -> None:
    async def story(scene: Scene) -> None:
        await scene.log_in()
        desk = scene.centres.desk("1")
        scene.wire.pile = MOST_UNREAD + 1
        desk.session.send(AgentEvent(Code.SHOW))
        await asyncio.sleep(0)
        assert scene.wire.aborted
        assert desk.state is AgentState.LOGGED_OUT

    play(story)


@pytest.mark.parametrize("end", ["abort", "close"])
async def test_a_client_that_dies_while_it_is_asked_is_followed_by_the_next_within_a_second(
    tmp_path: Path, end: str
) -> None:
    async with link_house(tmp_path, method="sequential") as house, clients(house.port, 2) as (anne, hugo):
        await anne.log_in("1")
        await hugo.log_in("2")
        house.driver.call("32", "1")
        await anne.got(event="?")
        if end == "abort":
            anne.abort()
        else:
            await anne.close()
        await hugo.got(event="?", timeout=1)
