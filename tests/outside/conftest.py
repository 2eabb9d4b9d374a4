"""A MariaDB server for all tests of this folder that want one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.mariadb import MariaDb, mariadb


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDb]:
    with mariadb() as server:
        yield server
