"""All lines of one server: which driver dials what."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import Unsupported
from engine.lines.ports import Capability, Driver, Leg


class Lines:
    """The drivers of a server, as one."""

    def __init__(self, drivers: Sequence[Driver]) -> None:
        self.drivers = tuple(drivers)

    def driver_of(self, leg: Leg) -> Driver:
        """The driver that a leg belongs to."""
        for driver in self.drivers:
            if driver.name == leg.info.driver:
                return driver
        raise LookupError(f"no driver {leg.info.driver!r}")

    async def originate(self, to: str, *, caller_id: str, near: Leg) -> Leg:
        """Call `to` with the driver of the leg it will be bridged with; see `Driver.originate`."""
        driver = self.driver_of(near)
        for needed in (Capability.ORIGINATE, Capability.BRIDGE):
            if needed not in driver.capabilities:
                raise Unsupported(f"driver {driver.name} cannot {needed.value}: {to} was not called")
        try:
            return await driver.originate(to, caller_id=caller_id, near=near)
        except ValueError as error:
            raise Unsupported(f"{to!r} cannot be dialled by driver {driver.name}: {error}") from error

    def usage(self) -> dict[str, int]:
        """Resources in use over all drivers."""
        total: dict[str, int] = {}
        for driver in self.drivers:
            for name, count in driver.usage().items():
                total[name] = total.get(name, 0) + count
        return total
