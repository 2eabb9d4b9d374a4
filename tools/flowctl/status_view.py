"""What `flowctl status` shows of a server: tables for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.messages import N_, _, _n

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from engine.server.status import Status

Row = tuple[str, str, tuple[str, ...]]
"""Of a channel: id, state and what it is barred from."""

STATES = {
    "free": N_("free"),
    "ringing": N_("ringing"),
    "busy": N_("busy"),
    "barred": N_("barred"),
    "logged_out": N_("logged out"),
    "available": N_("available"),
    "unavailable": N_("do not disturb"),
    "offered": N_("offered a call"),
    "connecting": N_("being connected"),
    "on_call": N_("on a call"),
    "wrap_up": N_("wrap-up"),
    "not_responding": N_("does not respond"),
    "starting": N_("starting"),
    "serving": N_("serving"),
    "stopping": N_("stopping"),
}
"""Of channels, agents and servers, as people call them."""


def view(status: Status, rows: Sequence[Row], now: datetime, *, every: bool = False) -> RenderableType:
    """Everything. every: the free channels one by one, too."""
    from rich.console import Group

    parts: list[RenderableType] = [_head(status, now), _channels(status, rows, now, every=every)]
    free = sum(state == "free" for _id, state, _bar in rows)
    if free and not every:
        parts.append(_n("{count} channel is free", "{count} channels are free", free).format(count=free))
    if status.waiting:
        parts.append(_waiting(status, now))
    if status.agents:
        parts.append(_agents(status, now))
    if status.trunks:
        parts.append(_trunks(status, now))
    return Group(*parts)


def _head(status: Status, now: datetime) -> str:
    connecting = sum(agent.state in ("offered", "connecting") for agent in status.agents)
    lines = [
        _("{name}: {phase}, process {pid}, flowctl {version}, for {time}").format(
            name=status.name,
            phase=_(STATES.get(status.phase, status.phase)),
            pid=status.pid,
            version=status.version,
            time=_ago(status.started, now),
        ),
        _(
            "calls in progress: {calls}; waiting for an agent: {waiting}; being offered or connected: {connecting}"
        ).format(calls=status.calls, waiting=len(status.waiting), connecting=connecting),
    ]
    for which, title in (("today", _("today")), ("ever", _("since the installation"))):
        counts = status.counters.get(which, {})
        line = _("{when}: {incoming} calls in, {outgoing} out, {refused} refused; most channels busy at once: {most}")
        lines.append(
            line.format(
                when=title,
                incoming=counts.get("incoming", 0),
                outgoing=counts.get("outgoing", 0),
                refused=counts.get("refused", 0),
                most=counts.get("most_busy", 0),
            )
        )
    return "\n".join(lines)


def _channels(status: Status, rows: Sequence[Row], now: datetime, *, every: bool) -> Table:
    taken = {channel.id: channel for channel in status.channels}

    def cells() -> Iterable[Sequence[str]]:
        for name, state, bar in rows:
            one = taken.get(name)
            if one is not None:
                where = f"{one.scenario}: {one.node}" if one.node else one.scenario or one.partner
                arrow = "→" if one.direction == "out" else "←"
                yield (
                    name,
                    _(STATES[state]),
                    f"{arrow} {one.cli or '?'}",
                    one.did,
                    _ago(one.since, now),
                    where,
                    one.agent,
                )
            elif bar or every:
                yield name, _(STATES[state]), "", "", "", ", ".join(bar), ""

    titles = (_("channel"), _("state"), _("caller"), _("called"), _("for"), _("where"), _("agent"))
    return _table(titles, cells())


def _waiting(status: Status, now: datetime) -> Table:
    titles = (_("centre"), _("place"), _("caller"), _("waits for"), _("channel"))
    cells = [
        (call.centre, str(call.position), call.caller or "?", _ago(call.since, now), call.channel)
        for call in status.waiting
    ]
    return _table(titles, cells)


def _agents(status: Status, now: datetime) -> Table:
    channels = {channel.call: channel.id for channel in status.channels if channel.call}
    titles = (_("agent"), _("name"), _("state"), _("for"), _("reason"), _("channel"))
    cells = [
        (one.code, one.name, _(STATES.get(one.state, one.state)), _ago(one.since, now), one.reason,
         channels.get(one.call, ""))
        for one in status.agents
    ]  # fmt: skip
    return _table(titles, cells)


def _trunks(status: Status, now: datetime) -> Table:
    titles = (_("trunk"), _("state"), _("for"), _("reason"))
    up: Callable[[bool], str] = lambda is_up: _("up") if is_up else _("down")  # noqa: E731
    return _table(titles, [(one.name, up(one.up), _ago(one.since, now), one.detail) for one in status.trunks])


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, no_wrap=True)
    for row in rows:
        # As it is: names and numbers come from elsewhere, and may look like markup or be told to the terminal.
        table.add_row(*(Text("".join(c if c.isprintable() else "\ufffd" for c in cell)) for cell in row))
    return table


def _ago(moment: str, now: datetime) -> str:
    """How long ago that was: 4:07, 1:04:07, 3 d 04:07."""
    try:
        seconds = max(0, int((now - datetime.fromisoformat(moment)).total_seconds()))
    except (ValueError, TypeError):
        return ""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return _("{days} d {hours:02}:{minutes:02}").format(days=days, hours=hours, minutes=minutes)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def now() -> datetime:
    """In UTC."""
    return datetime.now(UTC)
