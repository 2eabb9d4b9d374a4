"""Keeps a trunk registered with its operator (RFC 3261 section 10.2): digest, refresh, back-off, farewell."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from urllib.parse import quote

from drivers.sip import digest
from drivers.sip.ask import CHALLENGES, Ask, Asker, Reply
from drivers.sip.identity import parse_party
from drivers.sip.trunk import Trunk

FIRST_RETRY, LONGEST_RETRY = 2.0, 120.0
"""Seconds between two attempts: doubled after each that fails, then taken at random between half and all of it."""

REFUSED_RETRY = 300.0
"""Seconds after a refusal that trying again will not change, such as a wrong password: operators ban for those."""

PATIENCE = 10.0
"""Seconds that an answer may take."""

ROUNDS = 4
"""Requests of one attempt: challenged, too brief, stale, and accepted."""

FAREWELL = 2.0
"""The same when we are being stopped."""


class Registration:
    """One registration. `run` keeps it until it is cancelled; `unregister` ends it.

    on_state gets whether we are registered, and why not.
    """

    def __init__(
        self,
        trunk: Trunk,
        contact: str,
        ask: Asker,
        next_hop: Callable[[], Awaitable[tuple[str, int]]],
        on_state: Callable[[bool, str], None],
        dice: Callable[[], float] = random.random,
    ) -> None:
        """contact: our own URI, as the operator is to call it. next_hop: where to send to, raising OSError."""
        self._trunk, self._contact = trunk, contact
        self._send, self._next_hop, self._on_state, self._dice = ask, next_hop, on_state, dice
        self._address = f"<sip:{quote(trunk.user)}@{trunk.host}>"
        self._ask = Ask(
            "REGISTER",
            f"sip:{trunk.host}",
            f"{self._address};tag={secrets.token_hex(8)}",
            self._address,
            secrets.token_hex(16),
            0,
            ("", 0),
        )
        self._expires = int(trunk.expires)
        self._challenge: digest.Challenge | None = None
        self._challenge_status = 401
        self._count = 0
        self._registered = False
        self._wake = asyncio.Event()

    def refresh(self) -> None:
        """Register again now: the operator may have forgotten us."""
        self._wake.set()

    async def run(self) -> None:
        """Register, and refresh when half of the time granted is over."""
        failures = 0
        while True:
            try:
                async with asyncio.timeout(PATIENCE):
                    reply = await self._register(self._expires)
            except TimeoutError:
                reply = Reply(408, "no answer")
            except OSError as error:
                reply = Reply(0, str(error.strerror or error))
            self._registered = reply.status == 200
            if self._registered:
                failures, wait = 0, max(self._granted(reply) / 2, 1.0)
            else:
                failures += 1
                wait = self._back_off(reply, failures)
            self._on_state(self._registered, "" if self._registered else f"not registered: {_reason(reply)}")
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()

    async def unregister(self) -> None:
        """Tell the operator that we are gone, if it knows us; waits `FAREWELL` seconds at most."""
        if self._registered:
            self._registered = False
            with contextlib.suppress(TimeoutError, OSError):
                async with asyncio.timeout(FAREWELL):
                    await self._register(0)

    async def _register(self, expires: int) -> Reply:
        """Send REGISTER until it is neither challenged nor found too brief; the answer that remains."""
        next_hop, fresh = await self._next_hop(), False
        for _ in range(ROUNDS):
            reply = await self._send(replace(self._request(expires), next_hop=next_hop))
            if reply.status in CHALLENGES:
                if not self._take_up(reply, fresh):
                    break
                fresh = True
            elif reply.status == 423 and (least := reply.number("min-expires")) and expires:
                self._expires = expires = max(expires, least)
            else:
                break
        return reply

    def _take_up(self, reply: Reply, fresh: bool) -> bool:
        """Answer a challenge next time; False when it cannot be, or when `fresh` says that it just was and the nonce
        is not the reason for another."""
        challenge = digest.choose(reply.all(CHALLENGES[reply.status][0]), self._trunk.realm)
        if challenge is None or not self._trunk.password or (fresh and not challenge.stale):
            self._challenge = None
            return False
        self._challenge, self._challenge_status, self._count = challenge, reply.status, 0
        return True

    def _request(self, expires: int) -> Ask:
        self._ask = ask = replace(self._ask, cseq=self._ask.cseq + 1)
        headers = [("Contact", f"<{self._contact}>;expires={expires}"), ("Expires", str(expires))]
        if self._challenge is not None:
            self._count += 1
            trunk = self._trunk
            value = digest.answer(
                self._challenge,
                trunk.auth_user or trunk.user,
                trunk.password,
                ask.method,
                ask.uri,
                count=self._count,
                cnonce=secrets.token_hex(8),
            )
            headers.append((CHALLENGES[self._challenge_status][1], value))
        return replace(ask, headers=tuple(headers))

    def _granted(self, reply: Reply) -> int:
        """Seconds that the operator keeps us for: it may list other contacts of the account, and write a single one
        in its own way."""
        contacts = reply.all("contact")
        for text in contacts if len(contacts) == 1 else (text for text in contacts if self._contact in text):
            party = parse_party(text)
            for name, _, value in (part.partition("=") for part in (party.params if party else ())):
                if name == "expires" and value.isdecimal():
                    return int(value)
        return reply.number("expires") or self._expires

    def _back_off(self, reply: Reply, failures: int) -> float:
        if reply.status in (401, 403, 404, 407):
            return REFUSED_RETRY
        longest = min(FIRST_RETRY * float(1 << min(failures - 1, 10)), LONGEST_RETRY)
        wait = longest * (0.5 + self._dice() / 2)
        return max(wait, float(min(reply.number("retry-after") or 0, 3600)))


def _reason(reply: Reply) -> str:
    return str(reply) if reply.status else reply.reason
