"""The agents and centres of a running server: those of the database, as it is now."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from engine.centres.centres import Centres
from engine.centres.difference import Change, differences, put_in_place
from engine.centres.directory import Directory
from engine.errors import ConfigurationError, DatabaseError
from engine.records.applying import carry_out, plan
from engine.records.database import Away, Database
from engine.records.people import Outdated, People, Stored
from engine.records.switches import stamp_of
from engine.server.last_people import FILE as LAST
from engine.server.last_people import LastPeople
from engine.server.passwords import OTHERS
from engine.server.settings import Settings
from engine.server.store import database_of
from engine.tasks import cancel

log = logging.getLogger("flowctl.server")

EVERY = 0.5
"""Seconds between two looks at the database, and at the directory file."""

PASSWORD_SECONDS = 0.03
"""What hashing or comparing one takes."""

MOST_PASSWORDS = 100
"""Of a file with more of them in clear, the passwords are not compared: the machine has calls to answer."""


class KeptPeople:
    """Made before the server starts, closed after it has stopped."""

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigurationError. Blocking, when the database has a password."""
        self._file = settings.directory
        self._database = database_of(settings)
        self._last = None if settings.database.url is None else LastPeople(settings.data / LAST)
        self._people = People(self._database)
        self._stored = Stored()
        self._complaint = ""
        self._begun = True
        """False while the database was away since the start: its tables may be those of an earlier version."""
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> Directory:
        """The directory to begin with. Where nothing is stored yet, that of the file is stored first; where the
        database is on another machine and does not answer, it is the one that was known last.
        Raises ConfigurationError, DatabaseError."""
        try:
            await self._begin()
            await self._keep()
        except Away as error:
            last = None if self._last is None else await self._last.find()
            if last is None:
                raise
            log.error("agents and centres are those that were known last: %s", error)
            self._stored, self._complaint, self._begun = last, str(error), False
        finally:
            # A server that does not come to `follow`, because something is wrong, leaves nothing open.
            await self._database.close()
        return self._stored.directory

    async def _begin(self) -> None:
        await self._database.upgrade(make=False)
        self._stored = await self._people.load()
        if not self._stored.revision.number and self._file is not None:
            given = await asyncio.to_thread(_read, self._file)
            if count := _passwords(given):
                log.info("hashing %d passwords, %.0f s", count, count * PASSWORD_SECONDS)
            try:
                await carry_out(self._people, await plan(self._people, given))
                log.info("the agents and centres of %s are in %s from now on", self._file, self._database.name)
            except Outdated:
                log.info("another command has put agents and centres into %s", self._database.name)
            self._stored = await self._people.load()
        await self._database.upgrade()

    async def _keep(self) -> None:
        if self._last is not None:
            await self._last.keep(self._stored)

    @property
    def database(self) -> Database:
        """The one that has everything; `close` closes it."""
        return self._database

    @property
    def directory(self) -> Directory | None:
        """What is in force now; None when nothing is stored."""
        return self._stored.directory if self._stored.revision.number else None

    @property
    def away(self) -> bool:
        """True while the database cannot be read; what is in force stays so."""
        return bool(self._complaint)

    def follow(self, centres: Centres) -> None:
        """From now on, what changes in the database holds for the next offer; what changes in the file is told."""
        for work in (self._follow_database(centres), self._follow_file()):
            task = asyncio.create_task(work)
            task.add_done_callback(_report)
            self._tasks.append(task)

    async def close(self) -> None:
        """Look no more, and close the database."""
        await cancel(*self._tasks)
        await self._database.close()

    async def _follow_database(self, centres: Centres) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                changed = await self._look()
            except DatabaseError as error:
                self._complain(str(error))
                continue
            self._complain("")
            if changed:
                directory = self._stored.directory
                centres.apply(directory)
                log.info(
                    "agents and centres: revision %d, %d agents, %d centres",
                    self._stored.revision.number, len(directory.agents), len(directory.centres),
                )  # fmt: skip

    async def _look(self) -> bool:
        """True when there is another directory than before."""
        if not self._begun:
            await self._database.upgrade()
            self._begun = True
        revision = await self._people.revision()
        if revision == self._stored.revision:
            return False
        if not revision.number:
            raise DatabaseError(f"{self._database.name} is gone")
        self._stored = await self._people.load()
        await self._keep()
        return True

    def _complain(self, complaint: str) -> None:
        if complaint and complaint != self._complaint:
            log.error("agents and centres stay as they were: %s", complaint)
        elif self._complaint and not complaint:
            log.info("agents and centres: the database can be read again")
        self._complaint = complaint

    async def _follow_file(self) -> None:
        """Tell, once for each version of the file, that it is not what is in force."""
        stamp = None
        while self._file is not None:
            if (seen := await asyncio.to_thread(stamp_of, self._file)) != stamp:
                stamp = seen
                try:
                    await self._compare(self._file)
                except ConfigurationError as error:
                    log.warning("the database has the agents and centres, and their file cannot be used: %s", error)
            await asyncio.sleep(EVERY)

    async def _compare(self, file: Path) -> None:
        in_force = self._stored.directory
        if changes := await asyncio.to_thread(_changes, in_force, file):
            log.warning(
                "%s is not what is in force: %d agents and centres in the database are different. "
                "`flowctl apply %s` puts the file in their place",
                file, len(changes), file,
            )  # fmt: skip


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("agents and centres are no longer watched: restart to load changes", exc_info=error)


def _read(file: Path) -> Directory:
    """Raises ConfigurationError. Blocking."""
    directory = Directory.load(file)
    if _passwords(directory) and file.stat().st_mode & OTHERS:
        log.warning("others may read the passwords in %s: chmod 600 it, or take them out: they are stored", file)
    return directory


def _changes(in_force: Directory, file: Path) -> list[Change]:
    """Raises ConfigurationError. Blocking."""
    given = Directory.load(file)
    if _passwords(given) > MOST_PASSWORDS:
        agents = [agent.model_copy(update={"password": None}) for agent in given.agents]
        given = given.model_copy(update={"agents": agents})
    return differences(in_force, put_in_place(in_force, given))


def _passwords(directory: Directory) -> int:
    return sum(agent.password is not None for agent in directory.agents)
