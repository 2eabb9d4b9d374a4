"""The list of channels of a real server: a call too many, switches that change while it runs, counters."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from support.served import Served, served
from support.sipua import Call, SipUa

WAITING = """
format: 1
name: waiting
did: ["32"]
start: hello
nodes:
  hello: {type: answer, next: pause}
  pause: {type: wait, duration: 60s, next: end}
"""


def counters(server: Served) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((server.root / "var" / "counters.json").read_text())
    return document


async def change(server: Served, times: int, **settings: Any) -> None:
    """Save other settings, and wait until the server has said so for the time `times`."""
    file = server.root / "server.yaml"
    document = json.loads(file.read_text())
    await asyncio.to_thread(file.write_text, json.dumps({**document, **settings}))
    async with asyncio.timeout(5):
        while server.log().count("channels: ") + server.log().count("channels stay as they were") < times:
            await asyncio.sleep(0.05)


async def test_a_call_too_many_is_refused_at_once_and_counted(tmp_path: Path):
    async with served(tmp_path, {"w.yaml": WAITING}, channels={"sip": {"count": 2}}) as server, SipUa.open() as ua:
        calls = []
        for _ in range(2):
            # One after the other: the first has the lowest channel.
            calls.append(await ua.invite("32", server.address))
            await calls[-1].answered()
        late = await ua.invite("32", server.address)
        final = await late.response(*range(200, 700), timeout=0.5)
        assert final.status == 503
        await server.logged("channels of sip: 2 of 2 are in use")
        async with asyncio.timeout(5):
            while not (server.root / "var" / "counters.json").exists() or counters(server)["busy"] != 2:
                await asyncio.sleep(0.05)
        await calls[0].bye()
        after = await ua.invite("32", server.address)
        await after.answered()
        for call in (calls[1], after):
            await call.bye()
        records = await server.recorded(3)
    assert sorted(record["channel"] for record in records) == ["sip/1", "sip/1", "sip/2"]
    assert counters(server)["busy"] == 0
    expected = {"incoming": 3, "outgoing": 0, "refused": 1, "left_ringing": 0, "most_busy": 2}
    assert counters(server)["ever"] == expected
    none = {"sip": {"count": 0, "full": "busy"}}
    async with served(tmp_path, {"w.yaml": WAITING}, channels=none) as server, SipUa.open() as ua:
        final = await (await ua.invite("32", server.address)).response(*range(200, 700), timeout=0.5)
        assert final.status == 486
    assert counters(server)["ever"] == {**expected, "refused": 2}


async def test_a_switch_holds_from_the_next_call_on_while_the_server_runs(tmp_path: Path):
    async def rings(call: Call) -> bool:
        await call.response(180)
        await asyncio.sleep(0.6)
        return all(message.status < 200 for message in call.responses if message.method == "INVITE")

    async with served(tmp_path, {"w.yaml": WAITING}) as server, SipUa.open() as ua:
        kept = await ua.invite("32", server.address)
        await kept.answered()
        await change(server, 1, channels={"sip": {"bar": ["reception"]}})
        barred = await ua.invite("32", server.address)
        assert await rings(barred)
        barred.cancel()
        assert (await barred.response(*range(200, 700))).status == 487

        await change(server, 2, channels={"sip": {"bar": ["reception"]}, "sip/0": {"colour": "red"}})
        assert "sip/0.colour" in server.log()
        still = await ua.invite("32", server.address)
        assert await rings(still)

        # What else is changed waits: these trunks and their channels do not exist yet.
        trunks = {"listen": f"127.0.0.1:{server.port}", "overload": "0s", "trunks": {"op": {"host": "192.0.2.1"}}}
        await change(server, 3, channels={"sip/op": {"count": 3}}, sip=trunks, drain="9s")
        await server.logged("changes of the settings that wait for a restart: drain, sip")
        assert "channels.sip/op: there is no such line; there are sip" in server.log()

        await change(server, 4, channels={})
        await still.answered()  # it was left ringing, and is let in
        free = await ua.invite("32", server.address)
        await free.answered()
        for call in (still, free, kept):
            await call.bye()
        records = await server.recorded(3)
    assert len(records) == 3
    assert counters(server)["ever"]["left_ringing"] == 2
