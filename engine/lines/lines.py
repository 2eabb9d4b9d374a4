"""All lines of one server: which driver dials what, on which channel, and whether at all."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Sequence

from engine.errors import LineFailed, NoChannel, OriginateError, Unsupported
from engine.lines.channel_rules import Use, use_of
from engine.lines.channels import Channels
from engine.lines.dialling import Dialled, DialPlan
from engine.lines.limits import Limits
from engine.lines.ports import Capability, Driver, Leg

log = logging.getLogger("flowctl.lines")

_FOR_TWO = (Capability.ORIGINATE, Capability.BRIDGE)
"""What a driver needs that calls somebody to be connected with somebody."""


class Lines:
    """The drivers of a server, as one."""

    def __init__(
        self,
        drivers: Sequence[Driver],
        channels: Channels | None = None,
        plan: DialPlan | None = None,
        limits: Limits | None = None,
    ) -> None:
        """channels: without, there are as many as there are calls. plan: without, France's usual rules. limits:
        without, there are none."""
        self.drivers = tuple(drivers)
        self.channels = channels or Channels()
        self.plan = plan or DialPlan()
        self._limits = limits

    def driver_of(self, leg: Leg) -> Driver:
        """The driver that a leg belongs to."""
        for driver in self.drivers:
            if driver.name == leg.info.driver:
                return driver
        raise LookupError(f"no driver {leg.info.driver!r}")

    async def allow(self, to: str, *, near: Leg | None = None, agent: str | None = None) -> Dialled:
        """What a driver is to dial, or to transfer to, for `to`, which counts for the limits from now on.

        near: the leg of the caller for whom it is, if there is one. agent: code of the agent who calls, if it is one.
        Raises NotAllowed, which names the rule or the limit.
        """
        if self._driver(to, near).reaches(to) and not self.plan.is_emergency(to):
            return Dialled("internal", "", to)
        dialled = self.plan.decide(to)
        if dialled.outside and self._limits is not None:
            await self._limits.take(near=near, agent=agent)
        return dialled

    def not_tried(self, dialled: Dialled, *, near: Leg | None = None, agent: str | None = None) -> None:
        """What was allowed turned out to be impossible, and does not count."""
        if dialled.outside and self._limits is not None:
            self._limits.give_back(near=near, agent=agent)

    def presented(self, leg: Leg) -> str:
        """The number to present to whom the caller of `leg` is connected with; empty for the line's own."""
        return self.plan.cleaned(leg.info.cli) if self.plan.presents_caller else self.plan.number

    async def originate(
        self, to: str, *, caller_id: str, near: Leg | None = None, agent: str | None = None, early: bool = False
    ) -> Leg:
        """Call `to`, a telephone number, an extension or a SIP URI, with the driver of the leg it will be bridged
        with, on a free channel; see `Driver.originate`, and `allow`, whose NotAllowed is raised.

        near: that leg; None for the first of two: it goes by the first driver that can connect them."""
        driver = self._driver(to, near)
        for needed in _FOR_TWO:
            if needed not in driver.capabilities:
                raise Unsupported(f"driver {driver.name} cannot {needed.value}: {to} was not called")
        dialled = await self.allow(to, near=near, agent=agent)
        return await self.dial(to, dialled, caller_id=caller_id, near=near, agent=agent, early=early)

    async def dial(
        self,
        to: str,
        dialled: Dialled,
        *,
        caller_id: str,
        near: Leg | None = None,
        agent: str | None = None,
        early: bool = False,
    ) -> Leg:
        """As `originate`, for what `allow` has allowed."""
        driver = self._driver(to, near)
        try:
            return await self._by_any_line(driver, dialled, caller_id=caller_id, near=near, early=early)
        except NoChannel:
            self.not_tried(dialled, near=near, agent=agent)
            raise
        except ValueError as error:
            why = error if dialled.kind == "address" else "numbers go out by a trunk, and it has none"
            raise Unsupported(f"{to!r} cannot be dialled by driver {driver.name}: {why}") from error
        except OriginateError as error:
            # Named as the scenario names it: a masked value is known by that form.
            raise OriginateError(to, error.cause, error.detail) from error

    def _driver(self, to: str, near: Leg | None) -> Driver:
        """That of a leg; for a call that stands alone, the first that can connect two, if possible one that knows
        the extension."""
        if near is not None:
            return self.driver_of(near)
        able = [driver for driver in self.drivers if driver.capabilities.issuperset(_FOR_TWO)] or self.drivers
        return next((driver for driver in able if driver.reaches(to)), able[0])

    async def _by_any_line(
        self, driver: Driver, dialled: Dialled, *, caller_id: str, near: Leg | None, early: bool
    ) -> Leg:
        """By the first line that has a channel for it and deals with it, in the driver's order. Raises what the last
        line has raised that was tried, or NoChannel when none could be."""
        use = "external_out" if dialled.outside else use_of(dialled.digits)
        passed: list[str] = []
        failure: OriginateError | NoChannel | None = None
        while True:
            try:
                line = driver.line_for(dialled.digits, passed)
            except NoChannel as error:
                raise failure or error from None
            try:
                return await self._by(line, driver, dialled.digits, use, caller_id=caller_id, near=near, early=early)
            except NoChannel as error:
                failure = failure or error
            except LineFailed as error:
                failure = error
                log.warning("a call by %s has failed before anybody was rung: %s", line, error.detail)
            if not line:
                raise failure
            passed.append(line)

    async def _by(
        self, line: str, driver: Driver, to: str, use: Use, *, caller_id: str, near: Leg | None, early: bool
    ) -> Leg:
        """On a channel of that line."""
        channel = self.channels.take_out(line, driver.name, use)
        channel.direction, channel.did, channel.cli = "out", to, channel.extension or caller_id
        channel.since = asyncio.get_running_loop().time()
        channel.partner = near.info.channel if near is not None else ""
        try:
            leg = await driver.originate_by(line, to, caller_id=channel.cli, near=near, early=early)
        except BaseException:
            self.channels.release(channel)
            raise
        leg.info = dataclasses.replace(leg.info, channel=channel.id)
        channel.call = leg.info.id
        channel.answered = lambda: True
        leg.ended.add_done_callback(lambda _: self.channels.release(channel))
        return leg

    def usage(self) -> dict[str, int]:
        """Resources in use over all drivers."""
        total: dict[str, int] = {}
        for driver in self.drivers:
            for name, count in driver.usage().items():
                total[name] = total.get(name, 0) + count
        return total
