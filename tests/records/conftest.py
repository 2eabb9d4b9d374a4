from __future__ import annotations

from pathlib import Path

import pytest
from support.places import Place, place_of


@pytest.fixture(params=["sqlite", "mariadb"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where the server's own database is: each test that asks runs on both."""
    return place_of(request, tmp_path)
