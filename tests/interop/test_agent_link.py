"""An agent behind a cable that is pulled out: nobody says good-bye."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.linkhouse import link_house
from support.namespace import namespace

from engine.centres.desk import AgentState

AGENT = """
import socket, sys, time
link = socket.create_connection((sys.argv[1], int(sys.argv[2])))
link.sendall(b'{"type":"open","protocol":1,"code":"1","password":"secret"}\\n')
while True:
    link.recv(4096)
    link.sendall(b'{"type":"pong"}\\n')
"""


@pytest.mark.root
async def test_a_pulled_cable_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a tenth of the times."""
    monkeypatch.setattr("engine.server.link.protocol.PING", 0.5)
    monkeypatch.setattr("engine.server.link.protocol.TIMEOUT", 1.5)
    with namespace() as away:
        async with link_house(tmp_path, listen=f"{away.here}:0") as house:
            client = await asyncio.create_subprocess_exec(
                *away.prefix, sys.executable, "-c", AGENT, away.here, str(house.port)
            )
            desk = house.services.centres.desk("1")
            try:
                await until(desk, AgentState.AVAILABLE)
                await asyncio.sleep(2)
                assert desk.state is AgentState.AVAILABLE
                await asyncio.to_thread(
                    subprocess.run, ["ip", "-n", away.name, "link", "set", "eth0", "down"], check=True
                )
                await until(desk, AgentState.LOGGED_OUT, within=2)
            finally:
                client.kill()
                await client.wait()


async def until(desk: Any, state: AgentState, within: float = 5) -> None:
    async with asyncio.timeout(within):
        while desk.state is not state:
            await asyncio.sleep(0.02)
