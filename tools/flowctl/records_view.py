"""Records of calls on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import typer

from engine.messages import N_, _

Record = dict[str, Any]

COLUMNS = (
    N_("started"), N_("from"), N_("to"), N_("scenario"), N_("seconds"), N_("result"), N_("agent"), N_("id"),
)  # fmt: skip
PLAIN = ("cli", "caller", "channel", "answered", "keys", "reason", "transferred_to", "server")
"""What of a call is shown as it is, where there is anything."""
WIDEST = 32
"""Characters of what somebody else has chosen, in the table: one caller shall not push all others off the screen."""


def show(calls: Sequence[Record], zone: ZoneInfo) -> None:
    """A line for each call, on the clocks of `zone`."""
    rows = [tuple(map(_, COLUMNS)), *(_row(call, zone) for call in calls)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    for row in rows if calls else ():
        typer.echo("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def show_whole(call: Record, zone: ZoneInfo) -> None:
    """Everything that is known of a call, with its `searches` and `offers`."""
    show([call], zone)
    for name in PLAIN:
        if call[name] not in (None, ""):
            typer.echo(f"{name}: {_printable(str(call[name]))}")
    for line in _happened(call, zone):
        typer.echo(_printable(line))


def _row(call: Record, zone: ZoneInfo) -> tuple[str, ...]:
    cells = (
        _time(call["started"], zone),
        _short(call["cli"]),
        _short(call["did"]),
        _short(call["scenario"]),
        f"{call['duration']:.1f}",
        call["result"],
        call["agent"] or "",
        call["id"],
    )
    return tuple(map(_printable, cells))


def _happened(call: Record, zone: ZoneInfo) -> Iterator[str]:
    for step in call["path"]:
        outcome = f" → {step['outcome']}" if step["outcome"] else ""
        yield f"{step['at']:8.1f} s  {step['node']} ({step['type']}){outcome}"
    for search in call["searches"]:
        said = _("search in {centre} at {time}: {outcome} after {seconds} s").format(
            centre=search["centre"],
            time=_time(search["started"], zone),
            outcome=search["outcome"],
            seconds=f"{search['waited']:.1f}",
        )
        yield f"{said}{_whom(search['agent'])}{_talk(search)}"
    for offer in call["offers"]:
        said = _("offer to {agent} ({manner}) at {time}: {outcome} after {seconds} s").format(
            agent=offer["agent"],
            manner=offer["manner"],
            time=_time(offer["offered"], zone),
            outcome=offer["outcome"],
            seconds=f"{offer['ended']:.1f}",
        )
        yield f"{said}{_talk(offer)}"
    for recording in call["recordings"]:
        said = _("recording ({kind}, {seconds} s): {file}")
        seconds = f"{recording['duration']:.1f}"
        yield said.format(kind=recording["kind"], seconds=seconds, file=recording["file"])
    for warning in call["warnings"]:
        yield _("warning: {text}").format(text=warning)


def _whom(agent: str | None) -> str:
    return _(", agent {agent}").format(agent=agent) if agent else ""


def _talk(row: Record) -> str:
    if row["talk"] is None:
        return ""
    return _(", talked {seconds} s").format(seconds=f"{row['talk']:.1f}")


def _time(text: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _short(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _printable(text: str) -> str:
    """What a caller or a telephone line has written shall not move the cursor."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
