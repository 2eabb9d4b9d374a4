"""SIPp as the far end: one scenario of `tests/sip/sipp`, one call, whose end must be good.

    async with sipp(tmp_path, "uac_call", to=driver.address, keys={"cli": "100"}) as caller:
        ...                                   # what is done while it runs
    caller.messages("received")               # what the driver has sent

A scenario's keywords have the values of `KEYS` unless the test gives others.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from support.ports import free_port
from support.sipua import until

from drivers.sip import SipDriver
from engine.lines import Hangup, Leg

SCENARIOS = Path(__file__).parents[1] / "sip" / "sipp"

KEYS = {
    "cli": "0143670903",
    "from": "<sip:0143670903@pbx.example>",
    "to": "<sip:32@pbx.example>",
    "extra": "X-Nothing: 1",
}
"""cli: the user of From. extra: a header line, or several, of the INVITE."""

_unique = itertools.count(1)


@dataclass
class Sipp:
    """One running SIPp."""

    process: asyncio.subprocess.Process
    host: str
    port: int
    log: Path

    def uri(self, user: str) -> str:
        """An address of it."""
        return f"sip:{user}@{self.host}:{self.port}"

    def messages(self, way: Literal["sent", "received"]) -> list[str]:
        """What it has sent or received, in order, with bare line ends; complete once SIPp has ended."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        blocks = re.split(r"^-{20,} .*\n", text, flags=re.MULTILINE)
        return [block.partition("\n\n")[2] for block in blocks if block.startswith(f"UDP message {way}")]

    async def received(self, start: str, count: int = 1) -> list[str]:
        """What it has received that begins so, once there is so much; TimeoutError."""

        def found() -> list[str]:
            return [message for message in self.messages("received") if message.startswith(start)]

        await until(lambda: len(found()) >= count, 5)
        return found()


@asynccontextmanager
async def sipp(
    folder: Path,
    scenario: str,
    *arguments: object,
    to: tuple[str, int] | None = None,
    service: str = "32",
    host: str = "127.0.0.1",
    port: int = 0,
    keys: Mapping[str, object] | None = None,
    patience: float = 10.0,
) -> AsyncIterator[Sipp]:
    """Run it in `folder`. to: whom it calls, for a caller. host, port: its own.

    On leaving it is waited for, `patience` seconds at most; AssertionError, with what it says, when it ended badly.
    """
    port = port or free_port(host)
    log = folder / f"{scenario}{next(_unique)}.messages"
    errors, output = log.with_suffix(".errors"), log.with_suffix(".output")
    pairs = [text for key, value in {**KEYS, **(keys or {})}.items() for text in ("-key", key, str(value))]
    with output.open("wb") as screen:
        process = await asyncio.create_subprocess_exec(
            "sipp", "-sf", str(SCENARIOS / f"{scenario}.xml"), "-m", "1", "-nostdin", "-s", service,
            "-i", host, "-p", str(port), "-mi", host, "-mp", str(free_port(host)),
            "-trace_msg", "-message_file", str(log), "-trace_err", "-error_file", str(errors),
            *pairs, *map(str, arguments), *(["{}:{}".format(*to)] if to else []),
            cwd=folder, stdout=screen, stderr=screen,
        )  # fmt: skip
    try:
        if to is None:
            await _listening(port)
        yield Sipp(process, host, port, log)
        await asyncio.wait_for(process.wait(), patience)
        assert process.returncode == 0, f"{scenario} has not ended well"
    except Exception as error:
        said = errors if errors.exists() else output
        error.add_note(f"SIPp, {scenario}: {said.read_text(errors='replace')[-3000:]}")
        raise
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


class Running(SipDriver):
    """A driver under test; `legs` are its incoming ones."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"listen": "127.0.0.1:0", "rtp_ports": range(31800, 32000), "media_workers": 1, **options})
        self.legs: asyncio.Queue[Leg] = asyncio.Queue()

    async def leg(self) -> Leg:
        """The next that comes in, unanswered."""
        return await asyncio.wait_for(self.legs.get(), 5)

    async def call(self, to: str, **options: Any) -> Leg:
        """An outgoing one, answered. Raises OriginateError."""
        return await asyncio.wait_for(self.originate(to, **options), 8)


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[Running]:
    """A driver on a free port of 127.0.0.1; options as of `SipDriver`."""
    driver = Running(**options)
    await driver.start(driver.legs.put_nowait)
    try:
        yield driver
    finally:
        await driver.stop()


async def ended(leg: Leg) -> Hangup:
    """How the leg has ended, once it has."""
    return await asyncio.wait_for(asyncio.shield(leg.ended), 5)


async def _listening(port: int) -> None:
    """Wait until SIPp has the port, which takes it a moment; told by the kernel, since trying to take it ourselves
    would keep it from SIPp."""
    entry = f":{port:04X} 00000000:"

    await until(lambda: entry in Path("/proc/net/udp").read_text(), 5)
