"""Agents and centres in the server's database."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.centres.directory import Directory
from engine.errors import DatabaseError
from engine.records.database import Database
from engine.records.people_rows import (
    AGENTS,
    CENTRES,
    MEMBERSHIPS,
    PARTS,
    SCHEMA,
    Rows,
    agent_row,
    centre_row,
    directory_of,
    membership_rows,
)
from engine.records.tokens import forget_agents

PART = "people"


@dataclass(frozen=True, slots=True)
class Revision:
    """Two that are equal are of the same directory. `number` is 0 before anything was stored."""

    number: int = 0
    born: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """The directory as it was found; of passwords it has the hashes alone."""

    revision: Revision = Revision()
    directory: Directory = field(default_factory=Directory)


class Outdated(DatabaseError):
    """Somebody else has changed the directory meanwhile: look at it again."""


class People:
    """The directory in the database. What fails raises DatabaseError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def revision(self) -> Revision:
        """Which one is stored now; cheap."""
        return await self._database.read(self._revision) or Revision()

    async def load(self) -> Stored:
        """What is stored."""
        found = await self._database.read(self._rows)
        if found is None:
            return Stored()
        revision, rows = found
        try:
            return Stored(revision, await asyncio.to_thread(directory_of, *rows))
        except (ValueError, KeyError) as error:
            said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise DatabaseError(f"{self._database.name}: the directory in it cannot be: {said}") from None

    async def store(self, before: Stored, after: Directory) -> Revision:
        """Put `after` in the place of `before`, wholly or not at all. Raises Outdated when `before` is not what is
        stored any more, ValueError for a password in clear."""
        if any(agent.password is not None for agent in after.agents):
            raise ValueError("a password in clear is never stored")

        async def work(connection: AsyncConnection) -> Revision:
            now = None
            if await self._revision(connection) == before.revision:
                now = await _count_up(connection, before.revision)
            if now is None:
                raise Outdated(f"{self._database.name}: another command has changed the directory; try again")
            await _replace(connection, before.directory, after)
            return now

        return await self._database.write(work)

    async def set_password(self, code: str, password_hash: str | None) -> None:
        """Give the agent another password, or none. Raises DatabaseError, as Outdated when the agent is no more."""
        before = await self.load()
        if code not in {agent.code for agent in before.directory.agents}:
            raise Outdated(f"there is no agent {code!r} any more")
        agents = [
            agent.model_copy(update={"password_hash": password_hash}) if agent.code == code else agent
            for agent in before.directory.agents
        ]
        await self.store(before, before.directory.model_copy(update={"agents": agents}))

    async def _revision(self, connection: AsyncConnection) -> Revision:
        found = (await connection.execute(select(PARTS).where(PARTS.c.name == PART))).mappings().first()
        if found is None:
            return Revision()
        if found["form"] != SCHEMA:
            raise DatabaseError(
                f"{self._database.name}: the directory in it has form {found['form']}, and this version knows "
                f"{SCHEMA}: update flowctl"
            )
        return Revision(found["revision"], found["born"])

    async def _rows(self, connection: AsyncConnection) -> tuple[Revision, tuple[Rows, Rows, Rows]]:
        revision = await self._revision(connection)
        if not revision.number:
            return revision, ([], [], [])

        async def rows(table: Table, *order: str) -> Rows:
            return (await connection.execute(select(table).order_by(*order))).mappings().all()

        return revision, (
            await rows(AGENTS, "code"),
            await rows(CENTRES, "name"),
            await rows(MEMBERSHIPS, "centre", "position"),
        )


async def _count_up(connection: AsyncConnection, before: Revision) -> Revision | None:
    """The next revision; None when somebody was faster. The row is ours from then on, until the transaction ends."""
    if before.number:
        mine = (PARTS.c.name == PART) & (PARTS.c.revision == before.number)
        done = await connection.execute(update(PARTS).where(mine).values(revision=before.number + 1))
        return Revision(before.number + 1, before.born) if done.rowcount else None
    first = Revision(1, secrets.token_hex(8))
    row = {"name": PART, "form": SCHEMA, "born": first.born, "revision": first.number}
    try:
        await connection.execute(insert(PARTS).values(row))
    except IntegrityError:
        return None
    return first


async def _replace(connection: AsyncConnection, before: Directory, after: Directory) -> None:
    """Change the rows that differ, and no others."""
    agents = {agent.code: agent for agent in before.agents}
    centres = {centre.name: centre for centre in before.centres}
    agents_left = {agent.code for agent in after.agents}
    centres_left = {centre.name for centre in after.centres}
    new_agents = [agent for agent in after.agents if agent != agents.get(agent.code)]
    new_centres = [centre for centre in after.centres if centre != centres.get(centre.name)]
    touched = (centres.keys() - centres_left) | {centre.name for centre in new_centres}
    await _delete(connection, MEMBERSHIPS, "centre", touched)
    await _delete(connection, CENTRES, "name", centres.keys() - centres_left)
    await _delete(connection, AGENTS, "code", agents.keys() - agents_left)
    await forget_agents(connection, agents.keys() - agents_left)
    await _save(connection, AGENTS, "code", agents, map(agent_row, new_agents))
    await _save(connection, CENTRES, "name", centres, map(centre_row, new_centres))
    await _insert(connection, MEMBERSHIPS, [row for centre in new_centres for row in membership_rows(centre)])


async def _delete(connection: AsyncConnection, table: Table, key: str, values: Collection[str]) -> None:
    if values:
        query = delete(table).where(table.c[key] == bindparam("value"))
        await connection.execute(query, [{"value": value} for value in values])


async def _save(
    connection: AsyncConnection, table: Table, key: str, known: Collection[str], rows: Iterable[dict[str, Any]]
) -> None:
    rows = list(rows)
    await _insert(connection, table, [row for row in rows if row[key] not in known])
    if changed := [row for row in rows if row[key] in known]:
        query = update(table).where(table.c[key] == bindparam("value"))
        await connection.execute(query, [{**row, "value": row[key]} for row in changed])


async def _insert(connection: AsyncConnection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        await connection.execute(insert(table), rows)
