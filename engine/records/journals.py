"""The journals: one CSV row a call, in files that a spreadsheet opens.

There are two: of the calls made, `SNT…`, and of those abandoned, `ERR…`. A file holds all calls, or those that ended
in one day, month or year of the server's time zone. What is in a row is decided when the call is over; it waits in
the outbox until it is in its file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any, Literal

from engine.messages.language import Language
from engine.records.outbox import Entry

KIND = "journal"
"""Of the entries in the outbox."""

Period = Literal["none", "single", "daily", "monthly", "yearly"]
Which = Literal["calls", "abandoned"]

_PREFIXES: dict[Which, str] = {"calls": "SNT", "abandoned": "ERR"}
_NAMES: dict[Period, str] = {"single": "Journal", "daily": "{:%Y%m%d}", "monthly": "{:%Y%m}", "yearly": "{:%Y}"}

HEADERS: dict[Language, tuple[str, ...]] = {
    "en": (
        "Date", "Time", "Start UTC", "Direction", "Caller", "Called", "Channel", "Scenario", "Agent",
        "Transferred to", "Answered after (s)", "Duration (s)", "Result", "Reason", "Server", "Call",
    ),
    "fr": (
        "Date", "Heure", "Début UTC", "Sens", "Appelant", "Appelé", "Canal", "Scénario", "Agent",
        "Transféré à", "Décroché après (s)", "Durée (s)", "Résultat", "Motif", "Serveur", "Appel",
    ),
}  # fmt: skip
_WORDS: dict[Language, dict[str, str]] = {
    "en": {"in": "in", "out": "out"},
    "fr": {
        "in": "entrant",
        "out": "sortant",
        "ended": "terminé",
        "transferred": "transféré",
        "caller_hung_up": "raccroché par l'appelant",
        "rejected": "refusé",
        "failed": "échoué",
        "interrupted": "interrompu",
    },
}
_DATES: dict[Language, str] = {"en": "%Y-%m-%d", "fr": "%d/%m/%Y"}

_LONGEST = 200
"""Characters of a value: a row is found again at the end of a file (see `journal_files`)."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
"""And what turns the text behind it around."""
_NO_ID = re.compile(r"[^0-9A-Za-z_.-]")
_NUMBER = re.compile(r"\+[0-9]{1,20}")
_FORMULA = re.compile(r"(^|[;,|\"])(\s*)(?=[=+\-@＝＋－＠])")
"""What a spreadsheet takes for a formula: at the beginning of a value, and of what it makes of it when it separates
the values at other characters than we do."""

_KEPT = (
    "id", "server", "direction", "did", "cli", "caller", "channel", "scenario", "started", "answered", "duration",
    "result", "reason", "agent", "transferred_to",
)  # fmt: skip


def journal_entry(body: Mapping[str, Any], *, connected: bool) -> Entry:
    """What the journals need of a call. body: as `CallRecord.as_dict`, with the server. connected: with somebody, at
    any time."""
    which: Which = "abandoned" if _is_abandoned(body, connected=connected) else "calls"
    return Entry(KIND, body["id"], {**{key: body[key] for key in _KEPT}, "journal": which})


def _is_abandoned(body: Mapping[str, Any], *, connected: bool) -> bool:
    """It ended before the scenario did, and nobody had spoken with the caller, nor had they left a message."""
    if body["result"] not in ("caller_hung_up", "failed", "interrupted"):
        return False
    # An agent's own call has an agent from the beginning.
    with_agent = body["direction"] == "in" and body["agent"] is not None
    message = any(one["kind"] == "voicemail" for one in body["recordings"])
    return not (connected or with_agent or message or body["transferred_to"] is not None)


def file_name(which: Which, period: Period, ended: datetime) -> str | None:
    """The file of a call that ended at a moment, which is in the time zone of the server; None for no file."""
    if period == "none":
        return None
    return f"{_PREFIXES[which]}{_NAMES[period].format(ended)}.CSV"


def ended_at(body: Mapping[str, Any], zone: tzinfo) -> datetime:
    """When a call was over, in the zone."""
    return _started(body, zone, plus=float(body["duration"]))


def row(body: Mapping[str, Any], zone: tzinfo, language: Language) -> tuple[str, ...]:
    """The values of a call, in the order of `HEADERS`; none of them does anything in a spreadsheet."""
    started = _started(body, zone)
    utc = datetime.fromisoformat(body["started"]).strftime("%Y-%m-%dT%H:%M:%SZ")
    words = _WORDS[language]
    values = (
        started.strftime(_DATES[language]),
        started.strftime("%H:%M:%S"),
        utc,
        words.get(body["direction"], body["direction"]),
        body["caller"] or body["cli"],
        body["did"],
        body["channel"],
        body["scenario"],
        body["agent"] or "",
        body["transferred_to"] or "",
        "" if body["answered"] is None else str(round(body["answered"])),
        str(round(body["duration"])),
        words.get(body["result"], body["result"]),
        body["reason"] or "",
        body["server"],
    )
    return (*(harmless(value) for value in values), mark(body["id"]))


def mark(identity: str) -> str:
    """The last value of a row, by which it is found again: there is nothing to quote in it."""
    return harmless(_NO_ID.sub("_", identity))


def harmless(value: str) -> str:
    """The value on one line, not too long, and with ' before what a spreadsheet would compute. A telephone number
    with + before it is left alone: there is nothing in it to compute."""
    plain = _CONTROLS.sub(" ", value)[:_LONGEST]
    return plain if _NUMBER.fullmatch(plain) else _FORMULA.sub(r"\1\2'", plain)


def _started(body: Mapping[str, Any], zone: tzinfo, plus: float = 0.0) -> datetime:
    return (datetime.fromisoformat(body["started"]) + timedelta(seconds=plus)).astimezone(zone)
