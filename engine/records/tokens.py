"""Tokens by which agents and applications prove who they are to the web server. Of a token the hash alone is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.records.database import Database
from engine.records.meta import META

TOKENS = Table(
    "tokens",
    META,
    Column("hash", String(64), primary_key=True, doc="SHA-256 of the token, which is random and long, in hex."),
    Column("role", String(16), nullable=False),
    Column("name", String(200), nullable=False),
    Column("created", String(32), nullable=False, doc="ISO 8601, UTC."),
    UniqueConstraint("role", "name"),
)

Role = Literal["agent", "application"]

BYTES = 24
"""Of chance in a token: 192 bits."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose a token is. `name`: the code of an agent, or the name that an application was given."""

    role: Role
    name: str


class Tokens:
    """What fails raises DatabaseError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def issue(self, holder: Holder, now: datetime) -> str:
        """A new token, in the place of the one that the holder had."""
        token = secrets.token_urlsafe(BYTES)
        row = {"hash": _hashed(token), "role": holder.role, "name": holder.name, "created": now.isoformat()}

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(TOKENS).where(_of(holder)))
            await connection.execute(insert(TOKENS).values(row))

        await self._database.write(work)
        return token

    async def revoke(self, holder: Holder) -> bool:
        """Their token is good no longer. False when they had none."""

        async def work(connection: AsyncConnection) -> bool:
            return bool((await connection.execute(delete(TOKENS).where(_of(holder)))).rowcount)

        return await self._database.write(work)

    async def holder(self, token: str) -> Holder | None:
        """Whose token it is; None for nobody's."""
        digest = _hashed(token)

        async def work(connection: AsyncConnection) -> Holder | None:
            row = (await connection.execute(select(TOKENS).where(TOKENS.c.hash == digest))).mappings().first()
            return None if row is None else Holder(row["role"], row["name"])

        return await self._database.read(work)


async def forget_agents(connection: AsyncConnection, codes: Collection[str]) -> None:
    """Agents who are no more have no tokens either: their codes may be given to others."""
    if codes:
        theirs = (TOKENS.c.role == "agent") & (TOKENS.c.name == bindparam("code"))
        await connection.execute(delete(TOKENS).where(theirs), [{"code": code} for code in codes])


def _of(holder: Holder) -> ColumnElement[bool]:
    return (TOKENS.c.role == holder.role) & (TOKENS.c.name == holder.name)


def _hashed(token: str) -> str:
    # Too random to be guessed, so nothing slow is needed; and what is looked up is a hash, so how long the look-up
    # takes tells nothing of the token.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
