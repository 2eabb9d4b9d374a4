"""The versions of the database's tables, and how one becomes the next: by Alembic, one file a version below
`versions`.

A version once released is not changed any more; a change of the tables is a new file, named at the end of
`REVISIONS`. MariaDB commits each change of a table at once, so a version may find its own work half done, by one who
was killed: it must go on from there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, inspect, text

REVISIONS = ("0001",)
"""All that this program knows, the oldest first: looked at without Alembic, whose import takes a while."""

TABLE = "alembic_version"

State = Literal["none", "behind", "current", "newer"]
"""none: there are no tables of ours. newer: a later program has changed them."""


def state_of(connection: Connection) -> State:
    """How the tables of a database stand to this program."""
    inspector = inspect(connection)
    if inspector.has_table(TABLE):
        version = connection.execute(text(f"SELECT version_num FROM {TABLE}")).scalar()  # noqa: S608
        if version == REVISIONS[-1]:
            return "current"
        if version is not None:
            return "behind" if version in REVISIONS else "newer"
    # The first programs made their tables without a version.
    return "behind" if inspector.has_table("parts") or inspector.has_table("tokens") else "none"


def upgrade(connection: Connection) -> None:
    """Bring the tables up to date, unless they are. Whoever calls has begun a transaction, keeps others from doing
    the same, and commits. Blocking."""
    if state_of(connection) not in ("none", "behind"):
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
