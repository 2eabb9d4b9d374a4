"""Who calls: the contact with a number, found at once or not at all."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import CallError, DatabaseError
from engine.records.contacts.index import NumberIndex, Pairs, pairs_of
from engine.records.contacts.spelling import Spelling
from engine.records.contacts.table import CONTACTS, DATE, KEY, NUMBERS, RAW, Contact, as_text, contact_of
from engine.records.database import Database
from engine.tasks import cancel

log = logging.getLogger("flowctl.contacts")

REMEMBERED = 10_000
"""Numbers whose contact is remembered, at most."""
PAUSE = 5.0
"""Seconds in which a table that did not answer is not asked by calls again."""
LOOK = 30.0
"""Seconds between two looks whether the table has changed."""
WHOLE = 600.0
"""Seconds after which it is read again although it seems not to have changed: a job may have changed it without
writing when."""
CHUNK = 200
"""Contacts read in one query, and in one piece of work of a thread."""
REST = 0.005
"""Seconds between two pieces, in which calls have the processor: 100,000 contacts are read within some seconds."""

SHARED = 500
"""Contacts with one number that are looked at, at most: nobody has more, but a job may write the same for all."""

_Stamp = tuple[int, int, Any]


class TableContacts:
    """`Contacts` in a database. What is written in E.164, or as people in the country write numbers, is found as soon
    as it is in the table; numbers in any other form once `follow` has seen them."""

    def __init__(self, database: Database, spelling: Spelling, *, timeout: float, expires: float) -> None:
        """timeout: seconds that a call waits for the table; expires: seconds that an answer is remembered."""
        self._database = database
        self._spelling = spelling
        self._timeout = timeout
        self._expires = expires
        self._known: OrderedDict[int, tuple[float, Contact | None]] = OrderedDict()
        """Number → until when, and who it is."""
        self._asking: dict[int, asyncio.Task[Contact | None]] = {}
        self._silent_until = float("-inf")
        self._index = NumberIndex()
        self._complained = ""

    async def find(self, caller: str) -> Contact | None:
        """See `engine.outside.ports.Contacts`."""
        if not caller.startswith("+") or not caller[1:].isdecimal():
            return None
        number, now = int(caller[1:]), asyncio.get_running_loop().time()
        if (known := self._known.get(number)) is not None and known[0] > now:
            self._known.move_to_end(number)
            return known[1]
        if now < self._silent_until:
            raise CallError("the table of contacts did not answer a moment ago")
        asking = self._asking.get(number) or self._ask(number)
        await asyncio.wait({asking}, timeout=self._timeout)
        if not asking.done():
            self._silent_until = asyncio.get_running_loop().time() + PAUSE
            raise CallError(f"the table of contacts: no answer within {self._timeout:g} s")
        try:
            return asking.result()
        except DatabaseError as error:
            self._silent_until = asyncio.get_running_loop().time() + PAUSE
            self._complain(str(error))
            raise CallError(f"the table of contacts: {error}") from None

    async def follow(self) -> None:
        """Until cancelled: keep the index of numbers as the table is."""
        seen: _Stamp | None = None
        again_at = 0.0
        while True:
            now = asyncio.get_running_loop().time()
            try:
                stamp = await self._database.read(_stamp)
                if stamp != seen or now >= again_at:
                    await self.learn()
                    seen, again_at = stamp, now + WHOLE
                self._complained = ""
            except DatabaseError as error:
                self._complain(str(error))
            await asyncio.sleep(LOOK)

    async def learn(self, rest: float = REST) -> None:
        """Read every number of the table, resting so many seconds between two pieces. Raises DatabaseError."""
        pairs: list[Pairs] = []
        last = 0
        while True:
            rows = await self._database.read(partial(_numbers, after=last)) or []
            if not rows:
                break
            pairs.append(await asyncio.to_thread(self._pairs, rows))
            last = rows[-1][0]
            await asyncio.sleep(rest)
        self._index = await asyncio.to_thread(NumberIndex, pairs)
        # Strangers may be strangers no more.
        self._known.clear()

    async def close(self) -> None:
        """Give up what is still asked."""
        await cancel(*self._asking.values())

    def _ask(self, number: int) -> asyncio.Task[Contact | None]:
        """One question for all calls from the number. It goes on when nobody waits any more: the next call knows."""
        task = asyncio.create_task(self._look_up(number), name="contact")
        self._asking[number] = task
        task.add_done_callback(lambda done: self._answered(number, done))
        return task

    def _answered(self, number: int, task: asyncio.Task[Contact | None]) -> None:
        del self._asking[number]
        if task.cancelled() or task.exception() is not None:
            return
        self._known[number] = asyncio.get_running_loop().time() + self._expires, task.result()
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    async def _look_up(self, number: int) -> Contact | None:
        # The newest, where not all can be looked at.
        forms, ids = self._spelling.spellings(number), self._index.find(number)[-SHARED:]

        async def work(connection: AsyncConnection) -> list[Contact]:
            where = or_(
                *(CONTACTS.c[name].in_(forms) for name in NUMBERS),
                *([CONTACTS.c.nUniqueId.in_(ids)] if ids else []),
            )
            query = select(*RAW.values()).where(where).order_by(RAW[DATE].desc()).limit(SHARED)
            return [contact_of(dict(row)) for row in (await connection.execute(query)).mappings()]

        found = [contact for contact in await self._database.read(work) or [] if self._has(contact, number)]
        # Who shares a number: the one that was changed last, as the others may be out of date.
        return max(found, key=_freshness, default=None)

    def _has(self, contact: Contact, number: int) -> bool:
        return any(self._spelling.number(contact[name]) == number for name in NUMBERS)

    def _pairs(self, rows: Sequence[Any]) -> Pairs:
        read = self._spelling.number
        return pairs_of(
            [(number, row[0]) for row in rows for text in row[1:] if (number := read(as_text(text))) is not None]
        )

    def _complain(self, why: str) -> None:
        """Once for each reason, as long as it lasts."""
        if why != self._complained:
            self._complained = why
            log.warning("the table of contacts cannot be read: %s", why)


async def _stamp(connection: AsyncConnection) -> _Stamp:
    """Changes when rows come, go, or are changed with their date."""
    query = select(func.count(), func.max(RAW[KEY]), func.max(RAW[DATE]))
    count, greatest, changed = (await connection.execute(query)).one()
    return count, greatest or 0, changed


async def _numbers(connection: AsyncConnection, after: int) -> Sequence[Any]:
    columns = [RAW[name] for name in (KEY, *NUMBERS)]
    query = select(*columns).where(CONTACTS.c.nUniqueId > after).order_by(CONTACTS.c.nUniqueId).limit(CHUNK)
    return (await connection.execute(query)).all()


def _freshness(contact: Contact) -> tuple[datetime, int]:
    return contact[DATE] or datetime.min, -contact[KEY]  # noqa: DTZ901 - as the table has it
