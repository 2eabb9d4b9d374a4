"""From what the command line says to a companion at work."""

from __future__ import annotations

import asyncio
import signal
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.agent import AgentClient, ScreenPop, VariablesFile
from tools.flowctl.companion.companion import Companion, Ended, Front
from tools.flowctl.companion.sound import Ringer, find_player


class CannotBegin(Exception):
    """The server cannot be asked; says why."""


@dataclass(frozen=True)
class Desk:
    """What the command line says."""

    server: str
    port: int
    code: str
    extension: str
    language: str
    tls: ssl.SSLContext | None
    sounds: Path | None
    silent: bool
    auto_accept: bool
    pop: ScreenPop
    variables: VariablesFile


async def work(desk: Desk, password: str, *, in_lines: bool) -> Ended:
    """Log in and stay until the end; how it ended. in_lines: driven by lines of JSON on the standard input, and told
    on the standard output. Raises CannotBegin."""
    async with AgentClient(desk.server, desk.port, tls=desk.tls) as client:
        try:
            opened = await client.open(desk.code, password, desk.extension, desk.language)
        except ValueError as error:
            raise CannotBegin(str(error)) from error
        if not opened:
            raise CannotBegin(f"{desk.server}:{desk.port}: {client.error}")
        _close_when_told(client)
        return await (_for_a_program if in_lines else _in_a_terminal)(desk, client)


async def _for_a_program(desk: Desk, client: AgentClient) -> Ended:
    from tools.flowctl.companion.lines import LinesFront

    front = LinesFront(client, commands=0, out=1)
    companion = _companion(desk, client, front, lambda: None)
    front.start()
    ended = await companion.run()
    front.show(ended)
    return ended


async def _in_a_terminal(desk: Desk, client: AgentClient) -> Ended:
    from tools.flowctl.companion.terminal import TerminalFront
    from tools.flowctl.companion.texts import Texts

    front = TerminalFront(client, Texts(desk.language), f"{desk.code} @ {desk.server}")
    front.attach(_companion(desk, client, front, front.bell))
    return await front.run()


def _companion(desk: Desk, client: AgentClient, front: Front, bell: Callable[[], None]) -> Companion:
    ringer = None if desk.silent else Ringer(desk.sounds, find_player(), bell)
    return Companion(
        client, front, pop=desk.pop, variables=desk.variables, ringer=ringer, auto_accept=desk.auto_accept
    )


def _close_when_told(client: AgentClient) -> None:
    """Log out on SIGTERM, Ctrl-C, and when the terminal is closed; without such signals Ctrl-C ends all."""
    loop = asyncio.get_running_loop()
    closing: set[asyncio.Task[bool]] = set()
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        try:
            loop.add_signal_handler(getattr(signal, name), lambda: closing.add(asyncio.ensure_future(client.close())))
        except (AttributeError, NotImplementedError):
            continue
