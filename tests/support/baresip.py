"""A real softphone, baresip, in a process of its own: it registers, is called, and calls when told to.

It refuses to work on loopback: it takes a namespace (`support.namespace`).
"""

from __future__ import annotations

import asyncio
import json
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from support.namespace import Namespace

CONTROL = 4444

CONFIG = """\
sip_listen {host}:5060
rtp_ports 16000-16999
audio_source aufile,{say}
audio_player aubridge,player
audio_alert aubridge,alert
audio_channels 1
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
module_path /usr/lib/baresip/modules
module aubridge.so
module aufile.so
module sndfile.so
module g711.so
snd_path {folder}
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {host}:{control}
"""


class Baresip:
    """What it tells of itself is in `events`, what it prints in `log`."""

    def __init__(self, folder: Path, writer: asyncio.StreamWriter) -> None:
        self.folder, self.log = folder, folder / "baresip.log"
        self.events: list[dict[str, Any]] = []
        self._writer = writer
        self._changed = asyncio.Event()

    def command(self, command: str, parameters: str = "") -> None:
        """Such as `dial sip:32@192.0.2.5`, `accept` or `hangup`."""
        message = json.dumps({"command": command, "params": parameters})
        self._writer.write(f"{len(message)}:{message},".encode())

    async def printed(self, text: str, count: int = 1, timeout: float = 5.0) -> None:
        """Wait until it has printed this `count` times, such as "[1 binding]"; TimeoutError."""
        async with asyncio.timeout(timeout):
            while self.log.read_text(errors="replace").count(text) < count:
                await asyncio.sleep(0.02)

    async def event(self, kind: str, count: int = 1, timeout: float = 5.0) -> dict[str, Any]:
        """The `count`th event of a kind, such as REGISTER_OK or CALL_INCOMING; TimeoutError."""
        async with asyncio.timeout(timeout):
            while True:
                found = [event for event in self.events if event.get("type") == kind]
                if len(found) >= count:
                    return found[count - 1]
                self._changed.clear()
                await self._changed.wait()

    def heard(self) -> bytes:
        """What the far ends have said so far, as s16le at 8 kHz; whole once the call is over."""
        heard = b""
        for path in sorted(self.folder.glob("dump-*-dec.wav")):
            with wave.open(str(path)) as wav:
                heard += wav.readframes(wav.getnframes())
        return heard

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Keep the events: netstrings of JSON."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = int((await reader.readuntil(b":"))[:-1])
                self.events.append(json.loads((await reader.readexactly(length + 1))[:-1]))
                self._changed.set()


@asynccontextmanager
async def baresip(
    folder: Path, space: Namespace, user: str, password: str, registrar: tuple[str, int], say: Path
) -> AsyncIterator[Baresip]:
    """Run it with one account; its registration is on its way when the block begins, and given back at its end.

    say: WAV (8 kHz, mono) that it speaks in each call, from its answer on; it presses no key after the end of that.
    """
    _configure(folder, space, f"<sip:{user}@{registrar[0]}:{registrar[1]}>;auth_pass={password};regint=60\n", say)
    with (folder / "baresip.log").open("w") as output:
        process = await asyncio.create_subprocess_exec(
            *space.prefix, "baresip", "-f", folder, "-4",
            stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        reader, writer = await _connected((space.there, CONTROL))
        phone = Baresip(folder, writer)
        reading = asyncio.ensure_future(phone.read(reader))
        try:
            yield phone
        finally:
            process.terminate()
            await process.wait()
            reading.cancel()
            writer.close()
            await asyncio.wait([reading])
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _configure(folder: Path, space: Namespace, account: str, say: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "config").write_text(CONFIG.format(host=space.there, folder=folder, control=CONTROL, say=say))
    (folder / "accounts").write_text(account)


async def _connected(address: tuple[str, int]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(5):
        while True:
            try:
                return await asyncio.open_connection(*address)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
