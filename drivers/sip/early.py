"""What the far end of an unanswered call says, heard by whoever waits for it (early media, RFC 3960).

Until something comes, the waiting one goes on hearing what they hear, and the far end gets silence, which opens the
way back through address translators. Then the two are bridged, and the far end gets nothing before it has answered.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from engine.errors import EngineError
from engine.tasks import cancel

if TYPE_CHECKING:
    from drivers.sip.leg import SipLeg
    from drivers.sip.sdp import Media

log = logging.getLogger(__name__)


class Early:
    """Of one outgoing leg, from its INVITE until `end`."""

    def __init__(self, leg: SipLeg, near: SipLeg) -> None:
        self._leg, self._near = leg, near
        self._media: Media | None = None
        self._task: asyncio.Task[None] | None = None
        self._over = False

    def described(self, media: Media) -> None:
        """Where the sound comes from and goes to; once more when it has moved, as on the way to a voicemail."""
        self._media = media
        if self._task is None:
            self._leg.hear(media, on_heard=self._on_heard)
        else:
            self._leg.hear(media, send=False)

    async def end(self) -> None:
        """The call has been answered: nobody hears anybody for now."""
        self._over = True
        if self._task is not None:
            await cancel(self._task)
            await self._leg.unbridge()

    def _on_heard(self) -> None:
        if self._task is None and not self._over:
            self._task = asyncio.get_running_loop().create_task(self._let_hear())

    async def _let_hear(self) -> None:
        assert self._media is not None
        try:
            self._leg.hear(self._media, send=False)
            await self._near.join(self._leg)
        except EngineError as error:  # one of the two has gone, or there is no port: no reason to end the call
            log.info("what %s says before the answer is not heard: %s", self._leg.info.did, error)
