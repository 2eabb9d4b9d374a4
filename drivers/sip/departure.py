"""A transfer that we ask a leg's far end for, as the event loop sees it: asked once, then its end is awaited."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from drivers.sip.events import Transferred
from drivers.sip.uri import SipUri, parse_uri
from engine.errors import LegGone, OriginateError, Unsupported
from engine.lines import Cause

if TYPE_CHECKING:
    from drivers.sip.leg import SipLeg
    from drivers.sip.line import Line

_NUMBER = re.compile(r"\+?[0-9*#]+")


class Departure:
    """The transfers of one leg, one at a time."""

    def __init__(self, leg: SipLeg) -> None:
        self._leg = leg
        self._outcome: asyncio.Future[Transferred] | None = None

    async def ask(self, to: str, replacing: Line | None) -> None:
        """As `SipLeg.transfer`; the leg is answered."""
        if self._outcome is not None:
            raise Unsupported(f"leg {self._leg.info.id} is being transferred already")
        uri = _target(to)
        outcome = self._outcome = asyncio.get_running_loop().create_future()
        try:
            self._leg.line.refer(uri, replacing)
            result = await self._leg.while_alive(_value(outcome))
        except LegGone:
            if not outcome.done():
                raise
            result = outcome.result()
        finally:
            self._outcome = None
        if not result.understood:
            raise Unsupported(f"the far end does not transfer calls ({result.detail})")
        if result.cause is not None:
            raise OriginateError(to, result.cause, result.detail)

    def told(self, event: Transferred) -> None:
        """What has become of it, also when nobody waits for it any more."""
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(event)
        if event.cause is None:
            self._leg.give_up(Cause.NORMAL, "transferred")


def _target(to: str) -> SipUri:
    """Where `to` is: a SIP address, or a number of whoever is asked. Raises Unsupported."""
    if _NUMBER.fullmatch(to):
        return SipUri(to, "")
    try:
        return parse_uri(to)
    except ValueError as error:
        raise Unsupported(f"a caller cannot be transferred there: {error}") from None


async def _value(outcome: asyncio.Future[Transferred]) -> Transferred:
    return await asyncio.shield(outcome)
