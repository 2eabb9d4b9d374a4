"""The tables of what has happened: one row a fact, written once, when it is over, and never changed.

Times are UTC without a zone, to the millisecond; lengths are seconds, measured on a clock that never jumps. A `slot`
is the quarter of an hour in which the row's time lies, counted from 1970 in UTC: every time zone of today begins its
hours and days at one, so that statistics of any zone are sums over slots. `server` is the one that wrote the row.

Rows are inserted with the id that they were given where the fact was known first: one that comes twice is there once.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Column, DateTime, Double, Index, Integer, String, Table, Text
from sqlalchemy.dialects import mysql

from engine.records.meta import META

ID = String(64)
NAME = String(255)
TIME = DateTime().with_variant(mysql.DATETIME(fsp=3), "mysql", "mariadb")
LONG = Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")

SLOT_SECONDS = 900


def slot_of(moment: datetime) -> int:
    """The quarter of an hour that an aware moment lies in."""
    return int(moment.timestamp()) // SLOT_SECONDS


def stored(moment: datetime) -> datetime:
    """An aware moment as columns of times have it."""
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=moment.microsecond // 1000 * 1000)


CALLS = Table(
    "calls",
    META,
    Column("id", ID, primary_key=True),
    Column("server", NAME, nullable=False),
    Column("direction", String(8), nullable=False, doc="in, or out: an agent has asked for it."),
    Column("did", NAME, nullable=False, doc="The number called."),
    Column("cli", NAME, nullable=False, doc="As presented; of a call out, the agent's phone."),
    Column("caller", NAME, nullable=False, doc="The calling number in E.164, or empty."),
    Column("channel", NAME, nullable=False),
    Column("scenario", NAME, nullable=False),
    Column("version", String(64), nullable=False),
    Column("started", TIME, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("answered", Double, doc="Seconds from the start; null: never."),
    Column("duration", Double, nullable=False),
    Column("keys", Text, nullable=False, doc="Masked ones are x."),
    Column("result", String(32), nullable=False, doc="See `engine.call.record.Result`, or interrupted."),
    Column("reason", Text),
    Column("agent", NAME, doc="Code of the agent with whom the caller was connected last."),
    Column("transferred_to", NAME),
    Column("warnings", LONG, nullable=False, doc="JSON: a list of texts."),
    Index("calls_by_time", "started"),
    Index("calls_by_slot", "slot", "direction"),
    Index("calls_by_agent", "agent", "slot"),
    mysql_charset="utf8mb4",
)

STEPS = Table(
    "steps",
    META,
    Column("call", ID, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("node", NAME, nullable=False),
    Column("type", String(64), nullable=False),
    Column("outcome", NAME),
    Column("at", Double, nullable=False, doc="Seconds from the start of the call."),
    mysql_charset="utf8mb4",
)
"""The path of a call."""

RECORDINGS = Table(
    "recordings",
    META,
    Column("call", ID, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(32), nullable=False),
    Column("file", Text, nullable=False),
    Column("duration", Double, nullable=False),
    Column("details", LONG, nullable=False, doc="JSON: what else is known of it."),
    mysql_charset="utf8mb4",
)

SEARCHES = Table(
    "searches",
    META,
    Column("id", ID, primary_key=True),
    Column("server", NAME, nullable=False),
    Column("call", ID, nullable=False),
    Column("node", NAME, nullable=False),
    Column("centre", NAME, nullable=False),
    Column("method", String(16), nullable=False, doc="broadcast or sequential."),
    Column("started", TIME, nullable=False, doc="When the caller began to wait."),
    Column("slot", Integer, nullable=False),
    Column("waited", Double, nullable=False, doc="Seconds until connected, or until the search ended."),
    Column(
        "outcome",
        String(32),
        nullable=False,
        doc="transferred (an agent answered), caller_hung_up (abandoned), timeout, nobody, full, key, interrupted.",
    ),
    Column("agent", NAME, doc="Who was connected."),
    Column("talk", Double, doc="Seconds that the two were connected; null when handed over to the line."),
    Index("searches_by_slot", "slot", "centre"),
    Index("searches_of_call", "call"),
    mysql_charset="utf8mb4",
)
"""Each time that a caller waited for an agent."""

OFFERS = Table(
    "offers",
    META,
    Column("id", ID, primary_key=True),
    Column("server", NAME, nullable=False),
    Column("call", ID, nullable=False),
    Column("search", ID, nullable=False, doc="Empty for a direct call to the agent."),
    Column("agent", NAME, nullable=False),
    Column("centre", NAME, nullable=False),
    Column("manner", String(16), nullable=False, doc="all (P), alone (?), phone (rang without a question), direct."),
    Column("offered", TIME, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("answer", Double, doc="Seconds until the agent accepted, rejected or picked up; null: they did not."),
    Column("ended", Double, nullable=False, doc="Seconds until the offer was over, or the two were connected."),
    Column(
        "outcome",
        String(32),
        nullable=False,
        doc="connected, rejected, unanswered, taken (by another), failed (accepted, and not reached), withdrawn (the "
        "call waits no longer), lost (the agent's connection), interrupted.",
    ),
    Column("talk", Double, doc="Seconds, when connected."),
    Index("offers_by_slot", "slot", "agent"),
    Index("offers_of_call", "call"),
    mysql_charset="utf8mb4",
)
"""Each time that a call was offered to an agent."""

AGENT_SESSIONS = Table(
    "agent_sessions",
    META,
    Column("id", ID, primary_key=True),
    Column("server", NAME, nullable=False),
    Column("agent", NAME, nullable=False),
    Column("extension", NAME, nullable=False),
    Column("opened", TIME, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("duration", Double, nullable=False),
    Column("ending", String(32), nullable=False, doc="logged_out, lost, elsewhere, dismissed, stopped, interrupted."),
    Index("agent_sessions_by_slot", "slot", "agent"),
    mysql_charset="utf8mb4",
)

AGENT_STATES = Table(
    "agent_states",
    META,
    Column("id", ID, primary_key=True),
    Column("server", NAME, nullable=False),
    Column("agent", NAME, nullable=False),
    Column("state", String(32), nullable=False, doc="See `AgentState`; logged_out is no row."),
    Column("reason", NAME, nullable=False, doc="Why unavailable; else empty."),
    Column("call", ID, nullable=False, doc="With which call: offered, connecting, on_call, wrap_up; else empty."),
    Column("centre", NAME, nullable=False, doc="Of that call, or empty."),
    Column("since", TIME, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("duration", Double, nullable=False),
    Index("agent_states_by_slot", "slot", "agent"),
    mysql_charset="utf8mb4",
)
"""What an agent did, one interval after the other: pauses with their reasons are those that are `unavailable`."""

KINDS = {
    "call": CALLS,
    "search": SEARCHES,
    "offer": OFFERS,
    "agent_session": AGENT_SESSIONS,
    "agent_state": AGENT_STATES,
}
"""Kind of an entry in the outbox → its table. The body of an entry has the names of the columns, without slot, with
times as ISO 8601 texts; that of a call is `CallRecord.as_dict` and `server`: path and recordings are in it. What has
ended at the same moment as something of its kind may be in its list `others`, instead of in an entry of its own."""
