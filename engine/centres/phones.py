"""Phones that ring for one call: those of agents who accept by answering."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.call.talk import dial
from engine.centres.account import Account, Outcome, unreached
from engine.centres.desk import Desk
from engine.errors import CallError, NoChannel, OriginateError
from engine.lines import Leg
from engine.tasks import uninterrupted

if TYPE_CHECKING:
    from engine.call.call import Call


class Phones:
    """Each belongs to an agent who is reserved for the call, and is released when it stops ringing unanswered."""

    def __init__(self, call: Call, account: Account) -> None:
        self._call = call
        self._account = account
        self._ringing: dict[asyncio.Task[Leg], Desk] = {}

    @property
    def tasks(self) -> set[asyncio.Task[Leg]]:
        """One for each phone; done when it has been answered or has stopped ringing."""
        return set(self._ringing)

    def ring(self, desk: Desk, seconds: float) -> None:
        """Let the phone of a reserved agent ring."""
        self._account.offered(desk.code, "phone")
        self._ringing[asyncio.ensure_future(dial(self._call, desk.phone, timeout=seconds))] = desk

    async def answered(self) -> tuple[Desk, Leg] | None:
        """The agent whose phone was answered first, and who is the caller's from now on. Releases those whose phone
        has stopped ringing."""
        for task in [task for task in self._ringing if task.done()]:
            desk = self._ringing.pop(task)
            try:
                leg = task.result()
                self._account.answered(desk.code)
                return desk, leg
            except OriginateError as error:
                self._call.note(str(error))
                self._account.ended(desk.code, unreached(error))
            except (CallError, NoChannel) as error:
                self._call.warn(f"agent {desk.code}: {error}")
                self._account.ended(desk.code, "failed")
            except BaseException:
                await uninterrupted(self._release(desk))
                raise
            await uninterrupted(self._release(desk))
        return None

    async def drop(self, why: Outcome, which: Callable[[Desk], bool] = lambda _: True) -> list[Desk]:
        """Stop phones ringing; whose they were. One that is answered at the very same moment is hung up."""
        dropped = [(task, desk) for task, desk in self._ringing.items() if which(desk)]
        for task, desk in dropped:
            task.cancel()
            self._account.ended(desk.code, why)
        for task, desk in dropped:
            await asyncio.wait({task})
            if not task.cancelled() and task.exception() is None:
                await task.result().hangup()
            self._ringing.pop(task, None)
            await self._release(desk)
        return [desk for _, desk in dropped]

    async def _release(self, desk: Desk) -> None:
        await self._call.services.centres.release(desk)
