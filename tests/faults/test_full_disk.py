"""The disk on which a server keeps everything is full: calls go on, the log says so, and what was to be kept is
there once there is room again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.disks import small_disk
from support.scenarios import RECORDED_CALL
from support.served import Served, served
from support.sipua import SipUa, until

DISK = 6 << 20
"""Bytes. An empty server takes one of them or two."""

SCENARIOS = {
    "recorded.yaml": RECORDED_CALL,
    "short.yaml": """
format: 1
name: short
did: ["33"]
start: pick_up
nodes:
  pick_up: {type: answer, next: pause}
  pause: {type: wait, duration: 60s, next: end}
""",
}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """The data folder, on a small file system of its own."""
    with small_disk(tmp_path / "var", DISK) as folder:
        yield folder


def fill(disk: Path) -> Path:
    """Leave no room."""
    path = disk / "filling"
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    return path


async def one_call(ua: SipUa, server: Served) -> None:
    """A caller who is answered, and hangs up."""
    call = await ua.invite("33", server.address)
    await call.answered()
    assert (await call.bye()).status == 200
    call.rtp.close()


@pytest.mark.root
async def test_calls_go_on_and_their_records_are_there_when_there_is_room(tmp_path: Path, disk: Path) -> None:
    async with served(tmp_path, SCENARIOS) as server, SipUa.open() as ua:
        recorded = await ua.invite("32", server.address, cli="0100000000")
        await recorded.answered()
        await until(lambda: any((disk / "recordings" / "calls").glob("*")))
        streaming = asyncio.ensure_future(recorded.rtp.stream(bytes(8000 * 60)))
        filling = await asyncio.to_thread(fill, disk)
        began, made = time.monotonic(), 0
        # A recording has a page of four kilobytes, an eighth of a second, in hand.
        while "could not be written" not in server.log() or time.monotonic() < began + 1:
            assert time.monotonic() < began + 20, "the disk was never full"
            made += 1
            await one_call(ua, server)
        assert (await recorded.bye()).status == 200
        streaming.cancel()
        for _ in range(10):
            made += 1
            await one_call(ua, server)
        await asyncio.to_thread(filling.unlink)
        records = await server.recorded(made + 1, timeout=20)
        assert len(records) == made + 1
        (flagged,) = (record for record in records if record["cli"] == "0100000000")
        assert flagged["result"] == "caller_hung_up"
        assert any("the recording of the call is lost" in text for text in flagged["warnings"]), flagged
        assert "takes what it had refused" in server.log()
        assert "Traceback" not in server.log()
