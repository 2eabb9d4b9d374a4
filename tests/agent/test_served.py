"""The companion with `flowctl serve`: a call by SIP, and a server that is killed and comes back."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from contextlib import AsyncExitStack
from pathlib import Path

from support.companions import companion
from support.linkhouse import SEARCH
from support.served import dial, served

FLOWS = {"search.yaml": SEARCH.replace("METHOD", "broadcast").replace("voice: en\n", "")}


def write_people(root: Path) -> None:
    document = {
        "agents": [{"code": "201", "first_name": "Anne", "password": "secret", "phone": "sip:201@127.0.0.1:9"}],
        "centres": [{"name": "support", "agents": ["201"]}],
    }
    file = root / "directory.yaml"
    file.write_text(json.dumps(document))
    file.chmod(0o600)


def free_tcp_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


async def test_a_server_that_was_killed_finds_its_agents_again(tmp_path: Path) -> None:
    write_people(tmp_path)
    settings = {"agent_link": {"listen": f"127.0.0.1:{free_tcp_port()}"}}
    async with AsyncExitStack() as stack:
        async with served(tmp_path, FLOWS, status=-signal.SIGKILL, **settings) as server:
            anne = await stack.enter_async_context(companion(tmp_path, server.link_port, "201", "--no-sound"))
            await anne.got(type="event", event="A")
            anne.say(type="unavailable", reason="lunch")
            await anne.got(type="state", state="unavailable", reason="lunch")
            server.process.kill()
            await server.process.wait()
            await anne.got(type="lost")
        async with served(tmp_path, FLOWS, **settings) as server:
            await anne.got(type="event", event="A", timeout=20)
            await anne.got(type="state", state="unavailable", reason="lunch")
            anne.say(type="available")
            await anne.got(type="state", state="available")
            call = asyncio.create_task(dial(server.uri("32"), "--from", "0143670903", "--duration", "1s"))
            shown = await anne.got(type="event", event="P", centre="support")
            assert shown["cli"] == "0143670903"
            await call
            assert (await anne.got(type="event", event="T", call=shown["call"]))["reason"] == "the caller hung up"
