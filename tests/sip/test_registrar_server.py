"""A server whose settings have phones and a trunk: `flowctl serve` as people run it."""

from __future__ import annotations

import asyncio

from support.served import served
from support.sipphone import Phone
from support.sipregistrar import Operator
from support.sipua import SipUa

DESK = """
format: 1
name: desk
did: ["32"]
start: connect
nodes:
  connect: {type: bridge, to: "201", on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}}
"""

OUTSIDE = """
format: 1
name: outside
did: ["33"]
start: connect
nodes:
  connect: {type: bridge, to: "0143670903", on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}}
"""


async def test_a_phone_calls_a_scenario_that_calls_a_phone_and_the_operator(tmp_path):
    async with Operator.open("s3cret") as operator, SipUa.open() as desk_ua, SipUa.open() as other_ua:
        (tmp_path / "operator.password").write_text("s3cret\n")
        (tmp_path / "operator.password").chmod(0o600)
        trunk = {"host": "127.0.0.1", "port": operator.port, "user": "me", "password_file": "operator.password"}
        phones = {"users": {"201": {"password": "one"}, "202": {"password": "two"}}}
        sip = {"allow": ["127.0.0.9/32"], "trunks": {"operator": {**trunk, "register": True}}, "phones": phones}
        (tmp_path / "server.yaml").touch(mode=0o600)
        async with served(tmp_path, {"desk.yaml": DESK, "outside.yaml": OUTSIDE}, sip=sip) as server:
            await server.logged("trunk operator is up")
            desk, other = Phone(desk_ua, "201", "one", server.address), Phone(other_ua, "202", "two", server.address)
            assert (await desk.register()).status == 200
            call = await other.call("32")
            ringing = await desk_ua.next_call()
            assert "<sip:202@127.0.0.1>" in ringing.requests[0].get("From")
            await asyncio.gather(ringing.answer(), call.answered())
            await ringing.bye()
            await call.request("BYE")
            call = await other.call("33")
            await operator.request("INVITE", 2)
            await call.request("BYE")
            records = await server.recorded(2)
            assert [(record["cli"], record["did"]) for record in records] == [("202", "32"), ("202", "33")]
            assert operator.of("INVITE")[0].start.startswith("INVITE sip:0143670903@127.0.0.1")
        assert "s3cret" not in server.log()
