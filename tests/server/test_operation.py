"""What systemd is told of a server: by a socket of our own in its place."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.served import served

from engine.server.notify import Notifier
from engine.tasks import cancel

SCENARIO = 'format: 1\nname: a\ndid: ["32"]\nstart: pause\nnodes:\n  pause: {type: wait, duration: 90s, next: end}\n'


class Systemd:
    """What has been told so far; `said` waits for the next."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(path)

    async def said(self, seconds: float = 20) -> str:
        async with asyncio.timeout(seconds):
            return (await asyncio.get_running_loop().sock_recv(self._socket, 4096)).decode()

    def silent(self) -> bool:
        """True when nothing was said since; what was is forgotten."""
        silent = True
        try:
            while self._socket.recv(4096):
                silent = False
        except BlockingIOError:
            return silent

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
async def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Systemd]:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    monkeypatch.setenv("WATCHDOG_USEC", "200000")
    systemd = Systemd(str(tmp_path / "notify"))
    yield systemd
    systemd.close()


async def test_a_server_says_that_it_is_ready_alive_and_stopping(tmp_path: Path, systemd: Systemd):
    async with served(tmp_path, {"a.yaml": SCENARIO}, drain="3s") as server:
        while (ready := await systemd.said()) == "WATCHDOG=1":
            pass
        assert ready.startswith("READY=1\nSTATUS=1 scenario, SIP on 127.0.0.1:")
        assert [await systemd.said() for _ in range(3)] == ["WATCHDOG=1"] * 3
        # A server that is stuck gives no sign of life, and again some when it goes on.
        os.kill(server.process.pid, signal.SIGSTOP)
        while not systemd.silent():
            await asyncio.sleep(0.3)
        os.kill(server.process.pid, signal.SIGCONT)
        assert await systemd.said() == "WATCHDOG=1"
    told = [await systemd.said()]
    while not told[-1].startswith("STOPPING"):
        told.append(await systemd.said())
    assert told[-1] == "STOPPING=1\nEXTEND_TIMEOUT_USEC=18000000"


async def test_an_abstract_socket_and_somebody_else_s_watchdog():
    name = f"flowctl-{os.getpid()}"
    systemd = Systemd(f"\0{name}")
    notifier = Notifier({"NOTIFY_SOCKET": f"@{name}", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"})
    assert notifier.every == 0
    notifier.ready("x")
    assert await systemd.said() == "READY=1\nSTATUS=x"
    systemd.close()


async def test_signs_of_life_go_on_when_systemd_was_busy(systemd: Systemd):
    """What it has not read fills its queue; once it reads again, it hears the next."""
    notifier = Notifier()
    while notifier._send("WATCHDOG=1"):
        pass
    alive = asyncio.create_task(notifier.keep_alive())
    notifier.ready("x")
    await asyncio.sleep(0)
    assert not systemd.silent()
    assert {await systemd.said() for _ in range(8)} == {"WATCHDOG=1", "READY=1\nSTATUS=x"}
    await cancel(alive)


async def test_without_systemd_nobody_is_told(caplog: pytest.LogCaptureFixture):
    quiet = Notifier({"WATCHDOG_USEC": "1000000"})
    assert quiet.every == 0
    quiet.ready("x")
    await quiet.keep_alive()
    assert caplog.records == []
    gone = Notifier({"NOTIFY_SOCKET": "/nowhere/socket"})
    gone.ready("x")
    gone.stopping(1)
    assert len(caplog.records) == 1
