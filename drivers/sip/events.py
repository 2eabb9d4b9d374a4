"""What signalling tells the event loop about a call, and what it needs to be told. All immutable: they cross
from one thread to the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.sip.account import Account
from drivers.sip.sdp import Media
from engine.lines import Cause, Hangup

if TYPE_CHECKING:
    from drivers.sip.line import Line


@dataclass(frozen=True, slots=True)
class Invited:
    """A call has come in and is not answered."""

    did: str
    cli: str
    name: str
    trunk: str = ""
    """The trunk that it came by, if any."""


@dataclass(frozen=True, slots=True)
class Ringing:
    """The far end of an outgoing call alerts (180 or 183)."""


@dataclass(frozen=True, slots=True)
class EarlyMedia:
    """The far end of an outgoing call may be heard although it has not answered (183 with SDP)."""

    media: Media


@dataclass(frozen=True, slots=True)
class Established:
    """The call is answered and both ends know each other's media."""

    media: Media


@dataclass(frozen=True, slots=True)
class MediaChanged:
    """A re-INVITE moved or held the far end's media; it is answered already."""

    media: Media


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key came by SIP INFO."""

    key: str


@dataclass(frozen=True, slots=True)
class Transferred:
    """What became of our REFER: without a cause, the far end has been connected elsewhere and the call is to be
    ended; otherwise it goes on with us."""

    cause: Cause | None = None
    detail: str = ""
    understood: bool = True
    """False when the far end does not know REFER at all."""


@dataclass(frozen=True, slots=True)
class Refers:
    """The far end asks to be replaced by `to`, a number or a SIP address (REFER); it has been told that we try."""

    to: str
    replacing: Line | None = None
    """Another call of the same far end, whose place is to be taken: attended."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over."""

    hangup: Hangup
    unserved: int | None = None
    """When the far end of an outgoing call has not dealt with it, and nobody was rung: for how many seconds it wants
    no other (0: it does not say)."""


Event = Invited | Ringing | EarlyMedia | Established | MediaChanged | Pressed | Transferred | Refers | Ended


@dataclass(frozen=True, slots=True)
class Call:
    """An outgoing call to be made: `address` is where the INVITE is sent, unless its account says otherwise."""

    user: str
    host: str
    port: int
    address: str
    caller_id: str
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """Our RTP address of one call."""

    host: str
    port: int
