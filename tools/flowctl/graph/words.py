"""Short texts about what a node is given: prompts, times, weeks."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

SAID = 24
"""Characters of a text to be spoken that are quoted."""


def seconds(value: float) -> str:
    """A duration in seconds as people write it: `500 ms`, `30 s`, `2 min`, `1 h`."""
    if value < 1 and value * 1000 == int(value * 1000):
        return f"{value * 1000:g} ms"
    for size, unit in ((3600, "h"), (60, "min")):
        if value >= size and value % size == 0:
            return f"{value / size:g} {unit}"
    return f"{value:g} s"


def cut(text: str, longest: int) -> str:
    """A text on one line, cut with an ellipsis where it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def item(value: Any, longest: int = SAID) -> str:
    """One item of a prompt: its file, or what is said."""
    if isinstance(value, str):
        return value
    if not isinstance(value, BaseModel):
        return "?"
    for name, content in value:
        if name == "say":
            return f"“{cut(str(content), longest)}”"
        if name == "silence":
            return f"silence of {seconds(content)}" if isinstance(content, int | float) else "silence"
        return f"{name} {content}" if name != "tone" else f"{content} tone"
    return "?"


def prompt(items: Any, longest: int = SAID) -> str:
    """A prompt: its items with commas between; empty for none."""
    return ", ".join(item(value, longest) for value in items) if isinstance(items, list | tuple) else ""


def clock(minute: int) -> str:
    """Minutes since midnight as a time of day; the end of a day is 24:00, and what is after it the next day's."""
    after = "" if minute <= 24 * 60 else " the next day"
    minute = minute if minute <= 24 * 60 else minute - 24 * 60
    return f"{minute // 60}:{minute % 60:02d}{after}"


def ranges(written: Any) -> str:
    """Opening ranges of a day as they are written."""
    if not isinstance(written, list) or not written:
        return "closed"
    return ", ".join(part if isinstance(part, str) else str(getattr(part, "range", "?")) for part in written)
