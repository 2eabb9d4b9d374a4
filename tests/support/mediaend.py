"""A media port of the SIP driver together with the far end that it is connected to."""

from __future__ import annotations

import asyncio
from typing import Literal

from support.siprtp import RtpPort

from drivers.sip.media.pool import MediaPool
from drivers.sip.media.port import MediaPort


class MediaEnd:
    """`port` is ours, `far` the other party; `keys` and `lost` are what the port reported."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.lost = asyncio.Event()
        self.port: MediaPort
        self.far: RtpPort

    @classmethod
    async def open(
        cls,
        pool: MediaPool,
        *,
        codec: Literal["PCMA", "PCMU"] = "PCMA",
        dtmf: int | None = 101,
        near: MediaPort | None = None,
    ) -> MediaEnd:
        """Open both and connect them."""
        end = cls()
        end.port = await pool.open(near=near, on_digit=end.keys.append, on_lost=end.lost.set)
        end.far = await RtpPort.open()
        end.far.remote = (end.port.host, end.port.port)
        end.far.payload_type = 8 if codec == "PCMA" else 0
        end.far.dtmf = dtmf
        end.port.connect(*end.far.address, codec=codec, dtmf=dtmf)
        return end

    def heard(self) -> bytes:
        """G.711 octets that the far end has received, in order of arrival."""
        return b"".join(packet.payload for packet in self.far.audio())

    async def hear_more(self, packets: int = 3) -> None:
        """Wait until the far end has received some more packets."""
        await self.far.wait_for(len(self.far.received) + packets)

    async def key(self, count: int = 1) -> None:
        """Wait until that many keys have been reported."""
        async with asyncio.timeout(2):
            while len(self.keys) < count:
                await asyncio.sleep(0.002)

    async def close(self) -> None:
        """Close both."""
        await self.port.close()
        self.far.close()
