"""The contract suite's view of the SIP driver: far ends are the tests' own user agent, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from support.farend import Bench, FarEnd
from support.sipua import Call, Message, SipUa
from support.sound import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode

from drivers.sip import SipDriver
from engine.audio.clip import Clip
from engine.lines import Leg


class SipFarEnd(FarEnd):
    def __init__(self, call: Call) -> None:
        self.call = call

    async def press(self, keys: str) -> None:
        await self._connected()
        for key in keys:
            await self.call.rtp.press(key)

    async def say(self, clip: Clip) -> None:
        await self._connected()
        encode = ulaw_encode if self.call.rtp.payload_type == 0 else alaw_encode
        await self.call.rtp.stream(encode(clip.samples))

    async def hang_up(self) -> None:
        # A 200 that is on its way decides between BYE and CANCEL.
        await asyncio.sleep(0.05)
        if self.call.incoming or any(r.status == 200 and r.method == "INVITE" for r in self.call.responses):
            self.call.send_bye()
        else:
            self.call.cancel()

    async def _connected(self) -> None:
        """The answer may still be on its way; sound has nowhere to go before."""
        if not self.call.incoming:
            await self.call.answered()

    def heard(self) -> bytes:
        packets = sorted({p.seq: p for p in self.call.rtp.audio()}.values(), key=lambda p: p.timestamp)
        return b"".join(alaw_decode(p.payload) if p.payload_type == 8 else ulaw_decode(p.payload) for p in packets)

    async def ended(self) -> None:
        finals = asyncio.ensure_future(self.call.response(*range(300, 700), timeout=5))
        over = asyncio.ensure_future(self.call.over.wait())
        try:
            await asyncio.wait({finals, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (finals, over):
                task.cancel()
                with suppress(asyncio.CancelledError, TimeoutError):
                    await task


class SipBench(Bench):
    lossy = True

    def __init__(self, driver: SipDriver, ua: SipUa, exchange: SipUa) -> None:
        self.driver = driver
        self.ua = ua
        self.exchange = exchange
        """Makes the calls that callers are transferred to."""
        self.legs: asyncio.Queue[Leg] = asyncio.Queue()
        self.phones: list[SipUa] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def call_in(self, did: str, cli: str) -> tuple[Leg, FarEnd]:
        call = await self.ua.invite(did, self.driver.address, cli=cli)
        call.on_refer = lambda request: self.tasks.append(asyncio.ensure_future(self._transfer(call, request)))
        leg = await asyncio.wait_for(self.legs.get(), 3)
        return leg, SipFarEnd(call)

    async def _transfer(self, call: Call, request: Message) -> None:
        """What an exchange does with a REFER (RFC 3515)."""
        call.reply(request, 202)
        call.notify("100 Trying")
        user, _, address = request.get("Refer-To").strip("<>").removeprefix("sip:").partition("@")
        host, _, port = address.partition(":")
        target = await self.exchange.invite(user, (host, int(port)))
        final = await target.response(*range(200, 700))
        call.notify(final.start.removeprefix("SIP/2.0 "), state="terminated;reason=noresource")

    def phone(self, behaviour: str) -> tuple[str, list[FarEnd]]:
        calls: list[FarEnd] = []
        self.tasks.append(asyncio.ensure_future(self._ring(behaviour, calls)))
        return self.ua.uri(behaviour), calls

    async def _ring(self, behaviour: str, calls: list[FarEnd]) -> None:
        call = await self.ua.next_call()
        calls.append(SipFarEnd(call))
        call.ring()
        if behaviour == "answer":
            await call.answer()
        elif behaviour in ("busy", "reject"):
            call.reject(486 if behaviour == "busy" else 603)


@asynccontextmanager
async def sip_bench() -> AsyncIterator[Bench]:
    driver = SipDriver(listen="127.0.0.1:0", rtp_ports=range(41000, 41100), media_workers=1)
    async with SipUa.open() as ua, SipUa.open() as exchange:
        bench = SipBench(driver, ua, exchange)
        await driver.start(bench.legs.put_nowait)
        try:
            yield bench
        finally:
            for task in bench.tasks:
                task.cancel()
            await asyncio.gather(*bench.tasks, return_exceptions=True)
            await driver.stop()
