"""Looks whether a trunk's far end is there, by OPTIONS (RFC 3261 section 11)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace

from drivers.sip.ask import Ask, Asker
from drivers.sip.trunk import Trunk

PATIENCE = 8.0
"""Seconds that an answer may take: the request is repeated four times meanwhile."""

AGAIN = 10.0
"""Seconds between two looks, at most, while there is no answer."""

DOWN = frozenset((408, 503))
"""Answers that say that nobody is there; any other is a sign of life, a refusal too."""


class KeepAlive:
    """`run` looks until it is cancelled. on_state gets whether somebody answers, and why not."""

    def __init__(
        self,
        trunk: Trunk,
        host: str,
        ask: Asker,
        next_hop: Callable[[], Awaitable[tuple[str, int]]],
        on_state: Callable[[bool, str], None],
    ) -> None:
        """host: our own address. next_hop: where to send to, raising OSError."""
        self._trunk, self._send, self._next_hop, self._on_state = trunk, ask, next_hop, on_state
        uri = f"sip:{trunk.host}"
        sender = f"<sip:{host}>;tag={secrets.token_hex(8)}"
        self._ask = Ask("OPTIONS", uri, sender, f"<{uri}>", secrets.token_hex(16), 0, ("", 0))

    async def run(self) -> None:
        """Look now, and then every `trunk.options` seconds."""
        every = self._trunk.options or AGAIN
        while True:
            detail = await self._look()
            self._on_state(not detail, detail)
            await asyncio.sleep(min(every, AGAIN) if detail else every)

    async def _look(self) -> str:
        """Empty when somebody answers, else why not."""
        try:
            async with asyncio.timeout(PATIENCE):
                self._ask = replace(self._ask, cseq=self._ask.cseq + 1, next_hop=await self._next_hop())
                reply = await self._send(self._ask)
        except TimeoutError:
            return "no answer to OPTIONS"
        except OSError as error:
            return str(error.strerror or error)
        return f"OPTIONS: {reply}" if reply.status in DOWN else ""
