"""The section `journals` of the settings."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from engine.messages.language import Language
from engine.records.journals import Period, Which
from engine.server.section import Section


class JournalSettings(Section):
    """CSV files with a row for each call."""

    calls: Period = Field(
        default="none",
        description="Journal of the calls made: none, single (SNTJournal.CSV), daily (SNTyyyymmdd.CSV), monthly "
        "(SNTyyyymm.CSV) or yearly (SNTyyyy.CSV).",
    )
    abandoned: Period = Field(
        default="none",
        description="The same of the calls abandoned: ended before anybody had spoken with the caller and before the "
        "scenario came to its end. ERR in the place of SNT.",
    )
    folder: Path = Field(default=Path("Journals"), description="Folder of the journals; relative to the data folder.")
    language: Language | None = Field(
        default=None, description="Language of the journals; by default the setting `language`."
    )

    def period(self, which: Which) -> Period:
        """How often that journal begins a new file."""
        return self.calls if which == "calls" else self.abandoned

    @property
    def wanted(self) -> bool:
        """Whether there is any."""
        return (self.calls, self.abandoned) != ("none", "none")
