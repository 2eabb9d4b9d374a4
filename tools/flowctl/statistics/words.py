"""What reports are called, and how their rows and values are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.records.statistics import By, Kind, Language, Report, Text, Unit, Value

TITLES: Mapping[Kind, Text] = {
    Kind.CALLS: Text("Calls", "Appels"),
    Kind.CENTRES: Text("Centres", "Centres d'appels"),
    Kind.AGENTS: Text("Agents", "Agents"),
    Kind.WAITING: Text("Waiting", "Attente"),
}
ROWS: Mapping[By, Text] = {
    By.SLOT: Text("Quarter of an hour", "Quart d'heure"),
    By.HALF_HOUR: Text("Half-hour", "Demi-heure"),
    By.HOUR: Text("Hour", "Heure"),
    By.DAY: Text("Day", "Jour"),
    By.WEEK: Text("Week", "Semaine"),
    By.MONTH: Text("Month", "Mois"),
    By.WEEKDAY_HOUR: Text("Weekday and hour", "Jour et heure"),
    By.CENTRE: Text("Centre", "Centre"),
    By.AGENT: Text("Agent", "Agent"),
    By.DID: Text("Number called", "Numéro appelé"),
    By.SCENARIO: Text("Scenario", "Scénario"),
    By.DIRECTION: Text("Direction", "Sens"),
    By.RESULT: Text("Result", "Issue"),
    By.WAIT: Text("Wait", "Attente"),
}
WHOLE = Text("Whole", "Ensemble")
PAUSE = Text("Pause", "Pause")
FORMULAS = Text("Formulas", "Formules")
MEASURE = Text("Measure", "Mesure")
FORMULA = Text("Formula", "Formule")
NO_REASON = Text("without a reason", "sans motif")
NO_ROOM = Text("No room for:", "Pas la place pour :")
NOTHING = Text("none", "aucun")

_WEEKDAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "fr": ("lun", "mar", "mer", "jeu", "ven", "sam", "dim"),
}
_DIRECTIONS = {"in": Text("in", "entrants"), "out": Text("out", "sortants")}


def title(report: Report, language: Language) -> str:
    """Calls, Europe/Paris, 2026-10-01 to 2026-10-31."""
    period = report.query.period
    since, until = period.since, period.until
    if (since.hour, since.minute, until.hour, until.minute) == (0, 0, 0, 0):
        last = datetime.fromtimestamp(period.until.timestamp() - 1, period.zone).date().isoformat()
        first = since.date().isoformat()
        stretch = first if first == last else _to(first, last, language)
    else:
        stretch = _to(since.strftime("%Y-%m-%d %H:%M"), until.strftime("%Y-%m-%d %H:%M"), language)
    only = "".join(f", {name} {value}" for name, value in report.query.filters.given().items())
    return f"{TITLES[report.kind].in_(language)}{only}, {stretch} ({period.zone.key})"


def _to(first: str, last: str, language: Language) -> str:
    return f"{first} {'à' if language == 'fr' else 'to'} {last}"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a report is written. `names`: of agents, by their codes."""

    language: Language = "en"
    every: bool = False
    """All measures, where there may be fewer."""
    spreadsheet: bool = False
    """CSV as a spreadsheet of that language reads it."""
    names: Mapping[str, str] = field(default_factory=dict)


def labels(report: Report, manner: Manner) -> list[str]:
    """What each row is called. Of an hour that a day has twice, both have their offset from UTC."""
    language = manner.language
    by, keys = report.query.by, [row.key for row in report.rows]
    if by in (By.SLOT, By.HALF_HOUR, By.HOUR):
        times = Counter(key[:16] for key in keys)
        return [_time(key, twice=times[key[:16]] > 1) for key in keys]
    if by is By.WAIT:
        return [
            f"≤ {_number(float(key), language)} s" if key else f"> {_number(float(keys[-2]), language)} s"
            for key in keys
        ]
    if by is By.AGENT:
        return [f"{key} {manner.names.get(key, '')}".strip() or NOTHING.in_(language) for key in keys]
    return [_label(by, key, report, language) for key in keys]


def _time(key: str, *, twice: bool) -> str:
    return f"{key[:10]} {key[11:16]}{f' ({key[16:]})' if twice else ''}"


def _label(by: By, key: str, report: Report, language: Language) -> str:
    if by is By.WEEKDAY_HOUR:
        weekday, hour = key.split("T")
        return f"{_WEEKDAYS[language][int(weekday) - 1]} {hour}:00"
    if by is By.DIRECTION and key in _DIRECTIONS:
        return _DIRECTIONS[key].in_(language)
    if by is By.RESULT:
        return next((report.title(one, language) for one in report.measures if one.name == key), key)
    return key or NOTHING.in_(language)


def shown(value: Value, unit: Unit, language: Language) -> str:
    """A value for people to read: 12, 8.5 s, 3:05, 7:00:00, 82.5 %; a dash where there is none."""
    if value is None:
        return "–"
    if unit is Unit.COUNT:
        return str(value)
    if unit is Unit.SHARE:
        return _decimal(f"{value * 100:.1f} %", language)
    if value < 60 and round(value, 1) < 60:
        return _decimal(f"{value:.1f} s", language)
    minutes, seconds = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _number(value: float, language: Language) -> str:
    return _decimal(f"{value:g}", language)


def _decimal(text: str, language: Language) -> str:
    return text.replace(".", ",") if language == "fr" else text
