"""pyVoIP in a server, which is a process of its own."""

from __future__ import annotations

import asyncio

from support.ports import free_port
from support.served import served
from support.sipp import sipp
from support.sipua import SipUa, until

GREETING = """
format: 1
name: greeting
did: ["32"]
start: hello
nodes:
  hello: {type: play, prompt: [{silence: 300ms}], next: end}
"""

CONNECT = """
format: 1
name: connect
did: ["33"]
start: dear
nodes:
  dear:
    type: bridge
    to: "sip:0899700000@PEER"
    on: {ended: end, busy: end, no_answer: end, rejected: end, failed: cheap}
  cheap: {type: bridge, to: "01 43 67 09 00", on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}}
"""


async def test_a_server_with_both_kinds_of_lines(tmp_path):
    port, listen = free_port(), free_port()
    pyvoip = {"listen": f"127.0.0.1:{listen}", "peer": f"127.0.0.1:{port}", "rtp_ports": "25000-25099"}
    async with served(tmp_path, {"greeting.yaml": GREETING}, pyvoip=pyvoip, rtp={"ports": "25700-25799"}) as server:
        one = sipp(tmp_path, "pyvoip_uac_listens", to=("127.0.0.1", listen), port=port)
        async with one, sipp(tmp_path, "pyvoip_uac_listens", to=server.address):
            pass
        records = await server.recorded(2)
        assert {record["channel"] for record in records} == {"sip/1", "pyvoip/1"}
        assert {record["result"] for record in records} == {"ended"}
        assert "pyvoip: at most 25 calls" in server.log()


async def test_a_caller_is_connected_by_the_rules_for_numbers(tmp_path):
    listen = free_port()
    async with SipUa.open() as peer:
        where = f"{peer.host}:{peer.port}"
        pyvoip = {"listen": f"127.0.0.1:{listen}", "peer": where, "rtp_ports": "25100-25199"}
        async with served(tmp_path, {"connect.yaml": CONNECT.replace("PEER", where)}, pyvoip=pyvoip) as server:
            caller = await peer.invite("33", ("127.0.0.1", listen), cli="0611223344")
            called = await peer.next_call()
            assert called.requests[0].start.startswith("INVITE sip:0143670900@")
            assert "sip:0611223344@" in called.requests[0].get("From")
            await called.answer(codecs=("PCMU",))
            await caller.answered()
            await caller.rtp.stream(b"\x00" * 160 * 25)
            await until(lambda: any(packet.payload == b"\x00" * 160 for packet in called.rtp.received))
            await asyncio.gather(called.bye(), caller.over.wait())
            (record,) = await server.recorded(1)
            assert [step["outcome"] for step in record["path"]] == ["failed", "ended"]
