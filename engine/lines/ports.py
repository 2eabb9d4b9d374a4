"""The two ports of a line: `Driver` brings calls in and out, `Leg` is one side of one call.

Rules that every driver keeps, checked by one contract suite (`tests/contract`):

* Every coroutine may be cancelled at any await, and cancelling it stops what it was doing on the line:
  a cancelled `play` is silent at once, a cancelled `originate` withdraws the call.
* `hangup` is idempotent and never raises. After the leg has ended, from whichever side, every other
  operation raises `LegGone`; `leg.ended` is set exactly once.
* Keys arrive in `leg.digits` whatever else happens on the leg, bridged or not.
* Nothing here blocks the event loop.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol

from engine.audio.clip import Clip
from engine.lines.cause import Cause, Hangup
from engine.lines.delays import Delays
from engine.lines.digits import DigitBuffer


class Capability(StrEnum):
    """What a driver may or may not be able to do; a node asks before it relies on it."""

    ORIGINATE = "originate"
    BRIDGE = "bridge"
    TRANSFER = "transfer"
    RECORD = "record"
    BARGE_IN = "barge_in"


@dataclass(frozen=True, slots=True)
class LegInfo:
    """What the line says about a leg when it appears."""

    id: str
    """Unique for ever, also across servers."""
    driver: str
    channel: str
    """The driver's name for the line it uses, such as `sip/127.0.0.1:5060` or `virtual/1`."""
    direction: Literal["in", "out"]
    did: str
    """The called number as presented; for an outgoing leg, what was dialled."""
    cli: str
    """The calling number as presented; empty when withheld."""
    name: str = ""
    """The calling party's display name, if any."""


@dataclass(frozen=True, slots=True)
class PlayResult:
    """How a `play` ended: to its end, or cut by a key."""

    interrupted: bool


EndedBy = Literal["max_duration", "silence", "stopped", "hangup"]


@dataclass(frozen=True, slots=True)
class Recording:
    """A finished recording: an 8 kHz 16-bit WAV at `path`, `duration` in seconds (trailing silence cut off
    when silence ended it)."""

    path: Path
    duration: float
    ended_by: EndedBy


class RecordingHandle(Protocol):
    """A recording in progress."""

    async def finished(self) -> Recording:
        """Wait until its own limits or the far end's hang-up end it."""
        ...

    async def pause(self) -> None:
        """Leave out what is said from now on, on both sides, until `resume`: it is not in the file, nor does it count
        for the limits. Idempotent; nothing happens when the recording has ended."""
        ...

    async def resume(self) -> None:
        """Record again. Idempotent; nothing happens when the recording has ended."""
        ...

    async def stop(self) -> Recording:
        """End it now, close the file and say what was recorded. Idempotent, also after the leg has ended."""
        ...


class Leg(ABC):
    """One side of a call. Incoming legs appear unanswered, outgoing ones answered."""

    def __init__(self, info: LegInfo) -> None:
        self.info = info
        self.digits = DigitBuffer()
        self.ended: asyncio.Future[Hangup] = asyncio.get_running_loop().create_future()
        """Set once, when the leg has ended. Wait on it through `asyncio.wait` or `asyncio.shield`."""
        self.passed_on = asyncio.Event()
        """Set when whoever was at the far end has put somebody else in their place (REFER from their phone): the leg
        goes on, with the other."""

    @property
    def alive(self) -> bool:
        """False from the moment the leg has ended."""
        return not self.ended.done()

    def _set_ended(self, hangup: Hangup) -> bool:
        """For the driver: mark the leg as ended. True the first time."""
        if self.ended.done():
            return False
        self.ended.set_result(hangup)
        return True

    @abstractmethod
    async def ring(self) -> None:
        """Tell the far end that we are alerting (SIP 180). Optional before `answer`."""

    @abstractmethod
    async def answer(self) -> None:
        """Answer an incoming leg; media flows both ways on return. Idempotent."""

    @abstractmethod
    async def reject(self, cause: Cause) -> None:
        """Refuse an unanswered incoming leg. On an answered one the same as `hangup`."""

    @abstractmethod
    async def hangup(self, cause: Cause = Cause.NORMAL) -> None:
        """End the leg and give everything back. Idempotent, never raises."""

    @abstractmethod
    async def play(self, clips: Sequence[Clip], *, barge_in: bool = False, loop: bool = False) -> PlayResult:
        """Play the clips one after another, without a gap; return when the last sample has been sent.

        barge_in: a key pressed from now on, or waiting in `digits`, stops it within 60 ms; the key stays in
            `digits`.
        loop: start again at the end, until cancelled or interrupted.
        A second `play` on a leg that is playing replaces the first.
        """

    @abstractmethod
    async def send_digits(self, keys: str) -> None:
        """Press keys towards the far end (100 ms each, 100 ms apart); return when the last is sent.

        `!` is a hook-flash. Raises CallError when the far end takes no keys, or this one not, ValueError for what is
        no key.
        """

    @abstractmethod
    async def record(
        self,
        path: Path,
        *,
        max_duration: float | None = None,
        silence: float | None = None,
        both: bool = False,
    ) -> RecordingHandle:
        """Start to record what the far end says into a WAV file, beside whatever else is recorded already.

        The file is written as `path` + `.part` and renamed when it is complete. Its folder must exist.
        max_duration: seconds after which it ends by itself.
        silence: seconds without speech that end it.
        both: two channels, left what the far end says, right what it hears.
        """

    @abstractmethod
    async def bridge(self, other: Leg) -> None:
        """Connect the audio of two answered legs of this driver, both ways, and return at once.

        Lasts until `unbridge` or until one of them ends; the other then stays up and hears silence.
        """

    @abstractmethod
    async def unbridge(self) -> None:
        """Separate the two legs again. Idempotent."""

    @abstractmethod
    async def transfer(self, to: str, *, replacing: Leg | None = None) -> None:
        """Ask the far end's exchange to connect it to `to` (blind); the leg ends, by us, when that has succeeded.

        replacing: an answered leg of this driver to `to`, whose far end is to talk to the other one in our place
            (attended); the exchange ends it.
        Raises OriginateError with its cause when `to` does not take the call; the leg is then as before.
        """


