"""A report as CSV. Texts never become formulas in a spreadsheet, whatever somebody has named a centre."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from engine.records.statistics import Language, Measure, Report, Unit, Value
from tools.flowctl.statistics.columns import columns
from tools.flowctl.statistics.words import NO_REASON, PAUSE, ROWS, Manner

_NUMBER = re.compile(r"\+[0-9]{1,20}")
_COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How texts begin that a spreadsheet takes for formulas."""


def as_csv(report: Report, manner: Manner) -> bytes:
    """One line a row, with every measure: lengths in seconds, shares from 0 to 1. In UTF-8; for a `spreadsheet` with
    its mark, and in French with semicolons and decimal commas."""
    language = manner.language
    commas = manner.spreadsheet and language == "fr"
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";" if commas else ",", lineterminator="\r\n")
    shown, pauses = columns(report, every=True), _pauses(report)
    writer.writerow(_harmless(text) for text in _headings(report, shown, pauses, language))
    for row in report.rows:
        numbers = [
            *(row.values[measure.name] for measure in shown),
            *(row.pauses.get(reason, 0.0) for reason in pauses),
        ]
        writer.writerow([_harmless(row.key), *(_plain(value, commas=commas) for value in numbers)])
    return file.getvalue().encode("utf-8-sig" if manner.spreadsheet else "utf-8")


def _pauses(report: Report) -> list[str]:
    return sorted(report.total.pauses)


def _headings(report: Report, shown: Sequence[Measure], pauses: Sequence[str], language: Language) -> list[str]:
    units = {Unit.SECONDS: " (s)"}
    of_pauses = [f"{PAUSE.in_(language)} {reason or NO_REASON.in_(language)} (s)" for reason in pauses]
    titles = [f"{report.title(measure, language)}{units.get(measure.unit, '')}" for measure in shown]
    return [ROWS[report.query.by].in_(language), *titles, *of_pauses]


def _plain(value: Value, *, commas: bool) -> str:
    """A millisecond is kept, and a hundredth of a percent."""
    if value is None:
        return ""
    text = f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return text.replace(".", ",") if commas else text


def _harmless(text: str) -> str:
    """With ' before what a spreadsheet would compute; a telephone number with its + is left as it is."""
    computed = text.startswith(_COMPUTED) or text.lstrip().startswith(_COMPUTED)
    return f"'{text}" if computed and not _NUMBER.fullmatch(text) else text
