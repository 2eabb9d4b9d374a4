"""A warning in the log before something runs out, and a word when there is room again."""

from __future__ import annotations

import logging

log = logging.getLogger("flowctl.server")

HIGH = 0.8
"""Share in use at which it is said."""
LOW = 0.7
"""Share at which the warning is taken back, so that one call more or less does not fill the log."""


class Watermark:
    """Watches how much of something is in use."""

    def __init__(self, what: str) -> None:
        self._what = what
        self.high = False
        """True from the warning until there is room again."""

    def see(self, used: int, limit: int | None) -> None:
        """So much is in use; limit: how much there is, None for no end of it."""
        if not limit:
            return
        if not self.high and used >= HIGH * limit:
            self.high = True
            log.warning("%s: %d of %d are in use", self._what, used, limit)
        elif self.high and used < LOW * limit:
            self.high = False
            log.info("%s: %d of %d are in use, there is room again", self._what, used, limit)
