"""What becomes of real calls in the statistics: from the caller and the agents to the figures."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from support.callcentre import later, play
from support.desktop import Desktop
from support.house import House

from engine.centres.session import AgentSession
from engine.centres.sessions import Sessions
from engine.records.database import Database
from engine.records.outbox import Entry
from engine.records.rows import rows_of
from engine.records.statistics import By, Kind, Period, Query, Report, report

TIMES = {"search": "started", "offer": "offered", "agent_session": "opened", "agent_state": "since"}
PERIOD = Period.days(date(2027, 7, 13), date(2027, 7, 13), ZoneInfo("Europe/Paris"))


def entries(house: House) -> list[Entry]:
    """What the house has kept, as the database gets it."""
    kept = [Entry("call", record["id"], {**record, "server": "main"}) for record in house.records()]
    for kind, time in TIMES.items():
        for fact in house.facts(kind):
            moment = datetime(2027, 7, 13, 8, tzinfo=UTC) + timedelta(seconds=fact["began"])
            kept.append(Entry(kind, fact["id"], {**fact, "server": "main", time: moment.isoformat()}))
    return kept


async def reported(path: Path, kept: list[Entry], *queries: tuple[Kind, By]) -> list[dict[str, Any]]:
    """The figures of the whole day."""

    async def write(connection: AsyncConnection) -> None:
        for entry in kept:
            for table, row in rows_of(entry):
                await connection.execute(insert(table), row)

    async def read(connection: AsyncConnection) -> list[Report]:
        return [await report(connection, kind, Query(PERIOD, by)) for kind, by in queries]

    database = Database(path)
    await database.write(write)
    found = await database.read(read)
    await database.close()
    return [dict(one.total.values) for one in found or []]


def test_one_call_is_taken_and_one_hangs_up(tmp_path: Path):
    houses: list[House] = []

    async def story(house: House, sessions: Sessions) -> None:
        houses.append(house)
        agent = await Desktop(pending=later(2, AgentSession.accept)).log_in(sessions, "1")
        await Desktop().log_in(sessions, "2")
        # Accepted after 2 s, the phone is answered 1 s later and hung up after 5; 10 s of rest follow.
        house.driver.call("32", "0143670903")
        await asyncio.sleep(30)
        assert agent.session is not None
        agent.session.be_unavailable("lunch")
        party = house.driver.call("32", "0143670904")
        await asyncio.sleep(7)
        party.hang_up()
        await asyncio.sleep(53)
        agent.session.close()
        await asyncio.sleep(0)

    play(tmp_path, story, wrap_up="10s")
    centres, agents, calls, waiting = asyncio.run(
        reported(
            tmp_path / "flowctl.db",
            entries(houses[0]),
            (Kind.CENTRES, By.CENTRE),
            (Kind.AGENTS, By.HOUR),
            (Kind.CALLS, By.SCENARIO),
            (Kind.WAITING, By.WAIT),
        )
    )
    assert centres.items() >= {"offered": 2, "answered": 1, "abandoned": 1, "short": 0, "other_exits": 0}.items()
    assert centres.items() >= {"service_level": 0.5, "service_level_with_abandoned": 1.0, "abandonment": 0.5}.items()
    assert (centres["speed_of_answer"], centres["time_to_abandon"], centres["longest_wait"]) == (3, 7, 7)
    assert (centres["talk"], centres["wrap_up"], centres["handling_time"]) == (5, 10, 15)
    assert agents.items() >= {"offers": 3, "connected": 1, "taken": 1, "other_offers": 1, "talk": 5}.items()
    assert agents.items() >= {"on_call": 5, "wrap_up": 10, "ringing": 1, "unavailable": 60}.items()
    assert calls.items() >= {"calls": 2, "incoming": 2, "calls_answered": 2, "caller_hung_up": 1}.items()
    assert (waiting["answered_p90"], waiting["abandoned_p90"]) == (3, 7)
