"""The table `Contacts`: its name and columns are a contract with the jobs of the company that fill it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, String, Table

from engine.records.meta import META

NUMBERS = ("strPhoneNumber1", "strPhoneNumber2", "strGsmNumber1", "strGsmNumber2")
"""The columns of telephone numbers."""
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

Contact = Mapping[str, Any]
"""Column → value."""
