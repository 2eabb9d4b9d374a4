"""A server that stops, or is killed, while its database does not answer: the next start brings its records there."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.mariadb import MariaDb
from support.served import Served, dial, served

SCENARIO = """
format: 1
name: desk
did: ["32"]
start: refuse
nodes:
  refuse: {type: reject, cause: busy}
"""


@asynccontextmanager
async def server_of(root: Path, mariadb: MariaDb, status: int = 0) -> AsyncIterator[Served]:
    settings = {"database": {"url": mariadb.url_of("stopped")}}
    async with served(root, {"desk.yaml": SCENARIO}, status=status, **settings) as server:
        yield server


def stored(mariadb: MariaDb) -> int:
    return int(mariadb.run_in("stopped", "SELECT COUNT(*) FROM calls").split()[-1])


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_its_records_are_there_after_the_next_start(
    tmp_path: Path, mariadb_server: MariaDb, how: signal.Signals
) -> None:
    mariadb_server.run_in("", "DROP DATABASE IF EXISTS stopped; CREATE DATABASE stopped")
    killed = -how if how == signal.SIGKILL else 0
    async with server_of(tmp_path, mariadb_server, killed) as server:
        assert (await dial(server.uri("32")))["status"] == "busy"
        with mariadb_server.frozen():
            calls = await asyncio.gather(*(dial(server.uri("32")) for _ in range(2)))
            assert [call["status"] for call in calls] == ["busy"] * 2
            began = time.monotonic()
            server.process.send_signal(how)
            await asyncio.wait_for(server.process.wait(), 20)
            assert time.monotonic() - began < 15
    async with server_of(tmp_path, mariadb_server):
        async with asyncio.timeout(10):
            while await asyncio.to_thread(stored, mariadb_server) < 3:
                await asyncio.sleep(0.1)
    assert stored(mariadb_server) == 3
