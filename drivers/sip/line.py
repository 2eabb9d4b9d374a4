"""One call between two threads: what the event loop asks of the dialog goes one way, its events the other.

Both ways keep their order, and nothing waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING

from drivers.sip.events import Call, Ended, Event, LocalMedia
from drivers.sip.uri import SipUri
from engine.lines import Cause, Hangup

if TYPE_CHECKING:
    from drivers.sip.dialog import Dialog
    from drivers.sip.endpoint import Endpoint
    from drivers.sip.leg import SipLeg
    from drivers.sip.reactor import Reactor
    from engine.lines.delays import Delays

log = logging.getLogger(__name__)


class Line:
    """`leg` belongs to the event loop, `dialog` to the signalling thread."""

    def __init__(self, reactor: Reactor, loop: asyncio.AbstractEventLoop) -> None:
        self.leg: SipLeg | None = None
        self.dialog: Dialog | None = None
        self._reactor = reactor
        self._loop = loop
        self._waits: Delays | None = None
        """Gets how long the far end has waited for our first answer."""
        self._since = 0.0

    def invited(self, delays: Delays) -> None:
        """An INVITE has come in, in the signalling thread: note how long it waits."""
        self._waits, self._since = delays, time.monotonic()

    def call(self, endpoint: Endpoint, call: Call, media: LocalMedia) -> None:
        """Make an outgoing call."""
        self._reactor.post(self._call, endpoint, call, media)

    def ring(self) -> None:
        """Tell the far end that we are alerting."""
        self._reactor.post(self._ring)

    def answer(self, media: LocalMedia) -> None:
        """Accept the incoming call."""
        self._reactor.post(self._answer, media)

    def hang_up(self, cause: Cause) -> None:
        """Refuse, withdraw or end the call."""
        self._reactor.post(self._hang_up, cause)

    def refer(self, uri: SipUri, replacing: Line | None) -> None:
        """Ask the far end to call `uri` instead of us; without a host, a number of its own."""
        self._reactor.post(self._refer, uri, replacing)

    def report(self, status: int, reason: str) -> None:
        """Tell the far end what has become of its REFER."""
        self._reactor.post(self._report, status, reason)

    def flash(self) -> asyncio.Future[tuple[int, str]]:
        """Flash the hook by SIP INFO; the final status, and its reason, are the result."""
        outcome: asyncio.Future[tuple[int, str]] = self._loop.create_future()
        self._reactor.post(self._flash, outcome)
        return outcome

    def carry(self, dialog: Dialog) -> None:
        """`dialog` is the call from now on; in the signalling thread."""
        self.dialog = dialog
        dialog.line = self

    def post(self, event: Event) -> None:
        """Hand an event over to the event loop; called in the signalling thread."""
        try:
            self._loop.call_soon_threadsafe(self._deliver, event)
        except RuntimeError:
            log.debug("the event loop was closed before the SIP driver was stopped")

    def _deliver(self, event: Event) -> None:
        if self.leg is not None:
            self.leg.handle(event)

    def _call(self, endpoint: Endpoint, call: Call, media: LocalMedia) -> None:
        try:
            self.carry(endpoint.call(call, media, self.post))
        except Exception as error:
            log.exception("the call to %s could not be made", call.host)
            self.post(Ended(Hangup("local", Cause.FAILED, f"the call could not be made: {error}")))

    def _ring(self) -> None:
        if self.dialog is not None:
            self.dialog.ring()
            self._responded()

    def _answer(self, media: LocalMedia) -> None:
        if self.dialog is not None:
            self.dialog.answer(media)
            self._responded()

    def _hang_up(self, cause: Cause) -> None:
        if self.dialog is not None:
            self.dialog.hang_up(cause)
            self._responded()

    def _responded(self) -> None:
        if self._waits is not None:
            self._waits.note(time.monotonic() - self._since)
            self._waits = None

    def _refer(self, uri: SipUri, replacing: Line | None) -> None:
        if self.dialog is not None:
            self.dialog.refer(uri.user, uri.host, uri.port, replacing.dialog if replacing is not None else None)

    def _flash(self, outcome: asyncio.Future[tuple[int, str]]) -> None:
        from drivers.sip import info  # sippy is imported in the signalling thread only

        def settle(status: int, reason: str) -> None:
            if not outcome.done():
                outcome.set_result((status, reason))

        def done(status: int, reason: str) -> None:
            with contextlib.suppress(RuntimeError):  # the event loop was closed without `stop`
                self._loop.call_soon_threadsafe(settle, status, reason)

        if self.dialog is not None:
            info.send_flash(self.dialog, done)

    def _report(self, status: int, reason: str) -> None:
        if self.dialog is not None:
            self.dialog.referred.report(status, reason)
