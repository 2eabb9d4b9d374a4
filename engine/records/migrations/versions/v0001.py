"""Agents, centres and tokens, as they were without a version; records of what has happened; contacts."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    inspect,
)
from sqlalchemy.dialects import mysql

from engine.records.migrations.making import make_missing

revision = "0001"
down_revision = None

TIME = DateTime().with_variant(mysql.DATETIME(fsp=3), "mysql")
LONG = Text().with_variant(mysql.MEDIUMTEXT(), "mysql")
ID, NAME, WORD = String(64), String(255), String(32)


def upgrade() -> None:
    tables = MetaData()
    _people(tables)
    _calls(tables)
    _waiting(tables)
    _agents(tables)
    connection = op.get_bind()
    if not inspect(connection).has_table("Contacts"):
        # A company that has this table already has made it for its own jobs: it stays as it is.
        _contacts(tables)
    make_missing(connection, tables)


def _people(tables: MetaData) -> None:
    Table(
        "parts",
        tables,
        Column("name", WORD, primary_key=True),
        Column("form", Integer, nullable=False),
        Column("born", WORD, nullable=False),
        Column("revision", Integer, nullable=False),
    )
    Table(
        "agents",
        tables,
        Column("code", ID, primary_key=True),
        Column("first_name", Text, nullable=False),
        Column("last_name", Text, nullable=False),
        Column("password_hash", Text),
        Column("login", String(16)),
        Column("phone", Text),
        Column("active", Boolean, nullable=False),
        Column("substitute_agent", ID),
        Column("substitute_centre", String(100)),
    )
    Table(
        "centres",
        tables,
        Column("name", String(100), primary_key=True),
        Column("answer_delay", Double, nullable=False),
        Column("search_order", String(16), nullable=False),
        Column("wrap_up", Double, nullable=False),
        Column("ring", Text),
        Column("screen_pop", Text),
    )
    Table(
        "memberships",
        tables,
        Column("centre", String(100), ForeignKey("centres.name"), primary_key=True),
        Column("position", Integer, primary_key=True, autoincrement=False),
        Column("agent", ID, ForeignKey("agents.code"), nullable=False),
    )
    Table(
        "tokens",
        tables,
        Column("hash", ID, primary_key=True),
        Column("role", String(16), nullable=False),
        Column("name", String(200), nullable=False),
        Column("created", WORD, nullable=False),
        UniqueConstraint("role", "name"),
    )


def _calls(tables: MetaData) -> None:
    Table(
        "calls",
        tables,
        Column("id", ID, primary_key=True),
        Column("server", NAME, nullable=False),
        Column("direction", String(8), nullable=False),
        Column("did", NAME, nullable=False),
        Column("cli", NAME, nullable=False),
        Column("caller", NAME, nullable=False),
        Column("channel", NAME, nullable=False),
        Column("scenario", NAME, nullable=False),
        Column("version", ID, nullable=False),
        Column("started", TIME, nullable=False),
        Column("slot", Integer, nullable=False),
        Column("answered", Double),
        Column("duration", Double, nullable=False),
        Column("keys", Text, nullable=False),
        Column("result", WORD, nullable=False),
        Column("reason", Text),
        Column("agent", NAME),
        Column("transferred_to", NAME),
        Column("warnings", LONG, nullable=False),
        Index("calls_by_agent", "agent", "slot"),
        Index("calls_by_slot", "slot", "direction"),
        Index("calls_by_time", "started"),
    )
    Table(
        "steps",
        tables,
        Column("call", ID, primary_key=True),
        Column("position", Integer, primary_key=True, autoincrement=False),
        Column("node", NAME, nullable=False),
        Column("type", ID, nullable=False),
        Column("outcome", NAME),
        Column("at", Double, nullable=False),
    )
    Table(
        "recordings",
        tables,
        Column("call", ID, primary_key=True),
        Column("position", Integer, primary_key=True, autoincrement=False),
        Column("kind", WORD, nullable=False),
        Column("file", Text, nullable=False),
        Column("duration", Double, nullable=False),
        Column("details", LONG, nullable=False),
    )


def _waiting(tables: MetaData) -> None:
    Table(
        "searches",
        tables,
        Column("id", ID, primary_key=True),
        Column("server", NAME, nullable=False),
        Column("call", ID, nullable=False),
        Column("node", NAME, nullable=False),
        Column("centre", NAME, nullable=False),
        Column("method", String(16), nullable=False),
        Column("started", TIME, nullable=False),
        Column("slot", Integer, nullable=False),
        Column("waited", Double, nullable=False),
        Column("outcome", WORD, nullable=False),
        Column("agent", NAME),
        Column("talk", Double),
        Index("searches_by_slot", "slot", "centre"),
        Index("searches_of_call", "call"),
    )
    Table(
        "offers",
        tables,
        Column("id", ID, primary_key=True),
        Column("server", NAME, nullable=False),
        Column("call", ID, nullable=False),
        Column("search", ID, nullable=False),
        Column("agent", NAME, nullable=False),
        Column("centre", NAME, nullable=False),
        Column("manner", String(16), nullable=False),
        Column("offered", TIME, nullable=False),
        Column("slot", Integer, nullable=False),
        Column("answer", Double),
        Column("ended", Double, nullable=False),
        Column("outcome", WORD, nullable=False),
        Column("talk", Double),
        Index("offers_by_slot", "slot", "agent"),
        Index("offers_of_call", "call"),
    )


def _agents(tables: MetaData) -> None:
    Table(
        "agent_sessions",
        tables,
        Column("id", ID, primary_key=True),
        Column("server", NAME, nullable=False),
        Column("agent", NAME, nullable=False),
        Column("extension", NAME, nullable=False),
        Column("opened", TIME, nullable=False),
        Column("slot", Integer, nullable=False),
        Column("duration", Double, nullable=False),
        Column("ending", WORD, nullable=False),
        Index("agent_sessions_by_slot", "slot", "agent"),
    )
    Table(
        "agent_states",
        tables,
        Column("id", ID, primary_key=True),
        Column("server", NAME, nullable=False),
        Column("agent", NAME, nullable=False),
        Column("state", WORD, nullable=False),
        Column("reason", NAME, nullable=False),
        Column("call", ID, nullable=False),
        Column("centre", NAME, nullable=False),
        Column("since", TIME, nullable=False),
        Column("slot", Integer, nullable=False),
        Column("duration", Double, nullable=False),
        Index("agent_states_by_slot", "slot", "agent"),
    )


def _contacts(tables: MetaData) -> None:
    numbers = ("strPhoneNumber1", "strPhoneNumber2", "strGsmNumber1", "strGsmNumber2")
    names = ("strLastName", "strFirstName", "strCompany")
    Table(
        "Contacts",
        tables,
        Column("nUniqueId", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
        Column("strIdent", String(100), unique=True),
        *(Column(name, String(100)) for name in (*names, *numbers, "strWho")),
        Column("dLastDateUpdate", DateTime),
        *(Index(f"Contacts_by_{name}", name) for name in numbers),
    )
