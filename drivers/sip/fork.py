"""One call to several phones: they ring together, and the first to answer has it (RFC 3261 section 16.7)."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from drivers.sip.leg import SipLeg
from engine.errors import CallError, OriginateError
from engine.lines import Cause
from engine.tasks import cancel, uninterrupted

TELLING = (Cause.BUSY, Cause.NO_ANSWER)
"""Of several refusals, the ones that say most, best first."""


async def first_answer(calls: Sequence[Coroutine[Any, Any, SipLeg]]) -> SipLeg:
    """The leg of the first call that is answered; the others are withdrawn, also when a phone declines for all.

    Raises what the most telling of them raises when none is. Cancelling withdraws them all.
    """
    if len(calls) == 1:
        return await calls[0]
    tasks = [asyncio.get_running_loop().create_task(call) for call in calls]
    waiting, failures, winner = set(tasks), list[BaseException](), None
    try:
        while waiting and winner is None and not any(map(_declined, failures)):
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if (failure := task.exception()) is not None:
                    failures.append(failure)
                elif winner is None:
                    winner = task
    finally:
        await uninterrupted(_withdraw([task for task in tasks if task is not winner]))
    if winner is None:
        raise min(failures, key=_rank)
    return winner.result()


async def _withdraw(tasks: list[asyncio.Task[SipLeg]]) -> None:
    await cancel(*tasks)
    for task in tasks:
        if not task.cancelled() and task.exception() is None:
            await task.result().hangup(Cause.CANCELLED)  # it was answered at the same moment


def _declined(failure: BaseException) -> bool:
    return isinstance(failure, OriginateError) and failure.cause is Cause.REJECTED


def _rank(failure: BaseException) -> int:
    if _declined(failure):
        return -1
    if isinstance(failure, OriginateError) and failure.cause in TELLING:
        return TELLING.index(failure.cause)
    return len(TELLING) + (not isinstance(failure, CallError))
