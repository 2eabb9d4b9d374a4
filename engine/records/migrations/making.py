"""Making tables in a migration."""

from __future__ import annotations

from sqlalchemy import Connection, MetaData, inspect


def make_missing(connection: Connection, tables: MetaData) -> None:
    """Make those of the tables and indices that are not there; an index of another name is as good. Keys that differ
    in case, accents or blanks at the end are different ones, as they are in SQLite."""
    dialect = connection.dialect
    if dialect.name == "mysql":
        collation = "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
        for table in tables.tables.values():
            table.dialect_options["mysql"].update(engine="InnoDB", charset="utf8mb4", collate=collation)
    tables.create_all(connection)
    inspector = inspect(connection)
    for table in tables.tables.values():
        there = {tuple(index["column_names"]) for index in inspector.get_indexes(table.name)}
        for index in table.indexes:
            if tuple(column.name for column in index.columns) not in there:
                index.create(connection)
