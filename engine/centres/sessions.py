"""Logging in."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable
from typing import Literal

from engine.centres.centres import Centres
from engine.centres.desk import Desk
from engine.centres.directory import Agent
from engine.centres.events import AgentEvent, Code, Send
from engine.centres.passwords import fits
from engine.centres.session import AgentSession
from engine.centres.texts import reason

SecondLogin = Literal["takes_over", "refused"]

_NUMBER = re.compile(r"\+?[0-9]{1,20}")


class Sessions:
    """Who may open a session. An agent has one at a time."""

    def __init__(self, centres: Centres, *, second_login: SecondLogin = "takes_over", linger: float = 30.0) -> None:
        """second_login: what becomes of a log-in while there is a session. linger: seconds that an agent whose
        connection was lost has to come back before all that they have said is forgotten."""
        self._centres = centres
        self._second_login = second_login
        self.linger = linger

    async def open(
        self,
        code: str,
        password: str | None,
        extension: str,
        send: Send,
        *,
        language: str = "en",
        wanted: Callable[[], bool] = lambda: True,
    ) -> AgentSession | None:
        """Open a session for the agent, whose calls go to `extension`, empty for the phone of the directory. Tells
        them so (`A`), or why not (`U`, `D`, `B`): None then. password: None when they have proved who they are.
        wanted: False when they have gone in the meantime; then nothing is opened."""
        try:
            desk = await self._desk_of(code, password, extension, wanted)
        except _Refused as refused:
            send(AgentEvent(refused.letter, reason=reason(refused.why, language, **refused.names)))
            return None
        if desk is None:
            return None
        session = AgentSession(
            self._centres, desk, extension if extension != desk.agent.phone else "", send, language
        )
        session.send(AgentEvent(Code.ACCEPTED))
        desk.sit(session)
        return session

    async def proves(self, code: str, password: str) -> bool:
        """Whether that is the password of an agent who may log in."""
        desk = self._centres.desk(code)
        if desk is None or not await asyncio.to_thread(_right, desk.agent, password):
            return False
        return desk.agent.active

    async def _desk_of(
        self, code: str, password: str | None, extension: str, wanted: Callable[[], bool]
    ) -> Desk | None:
        """The desk that the agent may sit down at; None when they do not want to any more. Raises _Refused."""
        desk = self._centres.desk(code)
        if desk is None:
            raise _Refused(Code.UNKNOWN, "unknown", name=code)
        if password is not None and not await asyncio.to_thread(_right, desk.agent, password):
            raise _Refused(Code.BAD_PASSWORD, "bad_password")
        if not wanted():
            return None
        # Whatever was so before the password was looked at may be otherwise now.
        desk = self._centres.desk(code)
        if desk is None or not desk.agent.active:
            raise _Refused(Code.DISABLED, "not_active")
        if not (extension or desk.agent.phone):
            raise _Refused(Code.DISABLED, "no_phone")
        if extension not in ("", desk.agent.phone) and not _NUMBER.fullmatch(extension):
            raise _Refused(Code.DISABLED, "bad_extension", name=extension)
        if desk.session is not None:
            if self._second_login == "refused":
                raise _Refused(Code.DISABLED, "logged_in_elsewhere")
            # Often it is the same computer, whose connection was lost unnoticed: what the agent has said still holds.
            desk.session.dismiss("logged_in_elsewhere", linger=self.linger, ending="elsewhere")
        return desk


class _Refused(Exception):
    def __init__(self, letter: Code, why: str, **names: str) -> None:
        self.letter, self.why, self.names = letter, why, names


def _right(agent: Agent, password: str) -> bool:
    """Whether the password is the agent's; of one who has none, nobody knows it. Blocking: some 30 ms."""
    if agent.password_hash is not None:
        return fits(agent.password_hash, password)
    if agent.password is None:
        return False
    return secrets.compare_digest(agent.password.get_secret_value().encode(), password.encode())
