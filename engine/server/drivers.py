"""Finds the drivers: whatever is installed in the entry-point group `flowctl.drivers`."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from engine.errors import ConfigurationError
from engine.lines import Driver

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
