"""The agent link of `flowctl serve`."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from pathlib import Path

from support.linkclient import clients
from support.linkhouse import SEARCH
from support.served import FLOWCTL, run, served

from engine.server.agent_link import AgentLinkSettings

FLOWS = {"search.yaml": SEARCH.replace("METHOD", "broadcast").replace("voice: en\n", "")}


def write_people(root: Path) -> None:
    agents = [{"code": code, "password": "secret", "phone": f"sip:{code}@127.0.0.1"} for code in "123"]
    file = root / "directory.yaml"
    file.write_text(json.dumps({"agents": agents, "centres": [{"name": "support", "agents": ["1", "2", "3"]}]}))
    file.chmod(0o600)


async def test_agents_log_in_at_a_running_server_and_are_told_when_it_stops(tmp_path: Path) -> None:
    write_people(tmp_path)
    async with served(tmp_path, FLOWS) as server, clients(server.link_port) as (anne,):
        await anne.log_in("1")
        server.process.send_signal(signal.SIGTERM)
        await anne.got(type="error", error="stopping")
        await anne.over()
        assert await asyncio.wait_for(server.process.wait(), 10) == 0
    assert "secret" not in server.log()


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        (tmp_path / "flows").mkdir()
        (tmp_path / "server.yaml").write_text(
            json.dumps({"agent_link": {"listen": listen}, "sip": {"listen": "127.0.0.1:0"}})
        )
        status, _, errors = await run(*FLOWCTL, "serve", "--config", tmp_path / "server.yaml")
    assert status == 2
    assert f"agent link on {listen}" in errors


def test_who_listens_beyond_this_machine_without_tls_is_warned() -> None:
    assert AgentLinkSettings(listen="0.0.0.0:2957").exposed
    assert not AgentLinkSettings(listen="127.0.0.1:2957").exposed
    assert not AgentLinkSettings(listen="[::1]:2957").exposed
