"""Two companions, two SIP phones, and a caller, with `flowctl serve`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from support.companions import companion
from support.linkhouse import SEARCH
from support.served import served
from support.sipua import SipUa

FLOWS = {"search.yaml": SEARCH.replace("METHOD", "broadcast").replace("voice: en\n", "")}


def write_people(root: Path, phones: dict[str, str], pop: Path) -> None:
    agents = [{"code": code, "first_name": code, "password": "secret", "phone": uri} for code, uri in phones.items()]
    centre = {"name": "support", "agents": list(phones), "screen_pop": [str(pop), "{variables_file}", "{caller}"]}
    file = root / "directory.yaml"
    file.write_text(json.dumps({"agents": agents, "centres": [centre]}))
    file.chmod(0o600)


async def test_a_call_finds_the_one_who_accepts_and_their_screen_shows_the_caller(tmp_path: Path) -> None:
    pop = tmp_path / "pop"
    pop.write_text('#!/bin/sh\ncp "$1" "$0.variables"\necho "$2" > "$0.caller"\n')
    pop.chmod(0o755)
    (desk := tmp_path / "desk").mkdir()
    async with SipUa.open() as caller, SipUa.open() as phone, SipUa.open() as other:
        write_people(tmp_path, {"201": phone.uri("201"), "202": other.uri("202")}, pop)
        async with (
            served(tmp_path, FLOWS) as server,
            companion(desk, server.link_port, "201", "--no-sound", "--allow-command", str(pop)) as anne,
            companion(tmp_path, server.link_port, "202", "--no-sound", "--language", "fr") as hugo,
        ):
            for one in (anne, hugo):
                await one.got(type="state", state="available")
            call = await caller.invite("32", server.address, cli="0143670903")
            shown = await anne.got(type="event", event="P")
            await hugo.got(type="event", event="P", call=shown["call"])
            anne.say(type="accept", call=shown["call"])
            rings = await phone.next_call(timeout=10)
            await anne.got(type="screen_pop", result="ended", detail="0")
            rings.ring()
            await rings.answer()
            await call.answered(timeout=10)
            await anne.got(type="state", state="on_call")
            assert (await hugo.got(type="event", event="T"))["reason"] == "pris par 201"
            await call.bye()
            await asyncio.wait_for(rings.over.wait(), 5)
            await anne.got(type="state", state="available")
        assert not other.log
    assert (tmp_path / "pop.caller").read_text() == "+33143670903\n"
    assert "client : 4711\n" in (tmp_path / "pop.variables").read_text()
    assert (desk / "Variables.txt").read_text() == (tmp_path / "pop.variables").read_text()
