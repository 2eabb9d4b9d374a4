"""Kamailio in front, with the configuration of docs/examples: callers on TLS and TCP, our server on UDP."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.kamailio import Kamailio, contexts, kamailio
from support.ports import free_port
from support.served import served
from support.sipstream import StreamUa
from support.sipua import Call, sdp, until
from support.sound import alaw_decode, locate, speech
from support.wav import write_wav

from drivers.sip import SipDriver
from engine.errors import OriginateError
from engine.lines import Cause, Leg


class Front:
    """Our driver behind Kamailio, which it has as its trunk."""

    def __init__(self, proxy: Kamailio, client: ssl.SSLContext, operator: StreamUa) -> None:
        self.proxy, self.client, self.operator = proxy, client, operator
        self.driver: SipDriver
        self.legs: asyncio.Queue[Leg] = asyncio.Queue()

    @asynccontextmanager
    async def phone(self, transport: str) -> AsyncIterator[StreamUa]:
        tls = transport == "tls"
        address = self.proxy.tls if tls else self.proxy.tcp
        async with StreamUa.connect(address, self.client if tls else None) as phone:
            yield phone

    async def answered(self, phone: StreamUa) -> tuple[Leg, Call]:
        call = await phone.invite("32", phone.peer)
        leg = await asyncio.wait_for(self.legs.get(), 5)
        await asyncio.gather(leg.answer(), call.answered())
        return leg, call

    async def idle(self) -> None:
        await until(lambda: not any(self.driver.usage().values()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kamailio")


@pytest.fixture(scope="module")
def tls(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return contexts(folder)


@pytest.fixture
async def front(folder: Path, tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> AsyncIterator[Front]:
    port = free_port()
    async with StreamUa.listen(tls[0]) as operator:
        uri = f"sip:127.0.0.1:{operator.port};transport=tls"
        async with kamailio(folder, [("127.0.0.1", port)], uri) as proxy:
            front = Front(proxy, tls[1], operator)
            trunk = {"host": "127.0.0.1", "port": proxy.udp[1], "options": 60.0}
            front.driver = SipDriver(
                listen=f"127.0.0.1:{port}", trunks={"front": trunk}, rtp_ports=range(31600, 31700), media_workers=1
            )
            await front.driver.start(front.legs.put_nowait)
            try:
                yield front
            finally:
                await front.driver.stop()


@pytest.mark.parametrize("transport", ["tls", "tcp"])
async def test_a_call_through_it_and_its_end_from_either_side(front: Front, transport: str):
    async with front.phone(transport) as phone:
        leg, call = await front.answered(phone)
        assert (leg.info.did, leg.info.cli, leg.info.channel) == ("32", "0143670903", "sip/front")
        assert len(call.routes) == 2  # one for each transport

        await call.rtp.press("5")
        assert await asyncio.wait_for(leg.digits.get(), 3) == "5"
        await call.rtp.wait_for(1)

        assert (await call.reinvite(sdp(*call.rtp.address, direction="sendonly"))).status == 200
        assert (await call.reinvite(sdp(*call.rtp.address))).status == 200
        assert (await call.bye()).status == 200
        await asyncio.wait_for(leg.ended, 3)

        leg, call = await front.answered(phone)
        await leg.hangup()
        await call.request("BYE")
        await front.idle()


async def test_a_caller_who_gives_up_and_one_who_is_refused(front: Front):
    async with front.phone("tls") as phone:
        call = await phone.invite("32", phone.peer)
        leg = await asyncio.wait_for(front.legs.get(), 5)
        await leg.ring()
        await call.response(180)
        call.cancel()
        assert (await call.response(*range(300, 700))).status == 487
        assert (await asyncio.wait_for(leg.ended, 3)).cause is Cause.CANCELLED

        call = await phone.invite("32", phone.peer)
        await (await asyncio.wait_for(front.legs.get(), 5)).hangup(Cause.BUSY)
        assert (await call.response(*range(300, 700))).status == 486
        await front.idle()


async def test_the_caller_is_passed_on_by_refer(front: Front):
    async with front.phone("tls") as phone:
        leg, call = await front.answered(phone)
        call.on_refer = lambda request: call.reply(request, 202)
        moving = asyncio.create_task(leg.transfer("202"))
        assert (await call.request("REFER")).get("Refer-To").startswith("<sip:202@")
        call.notify("200 OK", state="terminated;reason=noresource")
        assert (await call.response(method="NOTIFY")).status == 200
        await asyncio.wait_for(moving, 3)
        await call.request("BYE")
        await front.idle()


async def test_nobody_outside_says_who_he_is(front: Front):
    async with front.phone("tcp") as phone:
        await phone.invite("32", phone.peer, headers=[("P-Asserted-Identity", "<sip:+33100@127.0.0.1>")])
        assert (await asyncio.wait_for(front.legs.get(), 5)).info.cli == "0143670903"


async def test_calls_to_the_operator_go_out_by_it(front: Front):
    await until(lambda: front.driver.trunks()["front"].up)
    for hangs_up in ("we", "operator"):
        calling = asyncio.create_task(front.driver.originate("0155000001", caller_id="0143670903"))
        call = await front.operator.next_call()
        invite = call.requests[0]
        assert invite.start.startswith("INVITE sip:0155000001@")
        assert invite.get("P-Asserted-Identity").startswith("<sip:0143670903@")
        call.ring()
        await call.answer()
        leg = await calling
        assert leg.info.channel == "sip/front"
        await call.rtp.wait_for(1)
        assert (await call.reinvite(sdp(*call.rtp.address))).status == 200
        if hangs_up == "we":
            await leg.hangup()
            await call.request("BYE")
        else:
            assert (await call.bye()).status == 200
            await asyncio.wait_for(leg.ended, 3)
        await front.idle()

    calling = asyncio.create_task(front.driver.originate("0155000001"))
    (await front.operator.next_call()).reject(486)
    with pytest.raises(OriginateError) as caught:
        await calling
    assert caught.value.cause is Cause.BUSY


MENU = """
format: 1
name: menu
did: ["32"]
start: choice
nodes:
  choice:
    type: menu
    prompt: [choice.wav]
    options: {"1": thanks}
    timeout: 1s
    attempts: 1
    on: {no_input: end, no_match: end}
  thanks: {type: play, prompt: [thanks.wav], next: end}
