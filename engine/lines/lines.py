"""All lines of one server: which driver dials what."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from engine.errors import Unsupported
from engine.lines.channel_rules import use_of
from engine.lines.channels import Channels
from engine.lines.ports import Capability, Driver, Leg


class Lines:
    """The drivers of a server, as one."""

    def __init__(self, drivers: Sequence[Driver], channels: Channels | None = None) -> None:
        """channels: without, there are as many as there are calls."""
        self.drivers = tuple(drivers)
        self.channels = channels or Channels()

    def driver_of(self, leg: Leg) -> Driver:
        """The driver that a leg belongs to."""
        for driver in self.drivers:
            if driver.name == leg.info.driver:
                return driver
        raise LookupError(f"no driver {leg.info.driver!r}")

    async def originate(self, to: str, *, caller_id: str, near: Leg) -> Leg:
        """Call `to` with the driver of the leg it will be bridged with, on a free channel; see `Driver.originate`."""
        driver = self.driver_of(near)
        for needed in (Capability.ORIGINATE, Capability.BRIDGE):
            if needed not in driver.capabilities:
                raise Unsupported(f"driver {driver.name} cannot {needed.value}: {to} was not called")
        channel = self.channels.take_out(driver.name, use_of(to))
        try:
            leg = await driver.originate(to, caller_id=channel.extension or caller_id, near=near)
        except BaseException as error:
            self.channels.release(channel)
            if isinstance(error, ValueError):
                raise Unsupported(f"{to!r} cannot be dialled by driver {driver.name}: {error}") from error
            raise
        leg.info = dataclasses.replace(leg.info, channel=channel.id)
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
