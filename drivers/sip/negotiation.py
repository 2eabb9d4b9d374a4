"""What a dialog says of its sound: our offers and answers (RFC 3264)."""

from __future__ import annotations

import secrets

from sippy.MsgBody import MsgBody

from drivers.sip import sdp
from drivers.sip.events import LocalMedia


class Negotiation:
    """Of one dialog. `media`, our RTP address, is set before anything is said."""

    def __init__(self) -> None:
        self.media: LocalMedia | None = None
        self.offered = False
        """True while an offer of ours has no answer yet."""
        self._description = ""
        """Our session description of the last time."""
        self._session = secrets.randbits(31)
        self._version = 0

    def offer(self) -> MsgBody:
        """All that we can."""
        assert self.media is not None
        self._version += 1
        self.offered = True
        media = self.media
        self._description = sdp.offer(media.host, media.port, session=self._session, version=self._version)
        return MsgBody(self._description)

    def answer(self, to: sdp.Description) -> MsgBody:
        """What we choose of an offer."""
        assert self.media is not None
        self._version += 1
        media = self.media
        self._description = sdp.answer(to, media.host, media.port, session=self._session, version=self._version)
        return MsgBody(self._description)

    def repeat(self) -> MsgBody:
        """An offer of what was agreed last: same version, nothing changes (section 8)."""
        self.offered = True
        return MsgBody(self._description)
