"""A report for the terminal: a table with a bar for each row."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text as Styled

from engine.records.statistics import By, Language, Measure, Report, Unit
from tools.flowctl.statistics.columns import PLOTS, columns, named
from tools.flowctl.statistics.words import NO_REASON, NO_ROOM, PAUSE, ROWS, WHOLE, Manner, labels, shown, title

BAR = 24
"""Characters of the longest bar."""
ENDLESS = 2000
"""Characters of a line where there is no terminal."""
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def show(report: Report, console: Console, manner: Manner) -> None:
    """Print it, with as many columns as there is room for."""
    language = manner.language
    console.print(Styled(title(report, language), style="bold"))
    shown_ = [_Column(report, measure, language) for measure in columns(report, every=manner.every)]
    names = [_printable(name) for name in (*labels(report, manner), WHOLE.in_(language))]
    room = console.width - max(map(cell_len, names))
    fitting = [
        column for position, column in enumerate(shown_) if sum(one.width for one in shown_[: position + 1]) <= room
    ]
    room -= sum(column.width for column in fitting)
    console.print(_table(report, language, names, fitting, min(BAR, room - 4)))
    if len(fitting) < len(shown_):
        left_out = ", ".join(column.title for column in shown_[len(fitting) :])
        console.print(Styled(f"{NO_ROOM.in_(language)} {left_out}", style="dim"))
    if report.query.by is By.WAIT:
        _quantiles(report, console, language)
    if report.total.pauses:
        console.print(_pauses(report, language))
    plot = PLOTS[report.kind]
    part, whole = (report.title(named(report, name), language) for name in (plot.part, plot.whole))
    console.print(Styled.assemble(("█", "green"), f" {part}  ", ("░", "dim"), f" {whole}"))


def as_text(report: Report, manner: Manner) -> str:
    """The same without colours, for a file."""
    file = io.StringIO()
    show(report, Console(file=file, width=ENDLESS, no_color=True, highlight=False), manner)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


class _Column:
    """The values of one measure, the whole at last, as they are shown."""

    def __init__(self, report: Report, measure: Measure, language: Language) -> None:
        self.title = report.title(measure, language)
        self.cells = [shown(row.values[measure.name], measure.unit, language) for row in (*report.rows, report.total)]
        # A heading is folded between its words.
        width = max(map(cell_len, (*self.title.split(), *self.cells)))
        self.heading = "\n".join(textwrap.wrap(self.title, width))
        self.width = width + 2


def _table(report: Report, language: Language, names: Sequence[str], shown_: Sequence[_Column], bar: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(ROWS[report.query.by].in_(language), no_wrap=True)
    for column in shown_:
        table.add_column(escape(column.heading), justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    plot = PLOTS[report.kind]
    most = max((row.values[plot.whole] or 0 for row in report.rows), default=0)
    cells = list(zip(*(column.cells for column in shown_), strict=True))
    for name, values, row in zip(names, cells, report.rows, strict=False):
        table.add_row(Styled(name), *values, _bar(row.values[plot.part] or 0, row.values[plot.whole] or 0, most, bar))
    table.add_section()
    table.add_row(Styled(names[-1]), *cells[-1], "", style="bold")
    return table


def _bar(part: float, whole: float, most: float, length: int) -> Styled:
    """As long as `whole` is of the longest, which has `length` characters; `part` of it is full."""
    if not most or length < 4:
        return Styled("")
    eighths, end = round(part / most * length * 8), round(whole / most * length)
    full = "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
    return Styled.assemble((full, "green"), ("░" * max(0, end - len(full)), "dim"))


def _pauses(report: Report, language: Language) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(PAUSE.in_(language))
    table.add_column("", justify="right")
    for reason, length in sorted(report.total.pauses.items(), key=lambda one: -one[1]):
        table.add_row(Styled(_printable(reason) or NO_REASON.in_(language)), shown(length, Unit.SECONDS, language))
    return table


def _quantiles(report: Report, console: Console, language: Language) -> None:
    for measure in report.measures:
        if measure.unit is Unit.SECONDS:
            value = shown(report.total.values[measure.name], measure.unit, language)
            console.print(
                f"{report.title(measure, language)}{' :' if language == 'fr' else ':'} {value}", markup=False
            )


def _printable(text: str) -> str:
    """Names come from outside: what moves the cursor or changes colours does not reach the terminal."""
    return "".join(character if character.isprintable() else "·" for character in text)
