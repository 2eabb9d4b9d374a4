"""Finds the drivers: whatever is installed in the entry-point group `flowctl.drivers`."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from engine.errors import ConfigurationError
from engine.lines import Driver
from engine.server.section import range_of
from engine.server.settings import Settings

GROUP = "flowctl.drivers"


def make_driver(name: str, **settings: Any) -> Driver:
    """An instance of the driver of that name. Raises ConfigurationError when it is not installed."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    if name not in found:
        raise ConfigurationError(f"driver {name!r} is not installed; installed: {', '.join(sorted(found))}")
    try:
        factory = found[name].load()
    except ImportError as error:
        raise ConfigurationError(f"driver {name!r} cannot be loaded: {error}; install flowctl[{name}]") from error
    driver: Driver = factory(**settings)
    return driver


def drivers_beside_sip(settings: Settings) -> list[Driver]:
    """The other drivers that the settings ask for. Raises ConfigurationError."""
    found = [_pyvoip(settings)] if settings.pyvoip is not None else []
    for name, options in settings.drivers.items():
        try:
            driver = make_driver(name, **options)
        except TypeError as error:
            raise ConfigurationError(f"drivers.{name}: {error}") from error
        if driver.name != name:
            raise ConfigurationError(f"drivers.{name}: this driver calls itself {driver.name!r}: write that")
        found.append(driver)
    return found


def _pyvoip(settings: Settings) -> Driver:
    pyvoip = settings.pyvoip
    assert pyvoip is not None
    ports = range_of(pyvoip.rtp_ports)
    if set(ports) & set(settings.rtp.range):
        raise ConfigurationError(f"pyvoip.rtp_ports: {pyvoip.rtp_ports} has ports of rtp.ports: {settings.rtp.ports}")
    return make_driver(
        "pyvoip",
        listen=pyvoip.listen,
        peer=pyvoip.peer,
        channels=pyvoip.channels,
        rtp_ports=ports,
        rtp_dscp=settings.rtp.dscp,
        rtp_timeout=settings.rtp.timeout or None,
    )
