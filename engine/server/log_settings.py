"""The section `logs` of the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from engine.server.section import Section


class LogSettings(Section):
    """The daily log, and what is in it."""

    folder: Path = Field(
        default=Path("Logs"),
        description="Folder of the daily logs, `ddmmyyyy.log`; relative to the data folder. They are kept as "
        "`retention.logs` says.",
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least that is logged, in the daily log and on standard error."
    )
    mask_numbers: bool = Field(
        default=False,
        description="The last four digits of numbers with six digits or more are logged as x: +3361234xxxx.",
    )
