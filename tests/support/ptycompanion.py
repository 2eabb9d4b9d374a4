"""The companion of an agent in a terminal of its own, as somebody sits before it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import struct
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.served import FLOWCTL, ROOT

ROWS, COLUMNS = 40, 130


class Terminal:
    """`seen` is what was written to it since `shows` found something, escape sequences included; `all` is all."""

    def __init__(self, master: int, slave: int, process: asyncio.subprocess.Process) -> None:
        self.seen = self.all = ""
        self.process = process
        self._master, self._slave = master, slave
        self._before = termios.tcgetattr(slave)
        self._came = asyncio.Event()
        asyncio.get_running_loop().add_reader(master, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._master, 65536).decode(errors="replace")
            self.seen += data
            self.all += data
        except OSError:
            asyncio.get_running_loop().remove_reader(self._master)
        self._came.set()

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    async def shows(self, text: str, timeout: float = 10) -> None:
        """Wait until that text is written, and forget what came before."""
        try:
            async with asyncio.timeout(timeout):
                while text not in self.seen:
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            raise AssertionError(f"{text!r} is not in {self.seen[-2000:]!r}") from None
        self.seen = self.seen[self.seen.index(text) + len(text) :]

    @property
    def restored(self) -> bool:
        """Whether the terminal is as it was before."""
        return termios.tcgetattr(self._slave) == self._before

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)


@asynccontextmanager
async def sat_before(
    folder: Path, port: int, code: str, *options: str, **environment: str
) -> AsyncIterator[Terminal]:
    """The companion runs in `folder`; nothing on its PATH plays sounds."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    command = [*FLOWCTL, "agent", "--server", f"127.0.0.1:{port}", "--code", code, *options]
    given = {"PYTHONPATH": str(ROOT), "PATH": "/nowhere", "TERM": "xterm-256color", **environment}
    kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = await asyncio.create_subprocess_exec(
        *command, stdin=slave, stdout=slave, stderr=slave, cwd=folder, env={**kept, **given}, start_new_session=True
    )
    terminal = Terminal(master, slave, process)
    try:
        yield terminal
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        terminal.close()
