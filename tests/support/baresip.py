"""A real softphone, baresip, in a process of its own: it registers, answers every call, and calls when told to.

It refuses to work on loopback, so it takes the machine's own address; see `own_address`.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

CONFIG = """\
sip_listen {host}:0
audio_player aubridge,nil
audio_source aubridge,nil
audio_alert aubridge,nil
module_path /usr/lib/baresip/modules
module aubridge.so
module g711.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
"""


def own_address() -> str:
    """An IPv4 address of this machine that is not loopback; empty when there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.9", 9))  # sends nothing
        except OSError:
            return ""
        host: str = probe.getsockname()[0]
    return "" if host.startswith("127.") else host


class Baresip:
    """Its control connection; `log` is what it has printed."""

    def __init__(self, control: tuple[asyncio.StreamReader, asyncio.StreamWriter], log: Path) -> None:
        self._writer = control[1]
        self.log = log

    def command(self, command: str, parameters: str = "") -> None:
        """Such as `dial sip:32@192.0.2.5` or `hangup`."""
        message = json.dumps({"command": command, "params": parameters})
        self._writer.write(f"{len(message)}:{message},".encode())


@asynccontextmanager
async def baresip(folder: Path, user: str, password: str, registrar: tuple[str, int]) -> AsyncIterator[Baresip]:
    """Run it with one account; its registration is on its way when the block begins, and given back at its end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        control = probe.getsockname()[1]
    host, port = registrar
    (folder / "config").write_text(CONFIG.format(host=host, control=control))
    (folder / "accounts").write_text(f"<sip:{user}@{host}:{port}>;auth_pass={password};answermode=auto;regint=60\n")
    log = folder / "log"
    with log.open("w") as output:
        process = await asyncio.create_subprocess_exec(
            "baresip", "-f", str(folder), "-4", stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        connection = await _connected(control)
        yield Baresip(connection, log)
        connection[1].close()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(5):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
