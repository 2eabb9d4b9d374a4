"""Looks now and then whether the disk fills up, or what is to be delivered piles up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from engine.messages import _
from engine.outside.ports import Trouble
from engine.records.outbox import Outbox

log = logging.getLogger("flowctl.alert")

EVERY = 30.0
"""Seconds between two looks."""
EASED = 0.9
"""What is told as over must be well away from the limit: at the limit itself it would be told again and again."""


class Vigil:
    """`run` it. Trouble is announced when it begins, and when it is over."""

    def __init__(
        self, folder: Path, outbox: Outbox, announce: Callable[[Trouble], None], *, free: int, waiting: int
    ) -> None:
        """folder: whose disk; free: fewest bytes; waiting: most entries."""
        self._folder, self._outbox, self._announce = folder, outbox, announce
        self._free, self._waiting = free, waiting
        self._full = self._grown = False

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Look once."""
        with contextlib.suppress(OSError):
            free = (await asyncio.to_thread(shutil.disk_usage, self._folder)).free
            full = free < (self._free / EASED if self._full else self._free)
            if full != self._full:
                self._full = full
                text = _("{size} MB are free on the disk of {folder}.").format(
                    size=f"{free / 1e6:.0f}", folder=self._folder
                )
                subject = _("the disk is full soon") if full else _("there is space on the disk again")
                self._say("disk", subject, text, full)
        with contextlib.suppress(sqlite3.Error):
            counts = await self._outbox.count()
            count = sum(counts.values())
            grown = count > (self._waiting * EASED if self._grown else self._waiting)
            if grown != self._grown:
                self._grown = grown
                text = ", ".join(f"{kind}: {number}" for kind, number in sorted(counts.items()))
                many = _("{count} records, mails and alerts wait")
                subject = many.format(count=count) if grown else _("the outbox has emptied")
                self._say("outbox", subject, text, grown)

    def _say(self, about: str, subject: str, text: str, trouble: bool) -> None:
        log.log(logging.ERROR if trouble else logging.WARNING, "%s: %s", subject, text)
        self._announce(Trouble((), subject, text, about=about, over=not trouble))
