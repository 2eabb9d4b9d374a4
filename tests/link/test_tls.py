"""The link within TLS."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.linkclient import LinkClient
from support.linkhouse import link_house

from engine.errors import ConfigurationError
from engine.server.agent_link import Tls


def certificate(folder: Path) -> dict[str, Path]:
    """One of its own, for localhost."""
    files = {"certificate": folder / "link.pem", "key": folder / "link.key"}
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", files["certificate"], "-keyout", files["key"]]
    subprocess.run(command, check=True, capture_output=True)
    return files


async def test_lines_are_encrypted_and_cuts_are_explained(tmp_path: Path) -> None:
    files = await asyncio.to_thread(certificate, tmp_path)
    trusting = await asyncio.to_thread(ssl.create_default_context, cafile=files["certificate"])
    async with link_house(tmp_path, tls=files) as house:
        agent = await LinkClient.connect(house.port, tls=trusting)
        await agent.log_in("1")
        long = await LinkClient.connect(house.port, tls=trusting)
        long.raw(b"x" * 17_000)
        await long.got(type="error", error="too_large")
        await long.over()
        agent.send(type="close")
        await agent.over()
        for client in (agent, long):
            await client.close()


async def test_who_speaks_no_tls_or_an_old_one_is_not_let_in(tmp_path: Path) -> None:
    files = await asyncio.to_thread(certificate, tmp_path)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with link_house(tmp_path, tls=files) as house:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await LinkClient.connect(house.port, tls=old)
        plain = await LinkClient.connect(house.port)
        plain.send(type="open", protocol=1, code="1", password="secret")
        await plain.over()
        assert not plain.log
        await plain.close()
        assert house.agents.link.connections == 0


async def test_a_handshake_that_is_not_finished_takes_a_place_for_ten_seconds_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.server.link.tcp.HANDSHAKE", 0.3)
    monkeypatch.setattr("engine.server.link.limits.MOST", 1)
    files = await asyncio.to_thread(certificate, tmp_path)
    trusting = await asyncio.to_thread(ssl.create_default_context, cafile=files["certificate"])
    async with link_house(tmp_path, tls=files) as house:
        silent = await LinkClient.connect(house.port)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await LinkClient.connect(house.port, tls=trusting)
        await silent.over()
        agent = await LinkClient.connect(house.port, tls=trusting)
        await agent.log_in("1")
        for client in (silent, agent):
            await client.close()


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    (tmp_path / "link.pem").write_text("nothing")
    with pytest.raises(ConfigurationError, match=r"link.pem"):
        Tls(certificate=Path("link.pem"), key=Path("link.pem")).context(tmp_path)
    with pytest.raises(ConfigurationError, match=r"agent_link.tls"):
        Tls(certificate=Path("absent.pem"), key=Path("absent.pem")).context(tmp_path)


def shown(port: int) -> str:
    """The certificate that a new connection gets. Blocking."""
    return ssl.get_server_certificate(("127.0.0.1", port), timeout=5)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.02)


async def test_a_renewed_certificate_holds_for_new_connections_and_a_broken_one_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("engine.server.certificate.EVERY", 0.05)
    files = await asyncio.to_thread(certificate, tmp_path)
    trusting = await asyncio.to_thread(ssl.create_default_context, cafile=files["certificate"])
    (tmp_path / "new").mkdir()
    renewed = await asyncio.to_thread(certificate, tmp_path / "new")
    first, second = (kind["certificate"].read_text() for kind in (files, renewed))
    async with link_house(tmp_path, tls=files) as house:
        agent = await LinkClient.connect(house.port, tls=trusting)
        await agent.log_in("1")
        assert shown_as(await asyncio.to_thread(shown, house.port)) == shown_as(first)
        renewed["certificate"].replace(files["certificate"])
        await until(lambda: "the certificate before stays" in caplog.text)
        assert str(files["key"]) in caplog.text
        assert shown_as(await asyncio.to_thread(shown, house.port)) == shown_as(first)
        renewed["key"].replace(files["key"])
        await until(lambda: shown_as(shown(house.port)) == shown_as(second))
        files["key"].unlink()
        caplog.clear()
        await until(lambda: "the certificate before stays" in caplog.text)
        assert shown_as(await asyncio.to_thread(shown, house.port)) == shown_as(second)
        agent.send(type="unavailable", id=9)
        await agent.got(type="ok", id=9)
        await agent.close()


def shown_as(pem: str) -> str:
    return "".join(pem.split())
