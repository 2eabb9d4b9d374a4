"""The pyVoIP driver: calls with one peer over UDP, pyVoIP's SIP client for signalling (docs/drivers.md)."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import re
import uuid
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Literal

from drivers.pyvoip.leg import PyVoipLeg
from drivers.pyvoip.library import require
from drivers.pyvoip.line import Line
from drivers.sip.limited_log import LimitedLog
from drivers.sip.media.pool import EXPEDITED, MediaPool
from engine.errors import ConfigurationError, LegGone, NoChannel, OriginateError
from engine.lines import Capability, Cause, Driver, Leg, LegInfo
from engine.lines.ports import OnCall

if TYPE_CHECKING:
    from drivers.pyvoip.call import Call
    from drivers.pyvoip.client import Client

log = logging.getLogger(__name__)

MOST_CHANNELS = 25
"""Calls at once: no more was ever tried with pyVoIP."""

_LIMITS = (
    "pyvoip: at most %d calls with %s:%d alone; PCMU only, keys as telephone events or tones; "
    "UDP without TLS, no registration, no password, no transfer; Python 3.12 or earlier (docs/drivers.md)"
)

_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
_ADDRESS = re.compile(r"sip:(?P<user>[A-Za-z0-9\-_.!~*'()&=+$,;?/%#]+)@(?P<host>[0-9.]+)(?::(?P<port>[0-9]{1,5}))?")


class PyVoipDriver(Driver):
    """One SIP address that calls, and is called by, one other."""

    name = "pyvoip"
    capabilities = frozenset(Capability) - {Capability.TRANSFER}

    def __init__(
        self,
        *,
        listen: str = "127.0.0.1:5070",
        peer: str = "127.0.0.1:5060",
        channels: int = MOST_CHANNELS,
        rtp_ports: range = range(24000, 24100),
        rtp_dscp: int = EXPEDITED,
        rtp_timeout: float | None = 60.0,
    ) -> None:
        """listen: one IPv4 address of this machine and a port (0: any free one, see `address`). peer: the only
        address, an IPv4 one, that is answered and called. channels: calls at once, at most 25.
        rtp_dscp, rtp_timeout: as for the SIP driver. Raises ConfigurationError, also where pyVoIP is not installed or
        cannot work."""
        require()
        if not 1 <= channels <= MOST_CHANNELS:
            raise ConfigurationError(f"pyvoip.channels: {channels}: between 1 and {MOST_CHANNELS} are possible")
        self._listen, self._peer = _address("listen", listen), _address("peer", peer)
        self._channels = channels
        try:
            self._pool = MediaPool(
                host=self._listen[0], ports=rtp_ports, workers=1, dscp=rtp_dscp, timeout=rtp_timeout
            )
        except ValueError as error:
            raise ConfigurationError(f"pyvoip.rtp_ports: {error}") from None
        self._legs: set[PyVoipLeg] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: Client | None = None
        self._refused = LimitedLog(log, "pyVoIP call refused with 503")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that SIP is received on, once started."""
        if self._client is None:
            raise RuntimeError("the pyVoIP driver is not running")
        return self._client.myIP, self._client.myPort

    async def start(self, on_call: OnCall) -> None:
        """Raises ConfigurationError when the address cannot be bound."""
        from drivers.pyvoip.client import Client

        self._on_call = on_call
        self._loop = asyncio.get_running_loop()
        await self._pool.start()
        try:
            self._client = await asyncio.to_thread(Client, self._listen, self._peer, self._announce)
        except OSError as error:
            await self._pool.stop()
            host, port = self._listen
            raise ConfigurationError(f"pyvoip.listen: cannot bind {host}:{port}: {error.strerror}") from None
        self._channel = "pyvoip/{}:{}".format(*self.address)
        await asyncio.to_thread(self._client.start)
        log.warning(_LIMITS, self._channels, *self._peer)

    async def stop(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        for leg in list(self._legs):
            leg.give_up(Cause.CONGESTION, "the pyVoIP driver was stopped")
        await asyncio.gather(*(leg.hangup() for leg in list(self._legs)))
        await asyncio.to_thread(client.close)
        await asyncio.gather(*self._tasks)
        await self._pool.stop()

    async def originate(self, to: str, *, caller_id: str = "", near: Leg | None = None, early: bool = False) -> Leg:
        """See `Driver`: a number is called at the peer, a SIP address only if it is one of the peer's. What the far
        end says before it answers is not heard."""
        from drivers.pyvoip.call import Call

        number, client = self._number(to), self._client
        if client is None:
            raise NoChannel("the pyVoIP driver is not running")
        if len(self._legs) >= self._channels:
            raise NoChannel(f"all {self._channels} channels of the pyVoIP driver are taken")
        line = Line(client, self._loop, Call(client, self._peer))
        leg = self._make_leg(line, "out", did=to, cli=caller_id)
        try:
            with contextlib.suppress(LegGone):
                port = await leg.attach()
                line.dial(number, caller_id, port.host, port.port)
                await leg.established.wait()
        except BaseException:
            await leg.hangup(Cause.CANCELLED)
            raise
        if not leg.alive:
            hangup = leg.ended.result()
            raise OriginateError(to, hangup.cause, hangup.detail)
        return leg

    def usage(self) -> dict[str, int]:
        return {"legs": len(self._legs), **self._pool.usage()}

    # Inside

    def _number(self, to: str) -> str:
        """What to call at the peer. Raises ValueError."""
        if _NUMBER.fullmatch(to):
            return to.replace("#", "%23")
        match = _ADDRESS.fullmatch(to)
        if match is None or (match["host"], int(match["port"] or 5060)) != self._peer:
            raise ValueError(f"{to!r} is no number, and no address at {self._peer[0]}:{self._peer[1]}")
        return match["user"].replace("#", "%23")

    def _announce(self, call: Call) -> None:
        """A call has come in; called in pyVoIP's thread."""
        client = self._client
        if client is not None:
            with contextlib.suppress(RuntimeError):  # the event loop was closed without `stop`
                self._loop.call_soon_threadsafe(self._on_invited, Line(client, self._loop, call), call)

    def _on_invited(self, line: Line, call: Call) -> None:
        invited = call.invited
        full = len(self._legs) >= self._channels
        leg = self._make_leg(line, "in", did=invited.did, cli=invited.cli, name=invited.name)
        if full or self._client is None:
            self._refused.warning(f"all {self._channels} channels are taken; the call was to {invited.did}")
            leg.give_up(Cause.CONGESTION)
        else:
            self._spawn(self._admit(leg))

    async def _admit(self, leg: PyVoipLeg) -> None:
        """Give an incoming leg its port, then show it."""
        try:
            await leg.attach()
        except NoChannel as error:
            self._refused.warning(f"{error}; the call was to {leg.info.did}")
            leg.give_up(Cause.CONGESTION, str(error))
            return
        except LegGone:
            if leg.ended.result().by == "local":
                return  # the driver is being stopped
            # Cancelled within the first milliseconds: a call all the same.
        try:
            self._on_call(leg)
        except Exception:
            log.exception("the call to %s could not be taken", leg.info.did)
            leg.give_up(Cause.FAILED, "the call could not be taken")

    def _make_leg(
        self, line: Line, direction: Literal["in", "out"], *, did: str, cli: str, name: str = ""
    ) -> PyVoipLeg:
        info = LegInfo(
            id=uuid.uuid4().hex,
            driver=self.name,
            channel=self._channel,
            direction=direction,
            did=did,
            cli=cli,
            name=name,
        )
        leg = PyVoipLeg(info, line, self._pool, self._legs.discard)
        self._legs.add(leg)
        return leg

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _address(key: str, text: str) -> tuple[str, int]:
    """An IPv4 address and a port. Raises ConfigurationError."""
    host, _, port = text.rpartition(":")
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        address = None
    if address is None or address.is_unspecified or not port.isdecimal() or int(port) > 65535:
        raise ConfigurationError(
            f"pyvoip.{key}: {text!r}: expected an IPv4 address and a port, such as 192.0.2.7:5060"
        )
    return host, int(port)
