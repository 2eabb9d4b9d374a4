"""Records of a server that runs: what is in them, and what is nowhere."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from support.linkclient import clients
from support.linkhouse import SEARCH
from support.served import FLOWCTL, run, served
from support.sipua import SipUa

PIN = "8317264"

SECRET = """
format: 1
name: secret
did: ["33"]
variables: {pin: {type: string, default: "", masked: true}, said: {type: string, default: ""}}
start: code
nodes:
  code:
    type: collect
    prompt: [{silence: 100ms}]
    variable: pin
    min_digits: 7
    max_digits: 7
    on: {collected: again, no_input: end, invalid: end}
  again:
    type: collect
    prompt: [{silence: 100ms}]
    variable: said
    min_digits: 2
    max_digits: 2
    on: {collected: end, no_input: end, invalid: end}
"""


async def shown(root: Path, *words: str) -> list[dict[str, Any]]:
    """What `flowctl records` prints."""
    status, out, err = await run(
        *FLOWCTL, "records", "--config", root / "server.yaml", "--format", "json", *words
    )  # fmt: skip
    assert status == 0, err
    found: list[dict[str, Any]] = json.loads(out)
    return found


async def test_masked_keys_are_nowhere(tmp_path: Path):
    async with served(tmp_path, {"secret.yaml": SECRET}) as server, SipUa.open() as ua:
        call = await ua.invite("33", server.address)
        await call.answered()
        await asyncio.sleep(0.3)
        for key in PIN + "12":
            await call.rtp.press(key)
            await asyncio.sleep(0.05)
        await asyncio.wait_for(call.over.wait(), 10)
        (record,) = await server.recorded(1)
        assert record["keys"] == "xxxxxxx12"
        await server.drained()
        kept = b"".join(path.read_bytes() for path in (tmp_path / "var").rglob("*") if path.is_file())
        assert b"xxxxxxx12" in kept
        assert PIN.encode() not in kept
        assert PIN not in server.log()
    assert PIN.encode() not in (tmp_path / "var" / "flowctl.db").read_bytes()


def write_people(root: Path) -> None:
    agents = [{"code": code, "password": "secret", "phone": f"sip:{code}@127.0.0.1:9"} for code in "12"]
    file = root / "directory.yaml"
    file.write_text(json.dumps({"agents": agents, "centres": [{"name": "support", "agents": ["1", "2"]}]}))
    file.chmod(0o600)


async def test_offers_to_agents_are_shown_while_the_server_runs_and_when_it_does_not(tmp_path: Path):
    write_people(tmp_path)
    flows = {"search.yaml": SEARCH.replace("METHOD", "broadcast").replace("voice: en\n", "")}
    async with served(tmp_path, flows) as server, clients(server.link_port, 2) as (anne, hugo), SipUa.open() as ua:
        await anne.log_in("1")
        await hugo.log_in("2")
        call = await ua.invite("32", server.address, cli="0143670903")
        await anne.got(type="event", event="P")
        await hugo.got(type="event", event="P")
        assert await shown(tmp_path) == []
        await call.answered()
        assert (await call.bye()).status == 200
        await server.recorded(1)
        (found,) = await shown(tmp_path, "--with-offers")
        assert found["result"] == "caller_hung_up"
        assert len(found["offers"]) in (0, 2), "they are written together"
        await server.drained()
        (found,) = await shown(tmp_path, "--cli", "0143670903", "--with-offers")
        assert [search["outcome"] for search in found["searches"]] == ["caller_hung_up"]
        assert sorted((offer["agent"], offer["outcome"]) for offer in found["offers"]) == [
            ("1", "withdrawn"), ("2", "withdrawn")
        ]  # fmt: skip
    assert (await shown(tmp_path, "--id", found["id"]))[0] == found
