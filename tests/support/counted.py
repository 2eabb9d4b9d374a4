"""Sound whose every packet says which one it is, so that a recording tells where it ends."""

from __future__ import annotations

import asyncio
import wave
from array import array
from pathlib import Path

from support.siprtp import RtpPort

from engine.audio.g711 import LINEAR

BYTES = {sample: octet for octet, sample in enumerate(LINEAR["PCMA"])}


async def count(far: RtpPort) -> None:
    """Send packets, each full of its own number, until cancelled."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    for number in range(256):
        far.send(bytes([number]) * 160)
        await asyncio.sleep(max(0.0, started + 0.02 * (number + 1) - loop.time()))


def sent(far: RtpPort) -> int:
    """The number of the last packet."""
    return (far.timestamp - 50000) // 160 - 1


def last(path: Path) -> int:
    """The number of the last packet in the left, or only, channel. No code of A-law is a sample of 0."""
    with wave.open(str(path)) as file:
        samples = array("h", file.readframes(file.getnframes()))[:: file.getnchannels()]
    return BYTES[next(sample for sample in reversed(samples) if sample)]
