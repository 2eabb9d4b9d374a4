"""Two legs of one telephone, which goes out between them: what an attended transfer from that telephone ends with.

Nothing changes for those whom the two legs are connected with, nor for their scenarios: each leg has the other as its
far end, over a line of two RTP ports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.lines import Cause, Hangup

if TYPE_CHECKING:
    from drivers.sip.leg import SipLeg


def splice(leg: SipLeg, other: SipLeg | None) -> bool:
    """Connect the two, and hang up on the telephone. False when they cannot be."""
    if other is None or other is leg or not leg.wire(other):
        return False
    leg.line.report(200, "OK")
    _follow(leg, other)
    _follow(other, leg)
    return True


def _follow(leg: SipLeg, other: SipLeg) -> None:
    """Let go of the telephone; `leg` ends when `other` does."""
    leg.passed_on.set()
    leg.line.leg = None
    leg.line.hang_up(Cause.NORMAL)
    other.ended.add_done_callback(lambda _: leg.finish(Hangup("remote", Cause.NORMAL)))
