"""What is different within a node, or at the top of the file, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel

from engine.nodes.base import Node
from engine.nodes.fields import PromptMark, parse_duration
from engine.nodes.hours import Hours
from engine.scenario.walk import fields, marks_of
from tools.flowctl.comparison.flow import Flow, content
from tools.flowctl.comparison.week import week_changes
from tools.flowctl.comparison.wording import SAID, follows
from tools.flowctl.graph import words


class Difference(NamedTuple):
    """One difference: what it is about, how it was and is, and the key of the file under the node."""

    about: str
    before: str
    after: str
    key: str


def node_differences(old: Flow, new: Flow, names: tuple[str, str]) -> Iterator[Difference]:
    """What callers notice of the parameters of a node that is in both files."""
    before, after = old.nodes[names[0]], new.nodes[names[1]]
    special: frozenset[str] = frozenset()
    if isinstance(before, Hours) and isinstance(after, Hours):
        special = frozenset({"week", "overnight", "exceptions"})
        yield from _hours(old, new, names, before, after)
    was, now = content(before), content(after)
    for key in dict.fromkeys([*was, *now]):
        if key not in special and was.get(key) != now.get(key):
            yield _parameter(before, after, key)
    if before.type == "branch":
        yield from _order(old, new, names)


def _parameter(before: Node, after: Node, key: str) -> Difference:
    texts = [_value(node, key) for node in (before, after)]
    if key == "prompt":
        return Difference("", f"hears {texts[0]}", f"hears {texts[1]}", key)
    info = type(after).model_fields.get(key)
    about = (info.description or key) if info is not None else key
    return Difference(about.rstrip("."), texts[0], texts[1], key)


def _value(node: Node, key: str) -> str:
    """A parameter in words."""
    value = vars(node).get(key)
    hint = dict(fields(type(node))).get(key)
    if isinstance(value, list) and any(isinstance(mark, PromptMark) for mark in marks_of(hint)):
        return words.prompt(value, SAID) or "nothing"
    if isinstance(value, float) and any(getattr(mark, "func", None) is parse_duration for mark in marks_of(hint)):
        return words.seconds(value)
    return shown(value)


def shown(value: Any) -> str:
    """Any value in words."""
    if value is None or value in ([], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, BaseModel):
        return shown({name: part for name, part in value if name != "next"})
    if isinstance(value, dict):
        return ", ".join(f"{name}: {shown(part)}" for name, part in value.items() if part is not None)
    if isinstance(value, list):
        return ", ".join(words.item(part, SAID) if isinstance(part, BaseModel) else shown(part) for part in value)
    return str(value)


def _hours(old: Flow, new: Flow, names: tuple[str, str], before: Hours, after: Hours) -> Iterator[Difference]:
    """Opening hours: each part of the week, and each date, that is not as it was."""

    def state(flow: Flow, name: str, *, is_open: bool) -> str:
        key = "open" if is_open else "closed"
        way = flow.ways[name].get(key)
        return f"{key}: {follows(flow, way.target)}" if way is not None else key

    for when, is_open in week_changes(before, after):
        yield Difference(
            f"{'open' if is_open else 'closed'} {when}",
            state(old, names[0], is_open=not is_open),
            state(new, names[1], is_open=is_open),
            "week",
        )
    for day in sorted(before.exceptions.keys() | after.exceptions.keys()):
        texts = [_exception(node, day) for node in (before, after)]
        if texts[0] != texts[1]:
            yield Difference(f"on {day}", texts[0], texts[1], "exceptions")


def _exception(node: Hours, day: str) -> str:
    written = node.exceptions.get(day)
    if written is None:
        return "as on any day"
    return "closed" if written == "closed" else f"open {words.ranges(written)}"


def _order(old: Flow, new: Flow, names: tuple[str, str]) -> Iterator[Difference]:
    """The first condition that is true counts, so their order does."""
    before = [key for key in old.ways[names[0]] if key in new.ways[names[1]] and key.startswith("when ")]
    after = [key for key in new.ways[names[1]] if key in before]
    if before != after:
        about = "Conditions in the order in which they are tried"
        yield Difference(about, "; ".join(before), "; ".join(after), "cases")


def top_differences(old: Flow, new: Flow) -> Iterator[Difference]:
    """What callers notice of the top of the file, but its numbers."""
    before, after = old.scenario, new.scenario
    for key, about in (
        ("language", "The language at the beginning of the call"),
        ("time_zone", "The time zone in which hours count"),
        ("voice", "The voice that speaks the texts"),
        ("prompts", "The folder of what is heard"),
    ):
        was, now = getattr(before, key), getattr(after, key)
        if was != now:
            yield Difference(about, shown(was), shown(now), key)
    if before.max_duration != after.max_duration:
        texts = [
            "without a limit" if limit is None else words.seconds(limit)
            for limit in (before.max_duration, after.max_duration)
        ]
        yield Difference("The longest call", texts[0], texts[1], "max_duration")
    for name, variable in after.variables.items():
        was_declared = before.variables.get(name)
        if was_declared is not None and was_declared.default != variable.default:
            yield Difference(
                f"The variable {name} at the beginning of the call",
                shown(was_declared.default),
                shown(variable.default),
                "variables",
            )
