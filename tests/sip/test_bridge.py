"""Two calls bridged, wherever their media is and however scarce ports are."""

from __future__ import annotations

import asyncio
import os
import signal
import socket

import pytest
from support.siprtp import KEYS
from support.sipua import until

from drivers.sip import SipDriver

SAID = bytes(range(0x80, 0xD0)) * 2


@pytest.fixture
def two_ports() -> range:
    """A range with two RTP ports, free at this moment whoever else runs tests on this machine."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
        ):
            one.bind(("127.0.0.1", 0))
            number = one.getsockname()[1]
            try:
                two.bind(("127.0.0.1", number + 2))
            except OSError:
                continue
        if number % 2 == 0:
            return range(number, number + 3)


@pytest.fixture
async def run():
    """Starts drivers; gives the driver and a queue of the legs that appear."""
    drivers = []

    async def run(workers, ports=range(31400, 31600)):
        driver = SipDriver(listen="127.0.0.1:0", rtp_ports=ports, media_workers=workers)
        legs = asyncio.Queue()
        await driver.start(legs.put_nowait)
        drivers.append(driver)
        return driver, legs

    yield run
    for driver in drivers:
        await driver.stop()


async def answered(driver, legs, phone, **options):
    call = await phone.invite("32", driver.address, **options)
    leg = await asyncio.wait_for(legs.get(), 3)
    await asyncio.gather(leg.answer(), call.answered())
    return leg, call


async def hears(rtp, other):
    async with asyncio.timeout(3):
        while not any(packet.payload == SAID for packet in rtp.received):
            other.send(SAID)
            await asyncio.sleep(0.02)


async def test_an_agent_is_called_and_bridged_with_the_last_port(run, phone, two_ports):
    """Each worker has one port: the caller's has none left, neither for the agent nor for a link."""
    driver, legs = await run(2, two_ports)
    leg, caller = await answered(driver, legs, phone)
    calling = asyncio.create_task(driver.originate(phone.uri("201"), near=leg))
    agent = await phone.next_call()
    await agent.answer()
    other = await calling
    await leg.bridge(other)
    await hears(agent.rtp, caller.rtp)
    await hears(caller.rtp, agent.rtp)
    await other.hangup()
    await leg.hangup()
    await until(lambda: not any(driver.usage().values()))


@pytest.mark.parametrize("how", ["dies", "hangs"])
async def test_a_worker_that_fails_while_a_port_is_opened_is_passed_over(run, phone, monkeypatch, how):
    monkeypatch.setattr("drivers.sip.media.link.ANSWER", 0.3 if how == "hangs" else 5.0)
    driver, legs = await run(2)
    first, _ = await driver._pool.stats()
    os.kill(first["pid"], signal.SIGSTOP)
    call = await phone.invite("32", driver.address)
    await until(lambda: driver.usage()["rtp_ports"])
    if how == "dies":
        os.kill(first["pid"], signal.SIGKILL)
    leg = await asyncio.wait_for(legs.get(), 3)
    await asyncio.gather(leg.answer(), call.answered())
    await call.rtp.wait_for(3)
    assert leg.alive
    assert driver.usage() == {"legs": 1, "rtp_ports": 1}


@pytest.mark.parametrize("workers", [1, 2])
async def test_keys_by_info_reach_the_other_party(run, phone, workers):
    driver, legs = await run(workers)
    one, caller = await answered(driver, legs, phone)
    two, agent = await answered(driver, legs, phone, dtmf=96)
    await one.bridge(two)
    for key in "5#":
        assert (await caller.info(f"Signal={key}")).status == 200
    async with asyncio.timeout(3):
        while pressed(agent.rtp, 96) != ["5", "#"]:
            caller.rtp.send(SAID)
            await asyncio.sleep(0.02)
    assert [await one.digits.get(), await one.digits.get()] == ["5", "#"]
    assert not two.digits.pending
    await one.unbridge()
    await caller.info("Signal=1")
    await agent.rtp.wait_for(len(agent.rtp.received) + 8)
    assert pressed(agent.rtp, 96) == ["5", "#"]


async def test_a_key_by_info_for_a_party_without_events_harms_nothing(run, phone):
    driver, legs = await run(1)
    one, caller = await answered(driver, legs, phone)
    two, agent = await answered(driver, legs, phone, dtmf=None)
    await one.bridge(two)
    assert (await caller.info("Signal=5")).status == 200
    await hears(agent.rtp, caller.rtp)
    assert {packet.payload_type for packet in agent.rtp.received} == {8}
    assert await one.digits.get() == "5"


def pressed(rtp, number):
    """The keys that came as events, one for each start."""
    starts = {packet.timestamp: packet.payload[0] for packet in rtp.received if packet.payload_type == number}
    return [KEYS[code] for code in starts.values()]
