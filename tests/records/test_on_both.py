"""Tokens, and records read back, on SQLite and on MariaDB alike."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.places import Place
from support.recorded_facts import call, other_kinds

from engine.centres.directory import Directory
from engine.outside.absent import NoAlerts
from engine.records.database import Database
from engine.records.drainer import Drainer
from engine.records.outbox import Outbox
from engine.records.people import People, Stored
from engine.records.reading import Wanted, find_calls
from engine.records.tokens import Holder, Tokens

NOW = datetime(2027, 7, 13, tzinfo=UTC)


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    database = place()
    yield database
    await database.close()


async def test_a_token_is_its_holder_s_until_there_is_another(database: Database) -> None:
    tokens = Tokens(database)
    assert await tokens.holder("nothing") is None
    anne, shop = Holder("agent", "201"), Holder("application", "Boutique d'été")
    first, other = await tokens.issue(anne, NOW), await tokens.issue(shop, NOW)
    assert (await tokens.holder(first), await tokens.holder(other)) == (anne, shop)
    second = await tokens.issue(anne, NOW)
    assert (await tokens.holder(first), await tokens.holder(second)) == (None, anne)
    assert (await tokens.revoke(anne), await tokens.revoke(anne)) == (True, False)
    assert await tokens.holder(second) is None


async def test_names_that_differ_in_case_or_accents_are_two(database: Database) -> None:
    tokens = Tokens(database)
    holders = [Holder("application", name) for name in ("été", "Été", "ete", "ete ")]
    issued = [await tokens.issue(holder, NOW) for holder in holders]
    assert [await tokens.holder(token) for token in issued] == holders


async def test_who_is_no_agent_any_more_has_no_token(database: Database) -> None:
    people, tokens = People(database), Tokens(database)
    await people.store(Stored(), Directory.model_validate({"agents": [{"code": "201"}, {"code": "202"}]}))
    token = await tokens.issue(Holder("agent", "201"), NOW)
    await people.store(await people.load(), Directory.model_validate({"agents": [{"code": "202"}]}))
    assert await tokens.holder(token) is None


async def test_a_call_is_read_as_it_was_written(database: Database, tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    await outbox.open()
    drainer = Drainer(outbox, database, NoAlerts())
    drainer.start()
    written = call("a", reason="déjà \N{GRINNING FACE}", warnings=["é"], answered=0.1, duration=1 / 3)
    await outbox.put(written, call("b", started="2026-10-25T00:59:59.124+00:00"), *other_kinds("x"))
    await drainer.close(30)
    assert not await outbox.count()
    assert await find_calls(database, outbox.path, Wanted(id="a")) == [written.body]
    newest = await find_calls(database, outbox.path, Wanted(limit=1, agent="201", cli="+33143670903"))
    assert [found["id"] for found in newest] == ["b"]
    between = Wanted(
        since=datetime.fromisoformat(written.body["started"]), until=datetime.fromisoformat(newest[0]["started"])
    )
    assert [found["id"] for found in await find_calls(database, outbox.path, between)] == ["a"]
    await outbox.close()
