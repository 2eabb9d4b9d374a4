"""Who calls, as a scenario sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from engine.call import caller
from engine.call.caller import STRANGER, Caller
from engine.errors import CallError
from engine.records.contacts.table import DATE, KEY, TEXTS


class Table:
    def __init__(self, answer: Any) -> None:
        self._answer = answer

    async def find(self, _number: str) -> Mapping[str, Any] | None:
        if isinstance(self._answer, float):
            await asyncio.sleep(self._answer)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer  # type: ignore[no-any-return]


def call_of(answer: Any, number: str = "+33143670903") -> Any:
    warnings: list[str] = []
    record = SimpleNamespace(caller=number, id="1")
    return SimpleNamespace(
        record=record, services=SimpleNamespace(contacts=Table(answer)), warn=warnings.append, warnings=warnings
    )


async def known(call: Any) -> Mapping[str, Any]:
    who = Caller()
    who.look_up(call)
    await who.known()
    return who.contact


def test_a_stranger_has_every_column():
    assert set(STRANGER) == {KEY, *TEXTS, DATE}


async def test_what_a_contact_does_not_have_is_empty_as_it_is_for_a_stranger():
    row = {**dict.fromkeys(STRANGER), "nUniqueId": 7, "strLastName": "Martin"}
    assert await known(call_of(row)) == {**STRANGER, "nUniqueId": 7, "strLastName": "Martin"}
    row["dLastDateUpdate"] = datetime(2027, 1, 31, 10)  # noqa: DTZ001
    assert (await known(call_of(row)))["dLastDateUpdate"] == "2027-01-31T10:00:00+00:00"


@pytest.mark.parametrize("answer", [None, CallError("away"), 60.0])
async def test_who_cannot_be_looked_up_is_a_stranger(answer: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(caller, "SECONDS", 0.01)
    call = call_of(answer)
    assert await known(call) == STRANGER
    assert len(call.warnings) == (answer is not None)


async def test_a_caller_who_hangs_up_during_the_look_up():
    call, who = call_of(60.0), Caller()
    who.look_up(call)
    waiting = asyncio.create_task(who.known())
    await asyncio.sleep(0)
    who.stop()
    async with asyncio.timeout(1):
        await waiting
    assert (who.contact, call.warnings) == (STRANGER, [])
