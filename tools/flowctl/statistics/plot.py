"""A report as a plot in SVG: bars, the darker part of each being what went well, and a line of shares."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from engine.records.statistics import Report
from tools.flowctl.statistics.columns import PLOTS, named
from tools.flowctl.statistics.words import Manner, labels, title

HEIGHT, TOP, LEFT, RIGHT = 420, 72, 64, 64
PLAIN, DARK, LINE, INK, GRID = "#b8c4ce", "#2b6cb0", "#c2410c", "#1f2933", "#e4e7eb"
_LEAST = 960
_LETTER = 6.6
"""Pixels of a letter, about."""


def as_svg(report: Report, manner: Manner) -> str:
    """One picture, with axes, a title and what its colours mean. Lengths are pixels."""
    return "\n".join(_Plot(report, manner).lines()) + "\n"


class _Plot:
    def __init__(self, report: Report, manner: Manner) -> None:
        self._report = report
        self._language = manner.language
        self._plot = PLOTS[report.kind]
        self._names = _shortened(labels(report, manner))
        longest = min(32, max((len(name) for name in self._names), default=0)) * _LETTER
        self._width = max(_LEAST, LEFT + RIGHT + 3 * len(report.rows))
        self._slanted = longest + 8 > (self._width - LEFT - RIGHT) / max(1, len(report.rows))
        # The first label begins to the left of its bar.
        self._left = max(LEFT, longest * 0.8) if self._slanted else LEFT
        self._band = (self._width - self._left - RIGHT) / max(1, len(report.rows))
        self._bottom = HEIGHT - (24 + longest * 0.68 if self._slanted else 36)
        self._top_value, self._step = _scale(
            max((row.values[self._plot.whole] or 0 for row in report.rows), default=0)
        )

    def lines(self) -> Iterator[str]:
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self._width} {HEIGHT}" width="{self._width}" '
            f'height="{HEIGHT}" font-family="sans-serif" font-size="12" role="img">'
        )
        heading = title(self._report, self._language)
        yield f"<title>{_safe(heading)}</title>"
        yield f'<rect width="{self._width}" height="{HEIGHT}" fill="#ffffff"/>'
        yield _text(LEFT, 24, heading, size=16, weight="bold")
        yield from self._legend()
        yield from self._grid()
        yield from self._bars()
        yield from self._line()
        yield from self._axis()
        yield "</svg>"

    def _legend(self) -> Iterator[str]:
        shown = [(self._plot.part, DARK), (self._plot.whole, PLAIN)]
        at = float(LEFT)
        for name, colour in [*shown, *([(self._plot.line, LINE)] if self._plot.line else [])]:
            text = self._report.title(named(self._report, name), self._language)
            yield f'<rect x="{at:g}" y="42" width="12" height="12" fill="{colour}"/>'
            yield _text(at + 18, 52, text)
            at += 18 + len(text) * _LETTER + 24

    def _grid(self) -> Iterator[str]:
        for position in range(round(self._top_value / self._step) + 1):
            value = position * self._step
            y = self._y(value)
            yield f'<line x1="{self._left:g}" y1="{y:g}" x2="{self._width - RIGHT}" y2="{y:g}" stroke="{GRID}"/>'
            yield _text(self._left - 8, y + 4, f"{value:g}", anchor="end")
        if self._plot.line:
            for percent in (0, 25, 50, 75, 100):
                y = self._y(self._top_value * percent / 100)
                yield _text(self._width - RIGHT + 8, y + 4, f"{percent} %", colour=LINE)

    def _bars(self) -> Iterator[str]:
        for position, row in enumerate(self._report.rows):
            for name, colour in ((self._plot.whole, PLAIN), (self._plot.part, DARK)):
                top = self._y(row.values[name] or 0)
                if top < self._bottom:
                    x, width = self._left + self._band * (position + 0.1), self._band * 0.8
                    yield (
                        f'<rect x="{x:.2f}" y="{top:.2f}" width="{width:.2f}" height="{self._bottom - top:.2f}" '
                        f'fill="{colour}"/>'
                    )

    def _line(self) -> Iterator[str]:
        """Broken where there is no share."""
        if not self._plot.line:
            return
        stretch: list[str] = []
        for position, row in enumerate([*self._report.rows, None]):
            share = None if row is None else row.values[self._plot.line]
            if share is not None:
                x = self._left + self._band * (position + 0.5)
                stretch.append(f"{x:.2f},{self._y(share * self._top_value):.2f}")
                continue
            if len(stretch) > 1:
                yield f'<polyline points="{" ".join(stretch)}" fill="none" stroke="{LINE}" stroke-width="2"/>'
            if len(stretch) == 1 or self._band > 12:
                for point in stretch:
                    x_, y = point.split(",")
                    yield f'<circle cx="{x_}" cy="{y}" r="3" fill="{LINE}"/>'
            stretch = []

    def _axis(self) -> Iterator[str]:
        end, y_axis = self._width - RIGHT, f"{self._bottom:g}"
        yield f'<line x1="{self._left:g}" y1="{y_axis}" x2="{end}" y2="{y_axis}" stroke="{INK}"/>'
        every = max(1, math.ceil(18 / self._band)) if self._slanted else 1
        for position, name in enumerate(self._names):
            if position % every:
                continue
            x = self._left + self._band * (position + 0.5)
            if self._slanted:
                y = self._bottom + 14
                yield _text(x + 4, y, name, anchor="end", extra=f' transform="rotate(-40 {x + 4:.2f} {y:.2f})"')
            else:
                yield _text(x, self._bottom + 18, name, anchor="middle")

    def _y(self, value: float) -> float:
        return self._bottom - (self._bottom - TOP) * value / self._top_value


def _scale(most: float) -> tuple[float, float]:
    """The end of the axis and the step between its lines, of 1, 2 or 5 and noughts."""
    if most <= 0:
        return 1, 1
    rough = most / 5
    power = 10 ** math.floor(math.log10(rough))
    step = max(1, next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough))
    return math.ceil(most / step) * step, step


def _shortened(names: Sequence[str]) -> list[str]:
    """Hours of one day without the day."""
    if len({name[:10] for name in names}) == 1 and all(len(name) > 11 and name[10] == " " for name in names):
        return [name[11:] for name in names]
    return [name if len(name) <= 32 else f"{name[:31]}…" for name in names]


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    size: int = 12,
    weight: str = "normal",
    colour: str = INK,
    extra: str = "",
) -> str:
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
        f'fill="{colour}"{extra}>{_safe(text)}</text>'
    )


def _safe(text: str) -> str:
    """What XML cannot hold is left out."""
    return escape("".join(character for character in text if character.isprintable()))
