"""What a caller hears while an agent is being found."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.centres.queue import Ticket
from engine.errors import LegGone
from engine.nodes.fields import Say, Tone

if TYPE_CHECKING:
    from engine.call.call import Call
    from engine.nodes.agent_search import AgentSearch

_TEXTS = {
    "fr": {
        "position": "Vous êtes en position {n}.",
        "wait": "Le temps d'attente est d'environ {n} minutes.",
        "minute": "Le temps d'attente est d'environ une minute.",
        "short": "Le temps d'attente est de moins d'une minute.",
    },
    "en": {
        "position": "You are number {n} in the queue.",
        "wait": "The expected wait is about {n} minutes.",
        "minute": "The expected wait is about one minute.",
        "short": "The expected wait is less than one minute.",
    },
}


class Entertainment:
    """Music without end, cut by announcements."""

    def __init__(self, call: Call, node: AgentSearch, ticket: Ticket) -> None:
        self._call = call
        self._node = node
        self._ticket = ticket

    async def run(self) -> None:
        """Play until cancelled."""
        music = await self._call.clips(self._node.music or [Tone(tone="ringback")])
        announce = self._node.announce
        try:
            while True:
                try:
                    async with asyncio.timeout(announce.every if announce else None):
                        if music:
                            await self._call.leg.play(music, loop=True)
                        await asyncio.get_running_loop().create_future()
                except TimeoutError:
                    await self._call.play([Say(say=text) for text in self._announcements()])
        except LegGone:
            return

    def _announcements(self) -> list[str]:
        announce = self._node.announce
        if announce is None:
            return []
        centres, centre = self._call.services.centres, self._node.centre
        texts = _TEXTS.get(self._call.language.partition("-")[0].lower(), _TEXTS["en"])
        position = centres.position(self._ticket)
        said = [texts["position"].format(n=position)] if announce.position else []
        if announce.expected_wait and (seconds := centres.expected_wait(centre, position)) is not None:
            minutes = round(seconds / 60)
            said.append(texts["short" if seconds < 60 else "wait" if minutes > 1 else "minute"].format(n=minutes))
        return said
