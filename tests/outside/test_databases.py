"""The port `Databases`: one contract for a SQLite file, a MariaDB server and the simulator's stand-in."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.mariadb import MariaDb

from drivers.virtual import VirtualDriver
from engine.call.record import CallRecord, Step
from engine.errors import CallError, ConfigurationError
from engine.outside.absent import NoDatabases
from engine.outside.databases import OVERFLOW, POOL, SqlDatabases
from engine.outside.ports import ByColumns, BySql, Databases
from engine.outside.values import MAX_DEPTH, bindable, incoming
from tools.flowctl.simulator.stage import Stage
from tools.flowctl.simulator.world import World

PARIS = ZoneInfo("Europe/Paris")
TABLE = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, phone VARCHAR(20), name VARCHAR(40), `order` VARCHAR(10));
INSERT INTO customers VALUES (1, '+33143670903', 'Anne', 'x'), (2, '+33143670903', 'Bob', 'y'),
                             (3, NULL, 'Chloé', 'z'), (4, 'phone', 'O''Neill', '%s');
"""
ANNE = {"id": 1, "phone": "+33143670903", "name": "Anne", "order": "x"}


def sqlite(folder: Path) -> SqlDatabases:
    with sqlite3.connect(folder / "my customers.db") as connection:
        connection.executescript(TABLE)
    connection.close()
    return SqlDatabases({"customers": "sqlite:///my customers.db"}, {}, folder)


@pytest.fixture(params=["sqlite", "mariadb"])
async def databases(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlDatabases]:
    """A source `customers` with the table."""
    if request.param == "sqlite":
        found = sqlite(tmp_path)
    else:
        server: MariaDb = request.getfixturevalue("mariadb_server")
        server.run(f"DROP TABLE IF EXISTS customers; {TABLE}")
        found = SqlDatabases({"customers": server.url}, {}, tmp_path)
    yield found
    await found.close()


def staged(answer: Any) -> Databases:
    record = CallRecord("1", "32", "", "", "", "test", "1", datetime(2027, 7, 13, tzinfo=PARIS))
    record.path.append(Step("customer", "lookup", 0.0))
    stage = Stage(World.from_document({"lookups": {"customer": answer}}), VirtualDriver())
    stage.follow(record)
    return stage.databases


BY_PHONE = ByColumns("customers", {"phone": "+33143670903"})
BY_NOBODY = ByColumns("customers", {"phone": "0"})


async def test_what_every_database_does(databases: SqlDatabases):
    for port, stranger in ((databases, databases), (staged(ANNE), staged("not_found"))):
        assert await port.row("customers", BY_PHONE, 3) == ANNE
        assert await stranger.row("customers", BY_NOBODY, 3) is None
    for port, source in ((databases, "orders"), (staged("error"), "customers"), (NoDatabases(), "customers")):
        with pytest.raises(CallError):
            await port.row(source, BY_PHONE, 3)


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        ({"phone": "+33143670903", "name": "Bob"}, "Bob"),
        ({"id": 3}, "Chloé"),
        ({"name": "O'Neill"}, "O'Neill"),
        ({"order": "%s"}, "O'Neill"),
        ({"name": "' OR 1=1 -- "}, None),
        ({"phone": None}, None),
        ({"phone": "phone"}, "O'Neill"),
    ],
)
async def test_a_row_by_its_columns(databases: SqlDatabases, columns: dict[str, Any], name: str | None):
    row = await databases.row("customers", ByColumns("customers", columns), 3)
    assert (row and row["name"]) == name


@pytest.mark.parametrize(
    ("query", "parameters", "row"),
    [
        ("SELECT name FROM customers WHERE id > :least ORDER BY id DESC", {"least": 1}, {"name": "O'Neill"}),
        ("SELECT name FROM customers WHERE name LIKE '%nn%' AND phone = :p", {"p": "+33143670903"}, {"name": "Anne"}),
        ("SELECT COUNT(*) AS n FROM customers", {}, {"n": 4}),
        ("SELECT name FROM customers WHERE name = :name", {"name": "x' OR '1'='1"}, None),
        ("SELECT :a AS a, :b AS b", {"a": "12:30", "b": 1.5}, {"a": "12:30", "b": 1.5}),
    ],
)
async def test_a_row_by_a_query(
    databases: SqlDatabases, query: str, parameters: dict[str, Any], row: dict[str, Any] | None
):
    found = await databases.row("customers", BySql(query, parameters), 3)
    assert (
        None if found is None else {k: float(v) if isinstance(v, Decimal) else v for k, v in found.items()}
    ) == row


@pytest.mark.parametrize(
    "query",
    [
        ByColumns("nowhere", {"id": 1}),
        ByColumns("customers", {"no_such_column": "no_such_column"}),
        ByColumns('customers"; DROP TABLE customers; --', {"id": 1}),
        ByColumns("customers", {"id` = 1 OR 1=1 -- ": 1}),
        BySql("SELEKT 1"),
        BySql("SELECT :missing"),
        BySql("DELETE FROM customers"),
        BySql("INSERT INTO customers (id) VALUES (9)"),
        BySql("SELECT 1; DROP TABLE customers"),
        BySql(""),
    ],
)
async def test_what_cannot_be_is_an_error_and_changes_nothing(databases: SqlDatabases, query: ByColumns | BySql):
    with pytest.raises(CallError) as failed:
        await databases.row("customers", query, 3)
    assert "\n" not in str(failed.value)
    assert await databases.row("customers", BySql("SELECT COUNT(*) AS n FROM customers"), 3) == {"n": 4}


