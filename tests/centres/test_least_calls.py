"""Whom `least_calls` asks first: who has had the fewest calls since midnight, where the server is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from support.callcentre import people

from engine.centres.centres import Centres
from engine.clock import LoopClock, run_virtual

PARIS = ZoneInfo("Europe/Paris")
HALF_AN_HOUR_BEFORE_MIDNIGHT = datetime(2027, 7, 13, 21, 30, tzinfo=UTC)
"""In Paris, where it is summer."""


def test_a_new_day_begins_at_midnight_of_the_servers_time_zone() -> None:
    async def story() -> None:
        clock = LoopClock(HALF_AN_HOUR_BEFORE_MIDNIGHT)
        centres = Centres(people(order="least_calls"), clock=clock, zone=PARIS)
        for desk in centres.desks:
            desk.agent = desk.agent.model_copy(update={"login": "none"})

        async def takes_a_call(code: str) -> None:
            desk = centres.desk(code)
            assert desk is not None and await centres.reserve(desk)
            desk.talk()
            await centres.release(desk)

        def order() -> str:
            return "".join(desk.code for desk in centres.available("support"))

        for code in "112":
            await takes_a_call(code)
        assert order() == "321"
        await asyncio.sleep(29 * 60)
        assert order() == "321"
        await asyncio.sleep(2 * 60)
        assert [desk.calls for desk in centres.desks] == [0, 0, 0]
        await takes_a_call("3")
        assert order() == "123"
        centres.close()

    run_virtual(story)
