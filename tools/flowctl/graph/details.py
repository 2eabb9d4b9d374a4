"""What a node does, in a line or two for its box. A node of a file with mistakes may lack any of its parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.nodes.base import Node
from tools.flowctl.graph import words

LONGEST = 34
"""Characters of a line."""

LINES = 2
"""Lines below the name."""


def details(node: Node) -> tuple[str, ...]:
    """Lines that say what the node does; none when its type and name say all."""
    found = _DETAILS.get(node.type, _by_its_first_parameter)(node)
    return tuple(words.cut(line, LONGEST) for line in found if line)[:LINES]


def _value(node: Node, name: str) -> Any:
    return vars(node).get(name)


def _text(node: Node, name: str, before: str = "") -> str:
    value = _value(node, name)
    return f"{before}{value}" if value not in (None, "", [], {}) else ""


def _time(node: Node, name: str, before: str = "") -> str:
    value = _value(node, name)
    return f"{before}{words.seconds(value)}" if isinstance(value, int | float) else ""


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _speaks(node: Node) -> list[str]:
    prompt = words.prompt(_value(node, "prompt"))
    repeat = _value(node, "repeat")
    return [_joined(prompt, f"{repeat} times" if isinstance(repeat, int) and repeat > 1 else "")]


def _collect(node: Node) -> list[str]:
    return [words.prompt(_value(node, "prompt")), _text(node, "variable", "into ")]


def _hours(node: Node) -> list[str]:
    week = _value(node, "week") or {}
    days = [f"{day} {words.ranges(written)}" for day, written in week.items()]
    holidays = _value(node, "holidays")
    country = getattr(holidays, "country", holidays)
    exceptions = len(_value(node, "exceptions") or ())
    dated = f"{exceptions} dated exception{'s' if exceptions > 1 else ''}" if exceptions else ""
    last = _joined(f"holidays {country}" if country else "", dated, _text(node, "override", "switch "))
    if last or len(days) <= LINES:
        return [*([days[0] + (" …" if len(days) > 1 else "")] if last and days else days), last]
    return [days[0], f"{days[1]} …"]


def _search(node: Node) -> list[str]:
    how = {"broadcast": "all at once", "sequential": "one after another"}.get(str(_value(node, "method")), "")
    return [_joined(_text(node, "centre"), how), _time(node, "timeout", "for ")]


def _call(node: Node) -> list[str]:
    return [_text(node, "to"), _time(node, "timeout", "rings for ")]


def _voicemail(node: Node) -> list[str]:
    greeting = words.prompt(_value(node, "greeting"))
    return [_joined(_text(node, "mailbox", "for "), _text(node, "email")), greeting]


def _branch(node: Node) -> list[str]:
    cases = len(_value(node, "cases") or ())
    return [f"{cases} condition{'s' if cases != 1 else ''}"]


def _set(node: Node) -> list[str]:
    return [f"{name} = {value}" for name, value in (_value(node, "values") or {}).items()]


def _lookup(node: Node) -> list[str]:
    by = ", ".join(_value(node, "by") or ())
    return [_joined(_text(node, "source"), _text(node, "table")), by and f"by {by}"]


def _http(node: Node) -> list[str]:
    return [f"{_text(node, 'method')} {_text(node, 'url')}".strip()]


def _message(node: Node) -> list[str]:
    to = _value(node, "to")
    return [f"to {', '.join(map(str, to)) if isinstance(to, list) else to}" if to else "", _text(node, "subject")]


def _by_its_first_parameter(node: Node) -> list[str]:
    """For a type that has no line here: the first parameter that is a plain value and given."""
    for name in type(node).model_fields:
        value = _value(node, name)
        if name not in ("type", "next", "on") and isinstance(value, str | int) and not isinstance(value, bool):
            return [f"{name}: {value}"]
    return []


_DETAILS: dict[str, Callable[[Node], list[str]]] = {
    "play": _speaks,
    "menu": _speaks,
    "collect": _collect,
    "hours": _hours,
    "agent_search": _search,
    "bridge": _call,
    "transfer": _call,
    "voicemail": _voicemail,
    "mailbox": lambda node: [_text(node, "mailbox")],
    "branch": _branch,
    "set": _set,
    "lookup": _lookup,
    "http": _http,
    "email": _message,
    "alert": _message,
    "scenario": lambda node: [_text(node, "name")],
    "return": lambda node: [_text(node, "outcome")],
    "loop": lambda node: ["once" if _value(node, "times") == 1 else _text(node, "times", "up to ") + " times"],
    "wait": lambda node: [_time(node, "duration")],
    "language": lambda node: [_text(node, "language")],
    "record": lambda node: [_text(node, "action")],
    "hangup": lambda node: [_text(node, "cause")],
    "reject": lambda node: [_text(node, "cause")],
    "answer": lambda node: [],
    "switchboard": lambda node: [_time(node, "timeout", "rings for ")],
}