@dataclass(frozen=True, slots=True)
class TrunkState:
    """Whether the lines of an operator or exchange can be used; `detail` says why not. `since` is in UTC."""

    name: str
    up: bool
    detail: str
    since: datetime

    def __str__(self) -> str:
        return "up" if self.up else f"down: {self.detail}"


OnCall = Callable[[Leg], None]


class Driver(ABC):
    """A kind of line."""

    name: str
    capabilities: frozenset[Capability]

    @abstractmethod
    async def start(self, on_call: OnCall) -> None:
        """Begin to accept calls; `on_call` is called in the event loop with each incoming leg, unanswered."""

    @abstractmethod
    async def stop(self) -> None:
        """Hang up what is left and give back sockets, threads and processes. Idempotent."""

    @abstractmethod
    async def originate(self, to: str, *, caller_id: str = "", near: Leg | None = None, early: bool = False) -> Leg:
        """Call `to` and return the leg once it is answered.

        caller_id: the number to present; empty for the driver's own.
        near: the leg it will be bridged with; lets a driver place both where a bridge is cheap.
        early: what the called party's line says before it answers is heard on `near`, which is answered, and replaces
            what is played there; a driver that cannot disregards it. Nothing goes the other way.
        Raises OriginateError with its cause, NoChannel, or ValueError for an address that is not one of
        this driver's. Cancelling withdraws the call.
        """

    def line_for(self, to: str, without: Collection[str] = ()) -> str:
        """The line (as `LegInfo.channel` of an incoming call has it) by which a call to `to` would go out now, other
        than those in `without`; empty for none in particular. Raises NoChannel when the lines that it would need are
        full or down."""
        return ""

    async def originate_by(
        self, line: str, to: str, *, caller_id: str = "", near: Leg | None = None, early: bool = False
    ) -> Leg:
        """As `originate`, by a line that `line_for` has named. Raises LineFailed, too."""
        return await self.originate(to, caller_id=caller_id, near=near, early=early)

    def reaches(self, address: str) -> bool:
        """True for an extension that `originate` calls by itself, without a telephone number: a registered phone."""
        return False

    def trunks(self) -> Mapping[str, TrunkState]:
        """The state of each trunk, by name; empty for a driver without any."""
        return {}

    def refused(self) -> int:
        """Calls that the driver itself has refused since it was made, for want of a port, of a trunk's channel, or of
        time: nobody else has seen them."""
        return 0

    async def turn(self) -> None:  # noqa: B027 - a driver without threads has nothing to wait for
        """Return once every thread that serves calls has had its turn; never, while one hangs. May be cancelled."""

    def post_dial(self) -> Delays | None:
        """How long calls that came in had to wait for the first answer that says more than that we are trying; None
        for a driver that does not count it."""
        return None

    @abstractmethod
    def usage(self) -> dict[str, int]:
        """Resources in use now, by name (`legs`, `rtp_ports`, …): all zero when no call is up."""
