"""`flowctl status` of a real server: who calls, who waits, what agents do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.served import Served, served
from support.sipua import SipUa
from typer.testing import CliRunner

from engine.messages import use_language
from tools.flowctl.commands import status as command

CENTRE = """
format: 1
name: centre
did: ["33"]
start: hello
nodes:
  hello: {type: answer, next: find}
  find:
    type: agent_search
    centre: support
    method: broadcast
    timeout: 60s
    on: {transferred: end, nobody: end, timeout: end}
"""


def people(phone: str) -> str:
    return f"""
agents:
  - {{code: "201", first_name: Anne, last_name: Martin, password: secret, phone: "27"}}
  - {{code: "202", first_name: Hugo, last_name: "[bold]Roy", phone: "{phone}"}}
centres:
  - {{name: support, agents: ["201", "202"]}}
"""


async def status(server: Served, *words: str, code: int = 0) -> str:
    options = ["--config", str(server.root / "server.yaml"), *words]
    result = await asyncio.to_thread(CliRunner().invoke, command.app, options, env={"LC_ALL": "C", "COLUMNS": "200"})
    assert result.exit_code == code, result.output
    return result.stdout


async def until(server: Served, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The status, as soon as it is so."""
    path = server.root / "var" / "status.json"
    async with asyncio.timeout(8):
        while not path.exists() or not true(json.loads(path.read_bytes())):
            await asyncio.sleep(0.05)
    document: dict[str, Any] = json.loads(await status(server, "--format", "json"))
    return document


def taken(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [channel for channel in document["channels"] if channel.get("direction")]


async def test_a_call_is_followed_from_waiting_to_its_agent(tmp_path: Path):
    async with SipUa.open() as ua, SipUa.open() as phone:
        (tmp_path / "directory.yaml").write_text(people(phone.uri("202")))
        async with served(tmp_path, {"c.yaml": CENTRE}, channels={"sip": {"count": 4}}) as server:
            first = await ua.invite("33", server.address, cli="0143670903")
            rung = await phone.next_call()
            rung.ring()
            second = await ua.invite("33", server.address, cli="+447700900123")
            found = await until(server, lambda document: len(document["waiting"]) == 2)
            assert (found["running"], found["name"], found["phase"], found["calls"]) == (True, "main", "serving", 2)
            assert [(call["centre"], call["position"], call["caller"]) for call in found["waiting"]] == [
                ("support", 1, "+33143670903"), ("support", 2, "+447700900123"),
            ]  # fmt: skip
            channels = {channel["id"]: channel for channel in taken(found)}
            assert channels["sip/1"]["cli"] == "0143670903"
            assert (channels["sip/1"]["scenario"], channels["sip/1"]["node"]) == ("centre", "find")
            (out,) = [channel for channel in channels.values() if channel["direction"] == "out"]
            assert (out["state"], out["partner"], out["did"]) == ("ringing", "sip/1", phone.uri("202"))
            assert found["channels"][3]["state"] == "free"
            assert {agent["code"]: agent["state"] for agent in found["agents"]} == {
                "201": "logged_out", "202": "offered",
            }  # fmt: skip
            assert found["counters"]["today"] == {**found["counters"]["today"], "incoming": 2, "outgoing": 1}
            assert (tmp_path / "var" / "status.json").stat().st_mode & 0o777 == 0o600

            await rung.answer()
            found = await until(server, lambda document: len(document["waiting"]) == 1)
            assert found["waiting"][0]["position"] == 1
            (caller,) = [channel for channel in taken(found) if channel["cli"] == "0143670903"
                         and channel["direction"] == "in"]  # fmt: skip
            assert (caller["agent"], caller["state"]) == ("202", "busy")
            hugo = next(agent for agent in found["agents"] if agent["code"] == "202")
            assert (hugo["state"], hugo["call"]) == ("on_call", caller["call"])

            text = await status(server, "--language", "fr")
            assert "appels en cours : 2" in text
            assert "Hugo [bold]Roy" in text and "en communication" in text
            assert "0143670903" in text and "1 canal est libre" in text
            use_language("en")
            for call in (first, second):
                await call.bye()
        document = json.loads(await status(server, "--format", "json", code=1))
        assert document == {"running": False}
        assert "not running" in await status(server, code=1)
