"""A real server: `flowctl serve` as a process of its own, with scenarios given as text."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from support.ports import free_port
from support.stored import stored_calls

from engine.records.outbox import waiting_in
from engine.records.tables import KINDS

FLOWCTL = (sys.executable, "-m", "tools.flowctl.main")
ROOT = Path(__file__).parents[2]


class Served:
    """A running server and its folder."""

    def __init__(
        self, root: Path, process: asyncio.subprocess.Process, port: int, link_port: int, web_port: int = 0
    ) -> None:
        self.root = root
        self.process = process
        self.port = port
        self.link_port = link_port
        """Of the agent link; 0 for none."""
        self.web_port = web_port
        """The same of the web server."""

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def uri(self, did: str) -> str:
        return f"sip:{did}@127.0.0.1:{self.port}"

    def records(self) -> list[dict[str, Any]]:
        """The calls that are over, in the order in which they ended."""
        return stored_calls(self.root / "var")

    async def recorded(self, count: int, timeout: float = 10) -> list[dict[str, Any]]:
        """Wait until so many records are written."""
        async with asyncio.timeout(timeout):
            while len(self.records()) < count:
                await asyncio.sleep(0.05)
        return self.records()

    async def drained(self, timeout: float = 10) -> None:
        """Wait until nothing waits on its way to the database."""
        async with asyncio.timeout(timeout):
            while await asyncio.to_thread(waiting_in, self.root / "var" / "outbox.db", KINDS):
                await asyncio.sleep(0.05)

    def log(self) -> str:
        return (self.root / "server.log").read_text()

    async def logged(self, text: str, timeout: float = 10) -> None:
        """Wait until the log says so."""
        async with asyncio.timeout(timeout):
            while text not in self.log():
                await asyncio.sleep(0.05)

    def processes(self) -> list[int]:
        """The server and its media workers."""
        children = []
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                parent = re.search(r"^PPid:\s+(\d+)", status.read_text(), re.M)
            except OSError:
                continue
            if parent and int(parent[1]) == self.process.pid:
                children.append(int(status.parent.name))
        return [self.process.pid, *sorted(children)]

    def descriptors(self) -> list[int]:
        """How many descriptors each process has open."""
        return [len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in self.processes()]

    def threads(self) -> list[int]:
        return [len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in self.processes()]


PORTS = os.environ.get("FLOWCTL_TEST_PORTS", "42000-42999")
"""For RTP. Another part of the tests may be running beside this one, with ports of its own."""


@asynccontextmanager
async def served(
    root: Path,
    scenarios: dict[str, str],
    *,
    descriptors: int | None = None,
    program: Sequence[str] = FLOWCTL,
    status: int = 0,
    **settings: Any,
) -> AsyncIterator[Served]:
    """Serve; on leaving, SIGTERM and a clean end are required.

    descriptors: how many each process may have. status: how it is to end instead, when the test kills it.
    """
    port = free_port()
    (root / "flows").mkdir(exist_ok=True)
    for name, text in scenarios.items():
        (root / "flows" / name).write_text(text)
    document = {
        "rtp": {"ports": PORTS},
        "drain": "5s",
        "agent_link": {"listen": "127.0.0.1:0"},
        **settings,
        # Whoever else works on the machine that tests makes it late, and calls would be refused for that.
        "sip": {"listen": f"127.0.0.1:{port}", "overload": "0s", **settings.get("sip", {})},
    }
    (root / "server.yaml").write_text(json.dumps(document))
    limited = () if descriptors is None else ("prlimit", f"--nofile={descriptors}")
    with (root / "server.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(
            *limited, *program, "serve", "--config", str(root / "server.yaml"),
            stdout=asyncio.subprocess.PIPE, stderr=log, cwd=ROOT,
        )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            ready = await process.stdout.readline()
        assert b"ready" in ready, (root / "server.log").read_text()
        link = re.search(rb"agents (?:on|sur) \S+:(\d+)", ready)
        web = re.search(rb"web (?:on|sur) \S+:(\d+)", ready)
        yield Served(root, process, port, int(link[1]) if link else 0, int(web[1]) if web else 0)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            await process.wait()
        assert process.returncode == status, (root / "server.log").read_text()


async def run(*command: object, timeout: float = 60, cwd: Path = ROOT) -> tuple[int, str, str]:
    """Run a program to its end: status, output, errors."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=cwd
    )
    async with asyncio.timeout(timeout):
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def dial(uri: str, *options: object, timeout: float = 60) -> dict[str, Any]:
    """`flowctl dial … --format json`."""
    status, out, err = await run(*FLOWCTL, "dial", uri, "--format", "json", *options, timeout=timeout)
    assert status in (0, 1), err
    answer: dict[str, Any] = json.loads(out)
    return {**answer, "exit": status}
