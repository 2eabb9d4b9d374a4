"""What the peer's address may send, whoever it is from."""

from __future__ import annotations

import asyncio
import threading

from support.hostile import BATCH, TORTURE, Deaf, a_call_works, mutations, still_answers
from support.sipua import SipUa, until

from engine.errors import EngineError
from engine.lines import Leg


async def test_two_thousand_datagrams_harm_nothing(bench, peer, caplog):
    tasks = []

    async def serve(leg: Leg) -> None:
        try:
            await asyncio.wait_for(leg.answer(), 0.02)
        except (EngineError, TimeoutError):
            pass
        finally:
            await leg.hangup()

    async def serve_all() -> None:
        while True:
            tasks.append(asyncio.ensure_future(serve(await bench.legs.get())))

    serving = asyncio.ensure_future(serve_all())
    to = bench.driver.address
    async with Deaf.open() as sender:
        datagrams = [file.read_bytes() for file in TORTURE]
        datagrams += mutations(sender, to, 2000 - len(datagrams), seed=1733, did="32")
        for number, data in enumerate(datagrams):
            sender.send(data, to)
            if number % BATCH == 0:
                await still_answers(peer, to, number)
    await still_answers(peer, to, len(datagrams))
    await until(lambda: not any(bench.driver.usage().values()))
    serving.cancel()
    await asyncio.gather(*tasks)
    assert len(tasks) > 20
    assert "a call by pyVoIP failed" not in caplog.text
    assert sum("pyVoIP" in thread.name for thread in threading.enumerate()) == 1
    leg_of = asyncio.ensure_future(bench.leg())
    working = asyncio.ensure_future(a_call_works(peer, to))
    await (await leg_of).answer()
    await working


async def test_a_call_is_not_disturbed_by_strangers_sound(bench, peer):
    leg, call = await bench.answered(peer)
    async with SipUa.open("127.0.0.2") as stranger:
        other = await stranger.prepare("32", bench.driver.address)
        other.rtp.remote, other.rtp.payload_type = call.rtp.remote, 0
        await other.rtp.press("6")
    await call.rtp.press("7")
    assert await asyncio.wait_for(leg.digits.get(), 1) == "7"
    assert not leg.digits.pending
    await leg.hangup()
