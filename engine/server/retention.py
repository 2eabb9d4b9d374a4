"""How long things are kept, and who sees to it each night."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from engine.clock import Clock
from engine.errors import DatabaseError
from engine.records.retention import Tally, begin_of, purge_logs, purge_mails, purge_recordings
from engine.server.section import Section

if TYPE_CHECKING:
    from engine.records.database import Database
    from engine.server.settings import Settings

log = logging.getLogger("flowctl.retention")

HOUR = time(3, 30)
"""Of the night, by the clocks of the server's zone: few call, and the clocks have changed by then where they do."""
LOOK_SECONDS = 60.0
"""Between two looks at the clock, which may be set."""
NIGHT = timedelta(hours=6)
"""A clock that is further away than at the last look was set: nothing is deleted for that before the next night."""

Days = Annotated[int, Field(ge=0, le=36_500)]


class RetentionSettings(Section):
    """How many days things are kept; 0: for ever."""

    logs: Days = Field(default=365, description="Days that daily logs are kept; 0: for ever.")
    recordings: Days = Field(
        default=180, description="Days that recordings of calls and conversations are kept; 0: for ever."
    )
    messages: Days = Field(
        default=180,
        description="Days that callers' messages are kept, heard or not, and mails that were given up; 0: for ever.",
    )
    records: Days = Field(
        default=365,
        description="Days that the records of calls, of offers to agents and of what agents did are kept, which is "
        "how far back statistics go; 0: for ever.",
    )


async def purge(settings: Settings, database: Database, now: datetime, *, delete: bool) -> list[Tally]:
    """All that is older than the settings say, deleted or only told. Raises DatabaseError, after the files."""
    return [
        *await asyncio.to_thread(_purge_files, settings, now, delete=delete),
        *await _purge_rows(settings, database, now, delete=delete),
    ]


def _purge_files(settings: Settings, now: datetime, *, delete: bool) -> list[Tally]:
    kept, zone = settings.retention, settings.zone
    today = now.astimezone(zone).date()
    tallies = []
    if kept.logs:
        folder = settings.data / settings.logs.folder
        tallies.append(purge_logs(folder, today - timedelta(days=kept.logs), zone, delete=delete))
    for messages, days in ((False, kept.recordings), (True, kept.messages)):
        if days:
            before = begin_of(today, days, zone)
            tallies.append(purge_recordings(settings.data, before, messages=messages, delete=delete))
    if kept.messages:
        tallies.append(purge_mails(settings.data, begin_of(today, kept.messages, zone), delete=delete))
    return tallies


async def _purge_rows(settings: Settings, database: Database, now: datetime, *, delete: bool) -> list[Tally]:
    if not settings.retention.records:
        return []
    from engine.records.old_rows import purge_rows

    before = begin_of(now.astimezone(settings.zone).date(), settings.retention.records, settings.zone)
    return await purge_rows(database, before, delete_them=delete)


async def each_night(clock: Clock, zone: ZoneInfo, work: Callable[[datetime], Awaitable[None]]) -> None:
    """Do `work` once each night, until cancelled. It is told what time it is."""
    last = clock.now()
    done = last.astimezone(zone).date()
    if last < datetime.combine(done, HOUR, zone):
        done -= timedelta(days=1)
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        now = clock.now()
        today = now.astimezone(zone).date()
        if abs(now - last) > NIGHT:
            done = today
        elif today > done and now >= datetime.combine(today, HOUR, zone):
            done = today
            await work(now)
        last = now


async def purge_nightly(settings: Settings, database: Database, clock: Clock) -> None:
    """Delete each night what is older than the settings say, until cancelled. A night that fails is told, and the
    next one is tried."""

    async def work(now: datetime) -> None:
        try:
            tallies = await purge(settings, database, now, delete=True)
        except DatabaseError as error:
            log.error("old records could not be deleted, the next night tries again: %s", error)
            return
        for tally in tallies:
            if tally.number:
                log.info("retention: %s deleted: %d", tally.kind.replace("_", " "), tally.number)
            if tally.failed:
                log.error(
                    "retention: %s not deleted: %d, such as %s",
                    tally.kind, len(tally.failed), tally.failed[0],
                )  # fmt: skip

    await each_night(clock, await asyncio.to_thread(lambda: settings.zone), work)
