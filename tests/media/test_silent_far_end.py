"""Packets that stop coming; how packets are marked; where they are asked for."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest
from support.siprtp import RtpPort

from drivers.sip.media.pool import MediaPool
from drivers.sip.media.port import MediaPort

TIMEOUT = 0.6


@pytest.fixture
async def brief():
    """A pool whose far ends may be silent for 0.6 s."""
    pool = MediaPool(ports=range(31700, 31720), workers=1, timeout=TIMEOUT, external="192.0.2.7", dscp=10)
    await pool.start()
    yield pool
    await pool.stop()


async def opened(pool: MediaPool, silent: asyncio.Event) -> tuple[MediaPort, RtpPort]:
    port = await pool.open(on_digit=lambda _: None, on_lost=lambda: None, on_silent=silent.set)
    far = await RtpPort.open()
    far.remote = ("127.0.0.1", port.port)
    return port, far


async def elapsed_until(silent: asyncio.Event) -> float:
    start = asyncio.get_running_loop().time()
    await asyncio.wait_for(silent.wait(), TIMEOUT + 1.5)
    return asyncio.get_running_loop().time() - start


async def test_a_far_end_that_never_sends_is_told_of(brief: MediaPool) -> None:
    silent = asyncio.Event()
    port, far = await opened(brief, silent)
    port.connect(*far.address, codec="PCMA", dtmf=None)
    assert TIMEOUT - 0.1 < await elapsed_until(silent) < TIMEOUT + 0.7
    far.close()


@pytest.mark.parametrize("payload_type", [8, 13])
async def test_a_far_end_that_stops_is_told_of(brief: MediaPool, payload_type: int) -> None:
    """13: comfort noise (RFC 3389), which is not listened to but shows that somebody is there."""
    silent = asyncio.Event()
    port, far = await opened(brief, silent)
    port.connect(*far.address, codec="PCMA", dtmf=None)
    far.send(bytes(160))
    for _ in range(50):
        far.send(bytes(160), payload_type=payload_type)
        await asyncio.sleep(0.02)
    assert not silent.is_set()
    assert await elapsed_until(silent) > TIMEOUT - 0.4
    far.close()


async def test_on_hold_it_may_be_silent(brief: MediaPool) -> None:
    silent = asyncio.Event()
    port, far = await opened(brief, silent)
    port.connect(*far.address, codec="PCMA", dtmf=None, hear=False)
    await asyncio.sleep(TIMEOUT + 0.7)
    assert not silent.is_set()
    port.connect(*far.address, codec="PCMA", dtmf=None)
    assert await elapsed_until(silent) > TIMEOUT - 0.1, "counted from the end of the hold"
    far.close()


async def test_packets_are_marked_and_asked_for_as_set(brief: MediaPool) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        far.bind(("127.0.0.1", 0))
        far.setblocking(False)
        port, unused = await opened(brief, asyncio.Event())
        port.connect(*far.getsockname(), codec="PCMA", dtmf=None)
        while True:
            await asyncio.sleep(0.01)
            try:
                _, ((_, _, tos),), _, _ = far.recvmsg(2048, 64)
                break
            except BlockingIOError:
                continue
        assert struct.unpack("B", tos[:1])[0] >> 2 == 10
        assert port.host == "192.0.2.7"
        unused.close()
