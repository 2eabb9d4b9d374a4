"""Is the far end of a stream still there, and what do we tell each other of how it sounds."""

from __future__ import annotations

from collections.abc import Callable

from drivers.sip.media.address import Remote
from drivers.sip.media.rtcp import Control, Reception, Sent
from drivers.sip.media.rtp import Packet

LOOK = 25
"""Ticks between two looks."""


class Presence:
    """Of one stream. Times are the clock's monotonic seconds."""

    def __init__(self, timeout: float | None, on_silence: Callable[[], None], control: Control | None) -> None:
        """timeout: seconds without a packet after which `on_silence` is called, once; None: never. control: the
        stream's RTCP, if it has any."""
        self.control = control
        self._timeout = timeout
        self._on_silence = on_silence
        self._since: float | None = None
        """When packets were last known to be wanted or to have come; None while they are not expected."""
        self.reception: Reception | None = None
        """Of the source that is listened to."""

    def expect(self, now: float | None) -> None:
        """Packets are expected from now on; None: they may stay away, and nobody is to be told."""
        self._since = now

    def heard(self, packet: Packet, now: float) -> None:
        """A packet of audio that is listened to has come."""
        if self.reception is None or self.reception.ssrc != packet.ssrc:
            self.reception = Reception(packet, now)
        else:
            self.reception.heard(packet, now)

    def ignored(self) -> None:
        """Audio has come that nobody listens to, and of which we do not see all: there is nothing to report."""
        self.reception = None

    def receive(self, remote: Remote | None, now: float) -> None:
        """Take one RTCP packet."""
        if self.control is not None and self.control.receive(remote.address[0] if remote else "", now):
            self._since = None if self._since is None else now

    def look(self, remote: Remote, now: float, sent: Sent) -> None:
        """Tell of a far end that has gone silent; send a report when one is due."""
        if self.control is not None and sent.packets:
            self.control.report(remote.address, now, sent, self.reception)
        if self._timeout is None or self._since is None:
            return
        if now - max(remote.heard, self._since) >= self._timeout:
            self._since = None
            self._on_silence()

    def leave(self, remote: Remote | None, now: float, sent: Sent) -> None:
        """The stream ends."""
        if self.control is not None:
            self.control.leave(remote.address if remote else None, now, sent)
