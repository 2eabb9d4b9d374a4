"""Agents' computers by the hundred, in a process of their own: `python -m tools.bench.desks PORT COUNT`.

Logs in the agents 1 to COUNT with the password `secret`, and prints a line when all are there. The line `storm` on
standard input makes everybody accept one waiting call after another until they have one. At the end of the input,
prints what was seen as JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from typing import Any

AT_ONCE = 16
"""Log-ins: the server takes 20 connections of one address that are not logged in."""

REACTION = 0.5
"""Seconds after which an agent has accepted, at most."""


class Desk:
    """One agent's computer."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.shown: list[tuple[str, float]] = []
        """Each call, and when it was shown."""
        self.free: list[float] = []
        """When the agent became available."""
        self.taken = 0
        """Calls."""
        self.storming = False
        self._state = ""
        self._waiting: dict[str, bool] = {}
        """Calls that are shown, and whether they were asked for."""
        self._writer: asyncio.StreamWriter

    async def log_in(self, port: int) -> asyncio.Task[None]:
        """The task that reads, once the agent is available."""
        reader, self._writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        self._say(type="open", protocol=1, code=self.code, password="secret")  # noqa: S106 - of the bench
        while self._state != "available":
            self._hear(await reader.readline())
        return asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            self._hear(line)

    def _hear(self, line: bytes) -> None:
        now = time.monotonic()
        message = json.loads(line)
        match message["type"], message.get("event"):
            case "ping", _:
                self._say(type="pong")
            case "state", _:
                self._state = message["state"]
                if self._state == "available":
                    self.free.append(now)
                self.taken += self._state == "on_call"
                self.want()
            case "event", "P":
                self.shown.append((message["call"], now))
                self._waiting[message["call"]] = False
                self.want()
            case "event", "T" | "H":
                self._waiting.pop(message["call"], None)
                self.want()

    def want(self) -> None:
        """Accept a call soon, if there is a storm."""
        if self.storming:
            asyncio.get_running_loop().call_later(random.uniform(0, REACTION), self._accept)  # noqa: S311

    def _accept(self) -> None:
        call = next((call for call, asked in self._waiting.items() if not asked), None)
        if call is not None and self._state == "available":
            self._waiting[call] = True
            self._say(type="accept", call=call)

    def _say(self, **message: Any) -> None:
        self._writer.write(json.dumps(message).encode() + b"\n")


async def work(port: int, count: int) -> None:
    """Log in, see calls, take them, tell."""
    desks = [Desk(str(number)) for number in range(1, count + 1)]
    few = asyncio.Semaphore(AT_ONCE)

    async def log_in(desk: Desk) -> asyncio.Task[None]:
        async with few:
            return await desk.log_in(port)

    begun = time.monotonic()
    tasks = await asyncio.gather(*map(log_in, desks))
    _tell({"logged_in_after": time.monotonic() - begun})
    while line := await asyncio.to_thread(sys.stdin.readline):
        if line.strip() == "storm":
            for desk in desks:
                desk.storming = True
                desk.want()
    for task in tasks:
        task.cancel()
    _tell({desk.code: {"shown": desk.shown, "free": desk.free, "taken": desk.taken} for desk in desks})


def _tell(document: Any) -> None:
    print(json.dumps(document), flush=True)  # noqa: T201 - for the bench that has started this


if __name__ == "__main__":
    asyncio.run(work(int(sys.argv[1]), int(sys.argv[2])))
