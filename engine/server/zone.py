"""The time zone of a server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

LOCALTIME = Path("/etc/localtime")
"""A link to the file of the machine's zone."""
TIMEZONE = Path("/etc/timezone")
"""Its name, on Debian."""
FOLDER = "/zoneinfo/"
"""Between where the zones are kept and the name of one."""


def zone_name(value: str) -> str:
    """The value, when it names a time zone. Raises ValueError."""
    if value not in available_timezones():
        raise ValueError(f"{value!r} is not a time zone: write one such as Europe/Paris (IANA)")
    return value


def machine_zone(
    environment: Mapping[str, str] = os.environ, localtime: Path = LOCALTIME, timezone: Path = TIMEZONE
) -> ZoneInfo:
    """The zone that the machine is set to, by its name, which is what knows of changes of the clock; UTC where it
    has none. Blocking."""
    names = (
        environment.get("TZ", "").removeprefix(":").rpartition(FOLDER)[2],
        str(localtime.resolve()).rpartition(FOLDER)[2] if localtime.is_symlink() else "",
        timezone.read_text(encoding="ascii", errors="replace").strip() if timezone.is_file() else "",
    )
    known = available_timezones()
    return ZoneInfo(next((name for name in names if name in known), "UTC"))
