"""What is on the agent's screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tools.agent import Event, Waiting
from tools.flowctl.companion.texts import Texts, plain

MOST_CALLS, MOST_HISTORY = 20, 8
"""Lines."""

_STYLES = {"available": "green", "unavailable": "yellow", "not_responding": "red", "logged_out": "red"}


def who(event: Event, texts: Texts) -> str:
    """The other party in a word: number and name."""
    if event.number:
        return plain(event.number)
    parts = (event.cli or event.caller, event.name, event.company)
    return plain(" ".join(filter(None, parts))) or texts("unknown")


def screen(
    texts: Texts,
    *,
    title: str,
    state: str,
    detail: str,
    calls: Sequence[tuple[Waiting, float]],
    history: Iterable[str],
    prompt: str | None,
) -> RenderableType:
    """state: of `State`, and `detail` what goes with it. calls: each with the seconds that it has waited. prompt:
    the line that is being written, None for none."""
    top = Text.assemble(
        (plain(title), "bold"), "   ", (plain(texts(state)), _STYLES.get(state, "cyan")), "   ", plain(detail)
    )
    lines = [Text(plain(line), style="dim", no_wrap=True, overflow="ellipsis") for line in history]
    bottom = Text(texts("keys"), style="dim") if prompt is None else Text(texts("number") + plain(prompt) + "▏")
    return Group(top, Text(), _table(texts, calls), Text(), *lines, Text(), bottom)


def _table(texts: Texts, calls: Sequence[tuple[Waiting, float]]) -> RenderableType:
    table = Table(title=texts("waiting"), title_justify="left", expand=True, box=None, header_style="bold")
    table.add_column("", width=2, no_wrap=True)
    for column in ("caller", "name", "company", "centre", "for", "since"):
        table.add_column(texts(column), no_wrap=True, overflow="ellipsis")
    if not calls:
        return Group(Text(texts("waiting"), style="italic"), Text("  " + texts("none"), style="dim"))
    number = 0
    for call, seconds in calls[:MOST_CALLS]:
        event = call.event
        if not call.taken:
            number += 1
        key = str(number) if not call.taken and number <= 9 else ""
        whom = plain(call.taken) if call.taken else texts("you" if event.letter == "?" else "everybody")
        cells = [key, event.cli or event.caller or texts("unknown"), event.name, event.company, event.centre, whom]
        waited = f"{int(seconds) // 60}:{int(seconds) % 60:02}"
        table.add_row(*(Text(plain(cell)) for cell in (*cells, waited)), style="dim" if call.taken else "")
    if len(calls) > MOST_CALLS:
        table.add_row("", Text(f"+ {len(calls) - MOST_CALLS}"))
    return table
