"""A report as XLSX: numbers are numbers, lengths are lengths, and texts are never formulas."""

from __future__ import annotations

import io
from typing import Any

from engine.records.statistics import Language, Measure, Report, Row, Unit, Value
from tools.flowctl.statistics.columns import columns
from tools.flowctl.statistics.words import (
    FORMULA,
    FORMULAS,
    MEASURE,
    NO_REASON,
    PAUSE,
    ROWS,
    TITLES,
    WHOLE,
    Manner,
    labels,
    title,
)

_FORMATS = {Unit.COUNT: "0", Unit.SECONDS: "[h]:mm:ss", Unit.SHARE: "0.0%"}
_DAY = 86400
_SAFE = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def as_xlsx(report: Report, manner: Manner) -> bytes:
    """A sheet with every measure, and one with the formulas. Needs the package xlsxwriter."""
    import xlsxwriter

    file = io.BytesIO()
    with xlsxwriter.Workbook(file, _SAFE) as book:
        _Sheet(report, manner, book).write()
        _formulas(report, manner.language, book)
    return file.getvalue()


class _Sheet:
    def __init__(self, report: Report, manner: Manner, book: Any) -> None:
        self._report = report
        self._manner = manner
        self._page = book.add_worksheet(TITLES[report.kind].in_(manner.language))
        self._measures = columns(report, every=True)
        self._reasons = sorted(report.total.pauses)
        self._bold = book.add_format({"bold": True})
        self._heading = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        self._formats = {unit: book.add_format({"num_format": text}) for unit, text in _FORMATS.items()}
        self._sums = {unit: book.add_format({"num_format": text, "bold": True}) for unit, text in _FORMATS.items()}

    def write(self) -> None:
        """Title, headings, rows, and the whole below them."""
        report, language, page = self._report, self._manner.language, self._page
        page.write_string(0, 0, title(report, language), self._bold)
        pauses = [f"{PAUSE.in_(language)} {reason or NO_REASON.in_(language)}" for reason in self._reasons]
        titles = [report.title(measure, language) for measure in self._measures]
        headings = [ROWS[report.query.by].in_(language), *titles, *pauses]
        for column, text in enumerate(headings):
            page.write_string(2, column, text, self._heading)
        names = labels(report, self._manner)
        for line, (name, row) in enumerate(zip(names, report.rows, strict=True), 3):
            page.write_string(line, 0, name)
            self._numbers(line, row, self._formats)
        last = 3 + len(names)
        page.write_string(last, 0, WHOLE.in_(language), self._bold)
        self._numbers(last, report.total, self._sums)
        page.set_column(0, 0, max(12, *(len(name) + 2 for name in [*names, ""])))
        page.set_column(1, len(headings) - 1, 13)
        page.freeze_panes(3, 1)

    def _numbers(self, line: int, row: Row, formats: dict[Unit, Any]) -> None:
        for column, measure in enumerate(self._measures, 1):
            self._number(line, column, row.values[measure.name], measure.unit, formats)
        for column, reason in enumerate(self._reasons, 1 + len(self._measures)):
            self._number(line, column, row.pauses.get(reason, 0.0), Unit.SECONDS, formats)

    def _number(self, line: int, column: int, value: Value, unit: Unit, formats: dict[Unit, Any]) -> None:
        if value is not None:
            self._page.write_number(line, column, value / _DAY if unit is Unit.SECONDS else value, formats[unit])


def _formulas(report: Report, language: Language, book: Any) -> None:
    page = book.add_worksheet(FORMULAS.in_(language))
    bold = book.add_format({"bold": True, "bottom": 1})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    for column, text in enumerate((MEASURE.in_(language), FORMULA.in_(language))):
        page.write_string(0, column, text, bold)
    measures: list[Measure] = list(report.measures)
    for line, measure in enumerate(measures, 1):
        page.write_string(line, 0, report.title(measure, language), wrap)
        page.write_string(line, 1, report.formula(measure, language), wrap)
    page.set_column(0, 0, 38)
    page.set_column(1, 1, 100)