async def test_what_callers_typed_is_in_no_error(databases: SqlDatabases):
    with pytest.raises(CallError) as failed:
        await databases.row("customers", BySql("SELECT nothing FROM customers WHERE name = :pin", {"pin": "4711"}), 3)
    assert "4711" not in str(failed.value)
    assert failed.value.__cause__ is None


ENDLESS = {
    "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT COUNT(*) FROM n",
    "mariadb": "SELECT SLEEP(20)",
}


async def test_a_query_without_end_costs_its_time_out_and_no_connection(
    databases: SqlDatabases, request: pytest.FixtureRequest
):
    endless = BySql(ENDLESS[request.node.callspec.params["databases"]])
    for _ in range(2):
        began = time.monotonic()
        questions = [databases.row("customers", endless, 0.3) for _ in range(POOL + OVERFLOW)]
        answers = await asyncio.gather(*questions, return_exceptions=True)
        assert time.monotonic() - began < 2
        assert {str(answer) for answer in answers} == {"database customers: no answer within 0.3 s"}
    assert await databases.row("customers", BY_PHONE, 5) == ANNE


async def test_a_caller_who_hangs_up_leaves_no_question_behind(
    databases: SqlDatabases, request: pytest.FixtureRequest
):
    endless = BySql(ENDLESS[request.node.callspec.params["databases"]])
    asking = asyncio.create_task(databases.row("customers", endless, 60))
    await asyncio.sleep(0.3)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await databases.row("customers", BY_PHONE, 3) == ANNE


async def test_of_a_million_rows_one_is_read(databases: SqlDatabases):
    many = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 900) SELECT a.x FROM n a, n b"
    began = time.monotonic()
    assert await databases.row("customers", BySql(many), 3) == {"x": 1}
    assert time.monotonic() - began < 1


async def test_a_frozen_server_costs_a_call_its_time_out_and_is_used_again_afterwards(
    mariadb_server: MariaDb, tmp_path: Path
):
    databases = SqlDatabases({"customers": mariadb_server.url}, {}, tmp_path)
    one = BySql("SELECT 1 AS one")
    assert await databases.row("customers", one, 3) == {"one": 1}
    with mariadb_server.frozen():
        for _ in range(3):
            began = time.monotonic()
            with pytest.raises(CallError, match=r"no answer within 0\.2 s"):
                await databases.row("customers", one, 0.2)
            assert time.monotonic() - began < 0.5
    assert await databases.row("customers", one, 5) == {"one": 1}
    await databases.close()


async def test_the_types_of_mariadb_as_expressions_see_them(mariadb_server: MariaDb, tmp_path: Path):
    databases = SqlDatabases({"x": mariadb_server.url}, {}, tmp_path)
    row = await databases.row(
        "x",
        BySql(
            "SELECT CAST(12.50 AS DECIMAL(6,2)) price, DATE '2027-07-14' day, TIMESTAMP '2027-07-14 10:00:00' moment,"
            " CAST('-01:30:00' AS TIME) span, NULL nothing, 'é' word, CAST(18446744073709551615 AS UNSIGNED) huge, "
            "CAST(7 AS SIGNED) seven, CAST(UNHEX('00ff') AS BINARY(2)) octets, 1.5e0 ratio"
        ),
        3,
    )
    assert row is not None
    assert incoming(row, PARIS) == {
        "price": 12.5, "day": "2027-07-14", "moment": "2027-07-14T10:00:00+02:00", "span": "-01:30:00",
        "nothing": None, "word": "é", "huge": 2.0**64, "seven": 7, "octets": b"\x00\xff", "ratio": 1.5,
    }  # fmt: skip
    await databases.close()


def test_values_on_their_way_in_and_out():
    moment = datetime(2027, 7, 14, 8, tzinfo=ZoneInfo("UTC"))
    assert bindable(moment, PARIS) == datetime(2027, 7, 14, 10)  # noqa: DTZ001 - as a database has it
    assert incoming({1: [date(2027, 1, 1)], "s": {"b", "a"}, "m": memoryview(b"x")}, PARIS) == {
        "1": ["2027-01-01"],
        "s": ["a", "b"],
        "m": b"x",
    }
    assert incoming(timedelta(hours=30), PARIS) == "30:00:00"
    assert incoming("a\ud800", PARIS) == "a?"
    deep: Any = 1
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]
    with pytest.raises(CallError, match="deep"):
        incoming(deep, PARIS)
    with pytest.raises(CallError):
        bindable([1], PARIS)


async def test_a_file_that_is_missing_is_not_made(tmp_path: Path):
    databases = SqlDatabases({"customers": "sqlite:///customer.db"}, {}, tmp_path)
    with pytest.raises(CallError, match="unable to open"):
        await databases.row("customers", BY_PHONE, 3)
    await databases.close()
    assert not any(tmp_path.iterdir())  # noqa: ASYNC240 - an empty folder


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "postgresql://db/x", "customers.db", ""])
def test_a_url_that_cannot_be_is_named(url: str, tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"databases\.customers\.url"):
        SqlDatabases({"customers": url}, {}, tmp_path)


async def test_a_server_that_is_not_there(tmp_path: Path):
    databases = SqlDatabases(
        {"x": f"mysql://root@localhost/test?unix_socket={tmp_path / 'none'}"}, {"x": "s3cret"}, tmp_path
    )
    with pytest.raises(CallError) as failed:
        await databases.row("x", BySql("SELECT 1"), 3)
    assert "s3cret" not in str(failed.value)
    await databases.close()
