"""Kamailio as a private process on loopback, with the configuration file that the documentation shows."""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
import ssl
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from support.ports import free_port

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "kamailio.cfg"

PROGRAM = shutil.which("kamailio", path="/usr/sbin:/usr/local/sbin:/usr/bin") or "kamailio"


def contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS for a server and for a client, with a certificate of our own for 127.0.0.1 (`server.pem`, `server.key`)."""
    files = ("-keyout", folder / "server.key", "-out", folder / "server.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", *files],
        check=True, capture_output=True,
    )  # fmt: skip
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem", folder / "server.key")
    return server, ssl.create_default_context(cafile=str(folder / "server.pem"))


@dataclass
class Kamailio:
    """A running one; addresses are (host, port)."""

    tls: tuple[str, int]
    tcp: tuple[str, int]
    udp: tuple[str, int]
    log: Path


def configuration(values: dict[str, str]) -> str:
    """The example with other values for its definitions. Raises ValueError for one that it does not have."""
    text = EXAMPLE.read_text()
    for name, value in values.items():
        text, count = re.subn(rf"(?m)^(#!define {name}) .*$", lambda match: f"{match[1]} {value}", text)  # noqa: B023
        if count != 1:
            raise ValueError(f"{EXAMPLE.name} defines {name} {count} times")
    return text


@asynccontextmanager
async def kamailio(folder: Path, servers: Sequence[tuple[str, int]], operator: str = "") -> AsyncIterator[Kamailio]:
    """Run it before `servers`; calls from them go to the SIP URI `operator`. `contexts(folder)` comes first."""
    tls, tcp, udp = (("127.0.0.1", port) for port in (free_port(), free_port(), free_port()))
    (folder / "dispatcher.list").write_text("".join(f"1 sip:{host}:{port}\n" for host, port in servers))
    values = {
        "OUTSIDE_TLS": "tls:{}:{}".format(*tls),
        "OUTSIDE_TCP": "tcp:{}:{}".format(*tcp),
        "INSIDE": "udp:{}:{}".format(*udp),
        "OPERATOR": f'"{operator}"',
        "SERVERS": f'"{folder / "dispatcher.list"}"',
        "CERTIFICATE": f'"{folder / "server.pem"}"',
        "KEY": f'"{folder / "server.key"}"',
        "AUTHORITIES": f'"{folder / "server.pem"}"',
        "PING": "60",
        "PATIENCE": "3000",  # a busy machine may take more than a second to send 100, and is no server that is gone
    }
    (folder / "kamailio.cfg").write_text(configuration(values))
    log = folder / "kamailio.log"
    with log.open("w") as errors:
        process = await asyncio.create_subprocess_exec(
            PROGRAM, "-DD", "-E", "-m", "32", "-M", "4", "-w", folder, "-Y", folder,
            "-f", folder / "kamailio.cfg", stdout=errors, stderr=errors,
        )  # fmt: skip
    try:
        for address in (tls, tcp):
            assert await _listens(address, process), log.read_text()
        yield Kamailio(tls, tcp, udp, log)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            await process.wait()


async def _listens(address: tuple[str, int], process: asyncio.subprocess.Process) -> bool:
    """Wait until a connection is taken; False when the process has ended instead."""
    async with asyncio.timeout(10):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection(*address)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return True
    return False
