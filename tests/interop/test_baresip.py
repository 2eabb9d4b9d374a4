"""A telephone that people own: baresip on a machine of its own registers, is called by a scenario, transfers, and
calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.baresip import Baresip, baresip
from support.namespace import Namespace, namespace
from support.ports import free_port
from support.served import Served, served
from support.sipua import SipUa, until
from support.sound import alaw_decode, alaw_encode, locate, speech
from support.wav import write_wav

from drivers.sip import SipDriver
from engine.audio.clip import Clip
from engine.errors import OriginateError
from engine.lines import Cause, Leg

pytestmark = pytest.mark.root

TO_201 = """
format: 1
name: to_201
did: ["32"]
start: connect
nodes:
  connect:
    type: bridge
    to: "201"
    timeout: 10s
    on: {ended: thanks, busy: end, rejected: end, no_answer: end, failed: end}
  thanks: {type: play, prompt: [thanks.wav], next: end}
"""

MENU = """
format: 1
name: menu
did: ["33"]
start: choice
nodes:
  choice:
    type: menu
    prompt: [long.wav]
    options: {"1": thanks}
    timeout: 1s
    attempts: 1
    on: {no_input: end, no_match: end}
  thanks: {type: play, prompt: [thanks.wav], next: end}
"""

PART = 2 * 1600
"""Octets of 0.2 s."""

AGENT, CALLER, LONG, THANKS = (speech(seconds, seed=seed) for seconds, seed in ((1.5, 1), (1.5, 2), (6, 3), (0.6, 4)))


@dataclass
class House:
    """A server, a registered phone, and a caller from outside."""

    server: Served
    address: tuple[str, int]
    phone: Baresip
    caller: SipUa


@pytest.fixture(scope="module")
def space() -> Iterator[Namespace]:
    with namespace() as space:
        yield space


@asynccontextmanager
async def house(folder: Path, space: Namespace) -> AsyncIterator[House]:
    (folder / "flows" / "prompts").mkdir(parents=True)
    for name, clip in (("long", LONG), ("thanks", THANKS)):
        write_wav(folder / "flows" / "prompts" / f"{name}.wav", clip)
    write_wav(folder / "agent.wav", AGENT)
    (folder / "201.password").write_text("s3cret")
    (folder / "201.password").chmod(0o600)
    address = (space.here, free_port())
    sip = {
        "listen": "{}:{}".format(*address),
        "allow": [f"{space.here}/32"],
        "phones": {"users": {"201": {"password_file": "201.password"}}},
    }
    settings = {"sip": sip, "telephony": {"internal_digits": 3}}
    async with (
        served(folder, {"to_201.yaml": TO_201, "menu.yaml": MENU}, **settings) as server,
        SipUa.open(space.here) as caller,
        baresip(folder / "phone", space, "201", "s3cret", address, folder / "agent.wav") as phone,
    ):
        yield House(server, address, phone, caller)


@pytest.fixture
async def at_home(tmp_path: Path, space: Namespace) -> AsyncIterator[House]:
    async with house(tmp_path, space) as it:
        await it.phone.printed("200 OK () [1 binding]")
        yield it


async def test_a_scenario_calls_the_phone_by_its_extension_and_the_two_talk(at_home: House):
    call = await at_home.caller.invite("32", at_home.address)
    await at_home.phone.event("CALL_INCOMING")
    at_home.phone.command("accept")
    await call.answered()
    await at_home.phone.event("CALL_ESTABLISHED")
    await call.rtp.stream(alaw_encode(CALLER.samples))
    await asyncio.sleep(0.3)
    at_home.phone.command("hangup")
    await asyncio.wait_for(call.over.wait(), 5)
    (record,) = await at_home.server.recorded(1)
    assert [(step["node"], step["outcome"]) for step in record["path"]] == [("connect", "ended"), ("thanks", "next")]
    heard = b"".join(alaw_decode(packet.payload) for packet in call.rtp.audio())
    assert share_heard(heard, AGENT) >= 0.75
    assert share_heard(heard, THANKS) >= 0.75
    assert share_heard(at_home.phone.heard(), CALLER) >= 0.5  # it drops what its jitter buffer holds at the end


async def test_the_phone_passes_its_caller_on(at_home: House, space: Namespace):
    async with SipUa.open(space.here) as colleagues:
        call = await at_home.caller.invite("32", at_home.address)
        await at_home.phone.event("CALL_INCOMING")
        at_home.phone.command("accept")
        await call.answered()
        await at_home.phone.event("CALL_ESTABLISHED")
        at_home.phone.command("transfer", colleagues.uri("202"))
        colleague = await colleagues.next_call()
        await colleague.answer()
        await at_home.phone.event("CALL_CLOSED")
        await colleague.rtp.stream(alaw_encode(THANKS.samples))
        assert share_heard(b"".join(alaw_decode(packet.payload) for packet in call.rtp.audio()), THANKS) >= 0.75
        await call.bye()
        await colleague.over.wait()
        (record,) = await at_home.server.recorded(1)
    assert record["result"] == "caller_hung_up"


def share_heard(heard: bytes, clip: Clip) -> float:
    """How much of `clip` came through, from 0 to 1: a telephone may lose a frame of 20 ms."""
    parts = [clip.samples[start : start + PART] for start in range(0, len(clip.samples) - PART + 1, PART)]
    return sum(locate(heard, part)[1] >= 30 for part in parts) / len(parts)


class Line:
    """The driver alone, and the phone."""

    def __init__(self, driver: SipDriver, phone: Baresip) -> None:
        self.driver, self.phone = driver, phone
        self.legs: asyncio.Queue[Leg] = asyncio.Queue()

    async def leg(self) -> Leg:
        return await asyncio.wait_for(self.legs.get(), 5)


@asynccontextmanager
async def line(folder: Path, space: Namespace) -> AsyncIterator[Line]:
    write_wav(folder / "long.wav", LONG)
    legs: asyncio.Queue[Leg] = asyncio.Queue()
    phones = {"users": {"201": "s3cret"}, "allow": [f"{space.there}/32"]}
    driver = SipDriver(
        listen=f"{space.here}:0", allow=[], phones=phones, rtp_ports=range(31700, 31800), media_workers=1
    )
    await driver.start(legs.put_nowait)
    try:
        async with baresip(folder / "phone", space, "201", "s3cret", driver.address, folder / "long.wav") as phone:
            it = Line(driver, phone)
            it.legs = legs
            yield it
        await until(lambda: not driver.reaches("201"))  # it has given its registration back
    finally:
        await driver.stop()


async def test_the_phone_calls_presses_keys_holds_and_hangs_up(tmp_path: Path, space: Namespace):
    async with line(tmp_path, space) as it:
        await until(lambda: it.driver.reaches("201"), 5)
        it.phone.command("dial", "sip:32@{}:{}".format(*it.driver.address))
        leg = await it.leg()
        assert (leg.info.did, leg.info.cli, leg.info.channel) == ("32", "201", "sip/phones")
        await leg.answer()
        await it.phone.event("CALL_ESTABLISHED")
        it.phone.command("sndcode", "5")
        assert await asyncio.wait_for(leg.digits.get(), 3) == "5"
        await leg.play([THANKS, Clip(bytes(16 * 300))])
        it.phone.command("hold")
        await it.phone.printed("stream: update 'audio'", 2)
        it.phone.command("resume")
        await it.phone.printed("stream: update 'audio'", 3)
        it.phone.command("sndcode", "6")
        assert await asyncio.wait_for(leg.digits.get(), 3) == "6"
        it.phone.command("hangup")
        assert (await asyncio.wait_for(asyncio.shield(leg.ended), 3)).by == "remote"
        await it.phone.event("CALL_CLOSED")
        assert share_heard(it.phone.heard(), THANKS) >= 0.75

        it.phone.command("dial", "sip:32@{}:{}".format(*it.driver.address))
        leg = await it.leg()
        await leg.answer()
        await leg.hangup()
        await it.phone.event("CALL_CLOSED", 2)


async def test_the_phone_is_called_and_declines_or_rings_in_vain(tmp_path: Path, space: Namespace):
    async with line(tmp_path, space) as it:
        await until(lambda: it.driver.reaches("201"), 5)
        calling = asyncio.create_task(it.driver.originate("201", caller_id="+33143670903"))
        assert "+33143670903" in (await it.phone.event("CALL_INCOMING"))["peeruri"]
        it.phone.command("hangup")
        with pytest.raises(OriginateError) as caught:
            await calling
        assert caught.value.cause is Cause.BUSY

        calling = asyncio.create_task(it.driver.originate("201"))
        await it.phone.event("CALL_INCOMING", 2)
        calling.cancel()
        await it.phone.event("CALL_CLOSED", 2)
        await asyncio.wait([calling])
