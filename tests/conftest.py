"""What holds for every test: nothing blocks the event loop, no task outlives its test."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import AsyncIterator, Iterator

import pytest
from blockbuster import BlockBuster
from support.mariadb import MariaDb, mariadb

# Commands speak the language of the environment; the tests are English.
os.environ["LC_ALL"] = "C.UTF-8"

# Where a blocking call is meant, with the reason.
ALLOWED = {
    # On a virtual clock, work for a thread is done on the spot.
    "engine/clock.py": {"run_in_executor"},
    # Lazy imports keep the command line fast; a module is read once in the life of a process.
    "<frozen importlib._bootstrap_external>": {"get_data", "path_stats", "_path_stat", "_fill_cache"},
    "importlib/metadata/__init__.py": {"read_text", "children", "mtime", "lookup"},
}


@pytest.fixture(autouse=True, scope="session")
def _nothing_blocks_the_loop() -> Iterator[None]:
    """A blocking call below engine or drivers, made in a thread that runs an event loop, raises BlockingError."""
    detector = BlockBuster(["engine", "drivers"])
    for function in detector.functions.values():
        for file, names in ALLOWED.items():
            function.can_block_in(file, names)
    detector.activate()
    yield
    detector.deactivate()


@pytest.fixture
async def _no_task_left() -> AsyncIterator[None]:
    yield
    # One turn of the loop for what ends by itself, such as a task whose cancellation was just asked for.
    await asyncio.sleep(0)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"{len(left)} tasks left behind, such as {left.pop()}"


@pytest.fixture(autouse=True)
def _no_leak(request: pytest.FixtureRequest) -> None:
    """An asynchronous test, its fixtures included, ends every task that it starts."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue(_no_task_left.__name__)


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDb]:
    """A private server, one for all tests that need one."""
    with mariadb() as server:
        yield server
