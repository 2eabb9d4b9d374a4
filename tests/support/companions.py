"""The companion of an agent as a process, driven by lines of JSON."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from support.served import FLOWCTL, ROOT


class CompanionProcess:
    """What it has said is kept in `log`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.log: list[dict[str, Any]] = []
        self._came = asyncio.Event()
        self._over = False
        self._tasks = [asyncio.create_task(self._read())]
        assert process.stderr is not None
        self._errors = asyncio.create_task(process.stderr.read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.log.append(json.loads(line))
            self._came.set()
        self._over = True
        self._came.set()

    def say(self, **command: Any) -> None:
        self.raw(json.dumps(command).encode() + b"\n")

    def raw(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    async def got(self, timeout: float = 10, **wanted: Any) -> dict[str, Any]:
        """The first line with these values, which is taken from the log; those before it stay."""
        async with asyncio.timeout(timeout):
            while True:
                for message in self.log:
                    if wanted.items() <= message.items():
                        self.log.remove(message)
                        return message
                assert not self._over, (wanted, self.log, await self._errors)
                self._came.clear()
                await self._came.wait()

    async def ended(self, timeout: float = 10) -> tuple[int, str]:
        """Its exit status, and what it complained of."""
        async with asyncio.timeout(timeout):
            return await self.process.wait(), (await self._errors).decode()

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await asyncio.gather(*self._tasks, self._errors)


@asynccontextmanager
async def companion(
    folder: Path, port: int, code: str, *options: str, password: str | None = "secret", **environment: str
) -> AsyncIterator[CompanionProcess]:
    """Runs in `folder`, without a sound unless the environment brings a player."""
    command = [*FLOWCTL, "agent", "--server", f"127.0.0.1:{port}", "--code", code, "--format", "json", *options]
    known = {} if password is None else {"FLOWCTL_AGENT_PASSWORD": password}
    process = await asyncio.create_subprocess_exec(
        *command, stdin=-1, stdout=-1, stderr=-1, cwd=folder, limit=1024 * 1024,
        env={**os.environ, "PYTHONPATH": str(ROOT), **known, **environment},
    )  # fmt: skip
    running = CompanionProcess(process)
    try:
        yield running
    finally:
        await running.stop()
