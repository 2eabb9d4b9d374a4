"""SIPp as the peer of pyVoIP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

SCENARIOS = Path(__file__).parents[1] / "pyvoip" / "sipp"


@asynccontextmanager
async def sipp(folder: Path, scenario: str, *arguments: object) -> AsyncIterator[None]:
    """SIPp with one of the scenarios, for one call; it must end well."""
    process = await asyncio.create_subprocess_exec(
        "sipp", "-sf", str(SCENARIOS / scenario), "-i", "127.0.0.1", "-m", "1", "-nostdin", *map(str, arguments),
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield
        output, _ = await asyncio.wait_for(process.communicate(), 10)
        assert process.returncode == 0, output.decode(errors="replace")[-3000:]
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
