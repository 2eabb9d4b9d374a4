"""Virtual time: it jumps, it keeps the order of real time, and it never waits for what cannot come."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from engine.clock import DeadlockError, LoopClock, run_virtual


def test_an_hour_takes_no_time_and_the_date_follows():
    async def story() -> tuple[float, datetime]:
        clock = LoopClock(datetime(2027, 3, 28, 0, 30, tzinfo=UTC))
        before = asyncio.get_running_loop().time()
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time() - before, clock.now()

    began = time.monotonic()
    elapsed, now = run_virtual(story)
    assert time.monotonic() - began < 1
    assert elapsed == pytest.approx(3600)
    assert now - datetime(2027, 3, 28, 1, 30, tzinfo=UTC) < timedelta(milliseconds=1)


def test_what_is_due_first_happens_first():
    async def story() -> list[str]:
        seen: list[str] = []

        async def act(name: str, *delays: float) -> None:
            for delay in delays:
                await asyncio.sleep(delay)
                seen.append(name)

        await asyncio.gather(act("a", 3, 3), act("b", 1, 4), act("c", 2))
        return seen

    assert run_virtual(story) == ["b", "c", "a", "b", "a"]


def test_work_for_a_thread_is_done_on_the_spot_and_its_errors_come_back():
    async def story() -> int:
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)
        return await asyncio.to_thread(lambda: 7)

    assert run_virtual(story) == 7


def test_waiting_for_nothing_is_an_error_and_not_for_ever():
    async def story() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(DeadlockError):
        run_virtual(story)