"""


async def test_servers_share_the_calls_and_one_that_is_gone_is_passed_over(
    folder: Path, tls: tuple[ssl.SSLContext, ssl.SSLContext], tmp_path: Path
):
    thanks = speech(0.6, seed=12)
    (tmp_path / "flows" / "prompts").mkdir(parents=True)
    write_wav(tmp_path / "flows" / "prompts" / "choice.wav", speech(3.0, seed=11))
    write_wav(tmp_path / "flows" / "prompts" / "thanks.wav", thanks)
    async with served(tmp_path, {"menu.yaml": MENU}) as server:
        gone = ("127.0.0.1", free_port())
        async with (
            kamailio(folder, [gone, server.address]) as proxy,
            StreamUa.connect(proxy.tls, tls[1]) as phone,
        ):
            calls = [await phone.invite("32", phone.peer) for _ in range(2)]  # one for each server
            await asyncio.gather(*(call.answered(timeout=10) for call in calls))
            await asyncio.gather(*(call.rtp.wait_for(1, timeout=5) for call in calls))
            await asyncio.gather(*(call.rtp.press("1") for call in calls))
            await asyncio.gather(*(asyncio.wait_for(call.over.wait(), 6) for call in calls))
        records = await server.recorded(2)
    assert [step["outcome"] for record in records for step in record["path"]] == ["1", "next"] * 2
    for call in calls:
        heard = b"".join(alaw_decode(packet.payload) for packet in call.rtp.audio())
        assert locate(heard, thanks.samples)[1] >= 35
