"""Real worker processes, and far ends on real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from support.mediaend import MediaEnd

from drivers.sip.media.kernel import WITHOUT
from drivers.sip.media.pool import MediaPool


@pytest.fixture
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What workers run on: as compiled, where that was possible, or (parameter "by hand") as written in Python."""
    if getattr(request, "param", "") == "by hand":
        monkeypatch.setenv(WITHOUT, "1")


@pytest.fixture
async def pool(kernel: None) -> AsyncIterator[MediaPool]:
    pool = MediaPool(ports=range(31000, 31400), workers=1)
    await pool.start()
    yield pool
    await pool.stop()


@pytest.fixture
async def meet(pool: MediaPool) -> AsyncIterator[Callable[..., Awaitable[MediaEnd]]]:
    """Opens a port and a far end that are connected to each other."""
    ends: list[MediaEnd] = []

    async def meet(**options: object) -> MediaEnd:
        end = await MediaEnd.open(pool, **options)
        ends.append(end)
        return end

    yield meet
    for end in ends:
        await end.close()
