"""Runs the checks, all at once and each for so long at most."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from engine.messages import _
from tools.flowctl.doctor.check import Check, Finding, Patient, wrong

T = TypeVar("T")
Result = tuple[Check, list[Finding]]


async def examine(patient: Patient, wanted: Sequence[Check]) -> list[Result]:
    """What each check has found, in their order."""
    found = await asyncio.gather(*(_one(patient, check) for check in wanted))
    return list(zip(wanted, found, strict=True))


async def _one(patient: Patient, check: Check) -> list[Finding]:
    task = asyncio.ensure_future(check.run(patient))
    # What hangs in spite of its cancellation is left behind: the command ends with its process.
    done, _pending = await asyncio.wait({task}, timeout=check.seconds)
    if not done:
        task.cancel()
        message = _("no answer within {seconds} s").format(seconds=f"{check.seconds:g}")
        return [wrong(message, _("look whether the disk, the network or the other side hangs"))]
    try:
        return list(task.result())
    except Exception as error:  # noqa: BLE001 - a check that fails is a finding like any other
        return [wrong(f"{type(error).__name__}: {error}")]


async def in_thread(work: Callable[[], T]) -> T:
    """Do blocking work in a thread that keeps nobody from ending, even when the disk never answers."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type] # without an error there is one

    def run() -> None:
        result: T | None = None
        failure: BaseException | None = None
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - raised where it is awaited
            failure = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, daemon=True).start()
    return await future
