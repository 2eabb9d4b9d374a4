"""Click-to-call of a real server, by SIP."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import ssl
import wave
from pathlib import Path

import httpx
from support.served import FLOWCTL, run, served
from support.sipua import SipUa, until
from websockets.asyncio.client import connect

SAID = bytes(range(0x80, 0xD0)) * 2


def write_people(root: Path, phone: str) -> None:
    file = root / "directory.yaml"
    agents = [{"code": "201", "password": "secret", "phone": phone}]
    file.write_text(json.dumps({"agents": agents, "centres": [{"name": "support", "agents": ["201"]}]}))
    file.chmod(0o600)


async def ordered(client: httpx.AsyncClient, order: dict[str, object], headers: dict[str, str]) -> str:
    """The id of a call that is begun as soon as the agent is free."""
    async with asyncio.timeout(5):
        while (made := await client.post("/api/v1/calls", json=order, headers=headers)).status_code == 409:
            await asyncio.sleep(0.02)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def test_a_token_a_click_two_telephones_and_a_recording(tmp_path: Path) -> None:
    async with SipUa.open() as desk, SipUa.open() as operator:
        write_people(tmp_path, desk.uri("27"))
        settings = {
            "web": {"listen": "127.0.0.1:0"},
            "language": "fr",
            "sip": {"trunks": {"operator": {"host": "127.0.0.1", "port": operator.port}}},
        }
        async with served(tmp_path, {}, **settings) as server:
            config = ("--config", str(tmp_path / "server.yaml"))
            _, token, _ = await run(*FLOWCTL, "token", "201", *config)
            _, crm, _ = await run(*FLOWCTL, "token", "crm", "--application", *config)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.web_port}", trust_env=False) as client:
                address = f"/?CALL&201&&0143670903&token={token.strip()}"
                page = await client.get(address)
                assert (page.status_code, "votre poste" in page.text) == (200, True), page.text
                agent = await desk.next_call()
                agent.ring()
                await agent.answer()
                number = await operator.next_call()
                assert number.requests[0].start.startswith("INVITE sip:0143670903@")
                number.ring()
                await until(lambda: agent.rtp.received)  # the tone
                await number.answer()
                async with asyncio.timeout(3):
                    while not any(packet.payload == SAID for packet in number.rtp.received):
                        agent.rtp.send(SAID)
                        await asyncio.sleep(0.02)
                await number.bye()
                await agent.over.wait()
                # The agent puts the receiver down while the next number rings, which then rings no more.
                headers = {"Authorization": f"Bearer {crm.strip()}"}
                order = {"agent": "201", "number": "0143670903", "record": True}
                await ordered(client, order, headers)
                agent = await desk.next_call()
                await agent.answer()
                number = await operator.next_call()
                number.ring()
                await agent.bye()
                await number.over.wait()
                # Recorded from its connection on.
                call = await ordered(client, order, headers)
                agent = await desk.next_call()
                await agent.answer()
                number = await operator.next_call()
                await number.answer()
                await asyncio.sleep(0.3)
                await agent.bye()
                await number.over.wait()
                records = await server.recorded(3)
                state = (await client.get(f"/api/v1/calls/{call}", headers=headers)).json()
    assert [record["result"] for record in records] == ["ended", "caller_hung_up", "ended"]
    assert [record["direction"] for record in records] == ["out"] * 3
    assert state["recording"] == records[2]["recordings"][0]["file"]
    with wave.open(state["recording"]) as file:
        assert file.getnchannels() == 2
    assert token.strip() not in server.log()


async def test_a_browser_over_tls_is_told_when_the_server_stops(tmp_path: Path) -> None:
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost")
    await run(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names,
        "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem",
    )  # fmt: skip
    trusted = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    write_people(tmp_path, "sip:27@127.0.0.1")
    web = {"listen": "127.0.0.1:0", "tls": {"certificate": "cert.pem", "key": "key.pem"}}
    async with served(tmp_path, {}, web=web, agent_link=None) as server:
        url = f"https://127.0.0.1:{server.web_port}"
        async with httpx.AsyncClient(base_url=url, trust_env=False, verify=trusted) as client:
            answer = await client.post("/api/v1/agents/201/ticket", json={"password": "secret"})
        ticket = answer.json()["ticket"]
        async with connect(f"wss://127.0.0.1:{server.web_port}/agent-link", ssl=trusted, proxy=None) as anne:
            await anne.send(json.dumps({"type": "open", "protocol": 1, "ticket": ticket}))
            async with asyncio.timeout(5):
                while json.loads(await anne.recv()).get("event") != "A":
                    pass
            await renewed(tmp_path, server.web_port, *names)
            server.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(5):
                while json.loads(await anne.recv()).get("error") != "stopping":
                    pass
        assert await asyncio.wait_for(server.process.wait(), 10) == 0
    assert "Traceback" not in server.log()


async def renewed(folder: Path, port: int, *names: str) -> None:
    """New connections get the new certificate, without a restart."""
    await run(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names,
        "-keyout", folder / "key.pem", "-out", folder / "cert.pem",
    )  # fmt: skip
    new = (folder / "cert.pem").read_text().split()
    async with asyncio.timeout(8):
        while (await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port), timeout=5)).split() != new:
            await asyncio.sleep(0.1)


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        (tmp_path / "flows").mkdir()
        document = {"web": {"listen": listen}, "sip": {"listen": "127.0.0.1:0"}, "agent_link": None}
        (tmp_path / "server.yaml").write_text(json.dumps(document))
        status, _, errors = await run(*FLOWCTL, "serve", "--config", tmp_path / "server.yaml")
    assert (status, f"web server on {listen}" in errors) == (2, True), errors
