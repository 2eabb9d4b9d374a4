"""Colours of the drawing, on a light page and on a dark one. No CSS variables: not every viewer knows them."""

from __future__ import annotations

from dataclasses import dataclass

from tools.flowctl.graph.model import Family

FAMILY_NAMES: dict[Family, str] = {
    "speech": "speaks, waits",
    "input": "asks the caller",
    "decision": "decides, computes",
    "people": "connects people",
    "message": "messages, recordings",
    "outside": "asks other systems",
    "scenario": "another scenario",
    "end": "ends the call",
    "unknown": "unknown type",
}

FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'


@dataclass(frozen=True, slots=True)
class _Theme:
    page: str
    text: str
    faint: str
    line: str
    error: str
    warning: str
    good: str
    families: dict[str, tuple[str, str]]
    """Ground and border."""


_LIGHT = _Theme(
    page="#ffffff",
    text="#1c2430",
    faint="#5a6675",
    line="#75818f",
    error="#c62828",
    warning="#b26a00",
    good="#1b7f3b",
    families={
        "entry": ("#e8ecf1", "#5a6675"),
        "speech": ("#e7f1fd", "#3d7cc9"),
        "input": ("#fdf1dc", "#c68a1d"),
        "decision": ("#f1eafb", "#8458c4"),
        "people": ("#e3f5ea", "#2f9158"),
        "message": ("#fce8ee", "#c14d75"),
        "outside": ("#e2f4f5", "#2a8d94"),
        "scenario": ("#eef0e0", "#7b8436"),
        "end": ("#eceff2", "#5a6675"),
        "unknown": ("#ffffff", "#c62828"),
    },
)
_DARK = _Theme(
    page="#14181e",
    text="#e8edf3",
    faint="#a4b0be",
    line="#8794a3",
    error="#ff7b72",
    warning="#e3a545",
    good="#56d17f",
    families={
        "entry": ("#2a313a", "#8794a3"),
        "speech": ("#172c45", "#5b9be6"),
        "input": ("#3b2d12", "#dba544"),
        "decision": ("#2d2143", "#a67fe0"),
        "people": ("#13341f", "#4fb87b"),
        "message": ("#42202c", "#e2779b"),
        "outside": ("#103638", "#4db5bc"),
        "scenario": ("#30331a", "#a9b35a"),
        "end": ("#2a313a", "#8794a3"),
        "unknown": ("#14181e", "#ff7b72"),
    },
)

_SHAPES = f"""
text{{font-family:{FONT};text-anchor:middle}}
.title,.subtitle,.legend{{text-anchor:start}}
.title{{font-size:18px;font-weight:700}}
.subtitle{{font-size:12px}}
.name{{font-size:14px;font-weight:700}}
.type,.detail,.legend{{font-size:11px}}
.pill-text{{font-size:11px;font-weight:700}}
.label{{font-size:11.5px}}
.line{{fill:none;stroke-width:1.4}}
.line.error{{stroke-dasharray:6 4}}
.line.implicit{{stroke-dasharray:2 4}}
.line.walked{{stroke-width:2.4}}
.line.unwalked{{stroke-dasharray:7 5;stroke-width:1.8}}
.shape{{stroke-width:1.5}}
.bars{{fill:none;stroke-width:1}}
.unreachable .shape{{stroke-dasharray:5 4}}
.family-unknown .shape,.pill.missing,.pill.unwired{{stroke-dasharray:4 3}}
.walked .shape{{stroke-width:2.5}}
"""


def style() -> str:
    """The style sheet."""
    return f"{_SHAPES}{_colours(_LIGHT)}@media (prefers-color-scheme: dark){{\n{_colours(_DARK)}}}\n"


def _colours(theme: _Theme) -> str:
    families = "".join(
        f".family-{name} .shape{{fill:{ground};stroke:{border}}}.family-{name} .bars{{stroke:{border}}}\n"
        for name, (ground, border) in theme.families.items()
    )
    return (
        f".page{{fill:{theme.page}}}text{{fill:{theme.text}}}"
        f".subtitle,.type,.detail,.legend{{fill:{theme.faint}}}\n"
        f".line{{stroke:{theme.line}}}.tip{{fill:{theme.line}}}.label{{fill:{theme.text}}}\n"
        f"{families}"
        f".pill{{fill:{theme.families['end'][0]};stroke:{theme.faint}}}.pill.jump{{fill:{theme.page}}}\n"
        f".line.error,.pill.missing,.pill.unwired{{stroke:{theme.error}}}.tip.error{{fill:{theme.error}}}\n"
        f".label.error{{fill:{theme.error}}}\n"
        f".line.implicit,.pill.end.implicit{{stroke:{theme.warning}}}.tip.implicit,.label.implicit"
        f"{{fill:{theme.warning}}}\n"
        f".unreachable .shape{{stroke:{theme.warning}}}.unreachable .type{{fill:{theme.warning}}}\n"
        f".walked .shape,.line.walked{{stroke:{theme.good}}}.tip.walked,.label.walked{{fill:{theme.good}}}\n"
        f".unwalked .shape,.line.unwalked{{stroke:{theme.error}}}.tip.unwalked,.label.unwalked"
        f"{{fill:{theme.error}}}\n"
    )
