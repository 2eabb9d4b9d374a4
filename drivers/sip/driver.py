"""The SIP driver: calls over UDP with G.711 audio, by trunks and from any allowed peer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from drivers.sip import ask
from drivers.sip.early import Early
from drivers.sip.events import Call, Invited, LocalMedia
from drivers.sip.fork import first_answer
from drivers.sip.leg import SipLeg
from drivers.sip.line import Line
from drivers.sip.media.pool import EXPEDITED, MediaPool
from drivers.sip.peers import Peers
from drivers.sip.phones import Phones
from drivers.sip.pressure import Pressure
from drivers.sip.reactor import shared_reactor
from drivers.sip.registrar import Registrar
from drivers.sip.routes import Routes
from drivers.sip.trunk import read_trunks
from drivers.sip.trunks import Trunks
from drivers.sip.uri import parse_external, parse_listen
from engine.errors import ConfigurationError, LegGone, LineFailed, NoChannel, OriginateError, Unsupported
from engine.lines import Capability, Cause, Driver, Leg, LegInfo, TrunkState
from engine.lines.delays import Delays
from engine.lines.ports import OnCall

if TYPE_CHECKING:
    from drivers.sip.endpoint import Endpoint

log = logging.getLogger(__name__)

FAREWELL = 1.0
"""Seconds that `stop` waits for the far ends to confirm that their calls are over."""


class SipDriver(Driver):
    """One SIP address. Several may live in one process; each has its own port and media workers."""

    name = "sip"
    capabilities = frozenset(Capability)

    def __init__(
        self,
        *,
        listen: str = "127.0.0.1:5060",
        allow: Sequence[str] = ("127.0.0.1/32",),
        trunks: Mapping[str, Mapping[str, Any]] | None = None,
        on_trunk: Callable[[TrunkState], None] | None = None,
        phones: Mapping[str, Any] | None = None,
        rtp_ports: range = range(20000, 24000),
        media_workers: int | None = None,
        rtp_external: str | None = None,
        rtp_dscp: int = EXPEDITED,
        rtp_timeout: float | None = 60.0,
        session_timer: float = 1800.0,
        external: str | None = None,
        overload: float = 0.0,
        hook_flash: Literal["event", "info"] = "event",
        on_refer: Callable[[Leg, str], Awaitable[Leg]] | None = None,
    ) -> None:
        """listen: one IPv4 address of this machine and a port (0: any free one, see `address`).
        allow: networks whose requests are answered; others get silence.
        trunks: by name, what the settings say of each (`Trunk`).
        on_trunk: told, in the event loop, of each trunk that goes down or comes up.
        phones: what the settings say of those that register here (`Phones`); None for no registrar.
        media_workers: processes; None for one per core.
        rtp_external: the IPv4 address that far ends send to; None for that of `listen`. rtp_dscp: of what is sent.
        rtp_timeout: seconds without a packet after which a call is ended, unless it is on hold; None: never.
        session_timer: seconds within which a far end must show that it still knows a call (RFC 4028); 0: not asked.
        external: host and perhaps port by which far ends reach us, where a translator of addresses is between.
        hook_flash: sent as a telephone event (RFC 4733) or by SIP INFO.
        overload: seconds; calls that would wait longer for their answer are refused with 503. 0: never.
        on_refer: calls an address for the caller whose leg is given, as `originate`, when the phone that the caller
            talks to passes them on (REFER); None: phones cannot.
        Raises ConfigurationError.
        """
        self._on_refer = on_refer
        self._session_timer = int(session_timer)
        self._hook_flash = hook_flash
        self._listen = parse_listen(listen)
        self._external = parse_external(external) if external else None
        if external and not rtp_external:
            log.warning("sip.external is set and rtp.external is not: far ends send their sound to %s", listen)
        known = read_trunks(trunks or {})
        self._peers = Peers(allow, known)
        self._registrar = Registrar(Phones(**phones)) if phones is not None else None
        self._trunks = Trunks(known, self._peers, on_trunk or (lambda _: None))
        self._routes = Routes(self._registrar, self._trunks, self._peers)
        try:
            self._pool = MediaPool(
                host=self._listen[0],
                ports=rtp_ports,
                workers=media_workers,
                external=rtp_external,
                dscp=rtp_dscp,
                timeout=rtp_timeout,
            )
        except ValueError as error:
            raise ConfigurationError(f"rtp.ports: {error}") from None
        self._legs: set[SipLeg] = set()
        self._refused = 0
        self._pressure = Pressure(overload)
        self._post_dial = Delays()
        self._tasks: set[asyncio.Task[None]] = set()
        self._endpoint: Endpoint | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that SIP is received on, once started."""
        if self._endpoint is None:
            raise RuntimeError("the SIP driver is not running")
        return self._endpoint.address

    async def start(self, on_call: OnCall) -> None:
        """Raises ConfigurationError when the address cannot be bound."""
        self._on_call = on_call
        self._loop = asyncio.get_running_loop()
        self._reactor = await asyncio.to_thread(shared_reactor)
        await self._pool.start()
        try:
            self._endpoint = await self._reactor.call(self._make_endpoint)
        except OSError as error:
            await self._pool.stop()
            host, port = self._listen
            raise ConfigurationError(f"sip.listen: cannot bind {host}:{port}: {error.strerror}") from None
        self._channel = "sip/{}:{}".format(*self.address)
        endpoint = self._endpoint
        self._pressure.start(self._reactor, self._pool)
        await self._trunks.start(partial(ask.send, self._reactor, endpoint), (endpoint.host, endpoint.port))

    async def stop(self) -> None:
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is None:
            return
        self._refused += endpoint.refused
        await self._pressure.stop()
        await self._reactor.call(endpoint.refuse_calls)
        await self._trunks.stop()
        for leg in list(self._legs):
            leg.give_up(Cause.CONGESTION, "the SIP driver was stopped")
        await asyncio.gather(*(leg.hangup() for leg in list(self._legs)))
        closed = asyncio.Event()
        self._reactor.post(endpoint.close, FAREWELL, partial(self._loop.call_soon_threadsafe, closed.set))
        await closed.wait()
        await asyncio.gather(*self._tasks)
        await self._pool.stop()

    async def originate(
        self,
        to: str,
        *,
        caller_id: str = "",
        near: Leg | None = None,
        early: bool = False,
        on_ringing: Callable[[], None] | None = None,
    ) -> Leg:
        """See `Driver`: a SIP address is called there, an extension at every phone registered for it, a number by the
        first trunk that is up. `on_ringing` is called if the far end alerts before it answers."""
        routes = await self._routes.calls(to, caller_id)
        dial = partial(self._dial, to, near=near, early=early and len(routes) == 1, on_ringing=on_ringing)
        return await first_answer([dial(call, line) for call, line in routes])

    async def originate_by(
        self, line: str, to: str, *, caller_id: str = "", near: Leg | None = None, early: bool = False
    ) -> Leg:
        routes = await self._routes.calls(to, caller_id, line.removeprefix("sip/"))
        dial = partial(self._dial, to, near=near, early=early and len(routes) == 1, on_ringing=None)
        return await first_answer([dial(call, name) for call, name in routes])

    async def _dial(
        self, to: str, call: Call, trunk: str, *, near: Leg | None, early: bool, on_ringing: Callable[[], None] | None
    ) -> SipLeg:
        endpoint = self._endpoint
        if endpoint is None:
            raise NoChannel("the SIP driver is not running")
        line = Line(self._reactor, self._loop)
        leg = self._make_leg(line, "out", did=to, cli=call.caller_id, trunk=trunk)
        leg.on_ringing = on_ringing
        if early and isinstance(near, SipLeg) and near.established.is_set():
            leg.early = Early(leg, near)
        try:
            with contextlib.suppress(LegGone):
                port = await leg.attach(near if isinstance(near, SipLeg) else None)
                line.call(endpoint, call, LocalMedia(port.host, port.port))
                await leg.answered()
        except BaseException:
            await leg.hangup(Cause.CANCELLED)
            raise
        if not leg.alive:
            hangup, watch = leg.ended.result(), self._trunks.by_name(trunk)
            if watch is None or leg.unserved is None:
                raise OriginateError(to, hangup.cause, hangup.detail)
            watch.rest(leg.unserved)
            raise LineFailed(to, hangup.cause, hangup.detail)
        return leg

    def reaches(self, address: str) -> bool:
        return self._routes.registered(address)

    def line_for(self, to: str, without: Collection[str] = ()) -> str:
        line = self._routes.line_for(to, [name.removeprefix("sip/") for name in without])
        return f"sip/{line}" if line else ""

    def trunks(self) -> dict[str, TrunkState]:
        return self._trunks.states

    def defence(self) -> dict[str, int]:
        """Addresses banned, and requests of theirs dropped, since the start."""
        guard = self._endpoint.guard if self._endpoint is not None else None
        return {"bans": guard.bans, "dropped": guard.dropped} if guard is not None else {}

    def refused(self) -> int:
        return self._refused + (self._endpoint.refused if self._endpoint is not None else 0)

    async def turn(self) -> None:
        if self._endpoint is not None:
            await self._reactor.call(int)

    def post_dial(self) -> Delays:
        return self._post_dial

    def usage(self) -> dict[str, int]:
        return {"legs": len(self._legs), **self._pool.usage()}

    # Inside

    def _make_endpoint(self) -> Endpoint:
        from drivers.sip.endpoint import Endpoint  # sippy is imported in the signalling thread only

        endpoint = Endpoint(
            self._reactor,
            self._listen,
            self._peers,
            self._announce,
            self._new_line,
            self._registrar,
            self._external,
        )
        endpoint.session_timer = self._session_timer
        endpoint.pressure = self._pressure
        return endpoint

    def _new_line(self) -> Line:
        return Line(self._reactor, self._loop)

    def _announce(self, line: Line, invited: Invited) -> None:
        """A call has come in; called in the signalling thread."""
        line.invited(self._post_dial)
        with contextlib.suppress(RuntimeError):  # the event loop was closed without `stop`
            self._loop.call_soon_threadsafe(self._on_invited, line, invited)

    def _on_invited(self, line: Line, invited: Invited) -> None:
        full = self._trunks.full(invited.trunk)
        leg = self._make_leg(line, "in", did=invited.did, cli=invited.cli, name=invited.name, trunk=invited.trunk)
        if full:
            log.warning(
                "call to %s refused with 503: every channel of trunk %s is taken",
                invited.did, invited.trunk, extra={"call": leg.info.id},
            )  # fmt: skip
            self._refused += 1
            leg.give_up(Cause.CONGESTION)
        else:
            self._spawn(self._admit(leg))

    async def _admit(self, leg: SipLeg) -> None:
        """Give an incoming leg its port, then show it."""
        try:
            await leg.attach()
        except NoChannel as error:
            log.warning("call to %s refused with 503: %s", leg.info.did, error, extra={"call": leg.info.id})
            self._refused += 1
            leg.give_up(Cause.CONGESTION, str(error))
            await leg.hangup()
            return
        except LegGone:
            if leg.ended.result().by == "local":
                return  # the driver is being stopped
            # Cancelled within the first milliseconds: a call all the same.
        try:
            self._on_call(leg)
        except Exception:
            log.exception("the call to %s could not be taken", leg.info.did, extra={"call": leg.info.id})
            leg.give_up(Cause.FAILED, "the call could not be taken")
            await leg.hangup()

    def _make_leg(
        self, line: Line, direction: Literal["in", "out"], *, did: str, cli: str, name: str = "", trunk: str = ""
    ) -> SipLeg:
        info = LegInfo(
            id=uuid.uuid4().hex,
            driver=self.name,
            channel=f"sip/{trunk}" if trunk else self._channel,
            direction=direction,
            did=did,
            cli=cli,
            name=name,
        )
        leg = SipLeg(info, line, self._pool, self._released)
        leg.flash_by_info = self._hook_flash == "info"
        leg.connect = self._connect if self._on_refer is not None else None
        self._legs.add(leg)
        self._trunks.took(leg, trunk)
        return leg

    async def _connect(self, caller: Leg, to: str) -> SipLeg:
        """The call to whom a phone passes `caller` on."""
        assert self._on_refer is not None
        leg = await self._on_refer(caller, to)
        if not isinstance(leg, SipLeg):
            await leg.hangup()
            raise Unsupported(f"{to} is no SIP phone")
        return leg

    def _released(self, leg: SipLeg) -> None:
        self._legs.discard(leg)
        self._trunks.released(leg)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
