"""The table `Contacts`: its name and columns are a contract with the jobs of the company that fill it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, String, Table, type_coerce
from sqlalchemy.types import NullType

from engine.records.meta import META

NUMBERS = ("strPhoneNumber1", "strPhoneNumber2", "strGsmNumber1", "strGsmNumber2")
"""The columns of telephone numbers."""
KEY, DATE = "nUniqueId", "dLastDateUpdate"
TEXTS = ("strIdent", "strLastName", "strFirstName", "strCompany", *NUMBERS, "strWho")
"""The columns of texts."""
LENGTH = 100
"""Characters of a text, at most."""

CONTACTS = Table(
    "Contacts",
    META,
    # SQLite counts up integers alone.
    Column("nUniqueId", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("strIdent", String(LENGTH), unique=True),
    Column("strLastName", String(LENGTH)),
    Column("strFirstName", String(LENGTH)),
    Column("strCompany", String(LENGTH)),
    Column("strPhoneNumber1", String(LENGTH)),
    Column("strPhoneNumber2", String(LENGTH)),
    Column("strGsmNumber1", String(LENGTH)),
    Column("strGsmNumber2", String(LENGTH)),
    Column("strWho", String(LENGTH)),
    Column("dLastDateUpdate", DateTime),
    *(Index(f"Contacts_by_{name}", name) for name in NUMBERS),
    mysql_charset="utf8mb4",
)

RAW = {name: type_coerce(CONTACTS.c[name], NullType()).label(name) for name in (KEY, *TEXTS, DATE)}
"""Columns to be selected as the database has them: whoever fills the table may have changed their types, and SQLite
takes any text as a date. `contact_of` makes a contact of them."""

Contact = Mapping[str, Any]
"""Column → value."""


def contact_of(row: Mapping[str, Any]) -> Contact:
    """A row of `RAW`. A date that cannot be read is none."""
    texts = {name: as_text(row[name]) for name in TEXTS}
    return {KEY: row[KEY], **texts, DATE: _as_date(row[DATE])}


def as_text(value: Any) -> str | None:
    """What is in a column that was to be one of text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if value is None else str(value)


def _as_date(value: Any) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value.replace(tzinfo=None) if isinstance(value, datetime) else None
