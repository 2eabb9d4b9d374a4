"""Transfers of a real server: a scenario that hands its caller over, and an agent's phone that passes one on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote

import pytest
from support.served import run, served
from support.sipua import SipUa, sdp, until

SAID = bytes(range(0x80, 0xD0)) * 2


def scenario(kind: str, to: str) -> str:
    return f"""
format: 1
name: hand_over
did: ["32"]
start: a
nodes:
  a: {{type: {kind}, to: "{to}", on: {{{{OUTCOMES}}}}}}
"""


TRANSFER = "transferred: end, busy: end, no_answer: end, failed: end"
BRIDGE = "ended: end, busy: end, no_answer: end, rejected: end, failed: end"


async def hears(rtp, other):
    async with asyncio.timeout(3):
        while not any(packet.payload == SAID for packet in rtp.received):
            other.send(SAID)
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("knows", [True, False])
async def test_a_scenario_hands_its_caller_over(tmp_path: Path, knows: bool):
    """By REFER; a far end that does not know it is bridged."""
    async with SipUa.open() as phone, SipUa.open() as agent:
        text = scenario("transfer", agent.uri("201")).replace("{OUTCOMES}", TRANSFER)
        async with served(tmp_path, {"a.yaml": text}) as server:
            caller = await phone.invite("32", server.address)
            caller.on_refer = lambda request: caller.reply(request, 202 if knows else 405)
            await caller.answered()
            refer = await caller.request("REFER")
            assert refer.get("Refer-To") == f"<{agent.uri('201')}>"
            if knows:
                caller.notify("200 OK", state="terminated;reason=noresource")
                await caller.over.wait()
            else:
                call = await agent.next_call()
                await call.answer()
                await hears(call.rtp, caller.rtp)
                await call.bye()
            (record,) = await server.recorded(1)
    assert record["result"] == "transferred"
    assert record["path"][0]["outcome"] == "transferred"


async def test_sipp_callers_are_held_and_transferred(tmp_path: Path):
    xml = Path(__file__).parent / "sipp" / "uac_transferred.xml"
    text = """
format: 1
name: hand_over
did: ["32"]
start: a
nodes:
  a: {type: answer, next: b}
  b: {type: wait, duration: 1s, next: c}
  c: {type: transfer, to: "sip:201@192.0.2.7", on: {OUTCOMES}}
""".replace("{OUTCOMES}", f"{{{TRANSFER}}}")
    async with served(tmp_path, {"a.yaml": text}) as server:
        status, _, errors = await run(
            "sipp", "-sf", xml, "-s", "32", "-m", "3", "-r", "3", "-i", "127.0.0.1", "-nostdin",
            f"127.0.0.1:{server.port}", cwd=tmp_path,
        )  # fmt: skip
        assert status == 0, errors
        records = await server.recorded(3)
    assert [(record["result"], record["transferred_to"]) for record in records] == [
        ("transferred", "sip:201@192.0.2.7")
    ] * 3


@pytest.mark.parametrize("speaks", [False, True])
async def test_an_agents_phone_passes_the_caller_on(tmp_path: Path, speaks: bool):
    """speaks: the new line says something before it answers, which the caller hears instead of the ring tone."""
    async with SipUa.open() as phone, SipUa.open() as agents, SipUa.open() as colleagues:
        text = scenario("bridge", agents.uri("201")).replace("{OUTCOMES}", BRIDGE)
        async with served(tmp_path, {"a.yaml": text}) as server:
            caller = await phone.invite("32", server.address)
            agent = await agents.next_call()
            await agent.answer()
            await caller.answered()
            await hears(agent.rtp, caller.rtp)
            agent._request("REFER", "", [("Refer-To", f"<{colleagues.uri('202')}>"), ("Contact", agent.contact)])
            assert (await agent.response(method="REFER")).status == 202
            colleague = await colleagues.next_call()
            colleague.ring()
            caller.rtp.received.clear()
            await until(lambda: any(len(set(packet.payload)) > 1 for packet in caller.rtp.audio()))  # a ring tone
            assert not any(packet.payload == SAID for packet in caller.rtp.received)
            if speaks:
                colleague._use(colleague.requests[0].body)
                colleague.reply(colleague.requests[0], 183, sdp(*colleague.rtp.address))
                await hears(caller.rtp, colleague.rtp)
            await colleague.answer()
            await agent.over.wait()
            assert "sip:0143670903@" in colleague.requests[0].get("From")
            await hears(colleague.rtp, caller.rtp)
            caller.rtp.received.clear()
            await hears(caller.rtp, colleague.rtp)
            await caller.bye()
            await colleague.over.wait()
            (record,) = await server.recorded(1)
    assert record["result"] == "caller_hung_up"


@pytest.mark.parametrize("way", ["replaced", "refused", "unknown"])
async def test_an_attended_transfer_by_a_second_line(tmp_path: Path, way: str):
    """The number answers, then the caller's far end takes our place there (RFC 3891), or does not."""
    async with SipUa.open() as phone, SipUa.open() as agents:
        text = scenario("transfer", agents.uri("201")).replace("{OUTCOMES}", TRANSFER)
        settings = {"telephony": {"transfer": {"method": "driver", "channel": "second"}}}
        async with served(tmp_path, {"a.yaml": text}, **settings) as server:
            caller = await phone.invite("32", server.address)
            caller.on_refer = lambda request: caller.reply(request, 405 if way == "unknown" else 202)
            await caller.answered()
            agent = await agents.next_call()
            assert not any(message.method == "REFER" for message in caller.requests)
            await agent.answer()
            refer = await caller.request("REFER")
            assert quote(agent.call_id, safe="") in refer.get("Refer-To")
            if way == "unknown":
                await hears(agent.rtp, caller.rtp)  # bridged
                await agent.bye()
            elif way == "refused":
                caller.notify("486 Busy Here", state="terminated;reason=noresource")
                await agent.over.wait()
            else:
                caller.notify("200 OK", state="terminated;reason=noresource")
                await caller.over.wait()
                assert not agent.over.is_set()  # whom the exchange has connected is not hung up on
                await agent.bye()
            (record,) = await server.recorded(1)
    outcome = "busy" if way == "refused" else "transferred"
    assert (record["result"], record["path"][0]["outcome"]) == (
        "ended" if way == "refused" else "transferred",
        outcome,
    )
