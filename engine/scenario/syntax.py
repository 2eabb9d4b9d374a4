"""What the YAML library complains about, in words for people: where the mistake is, and what to do."""

from __future__ import annotations

import re
import warnings
from itertools import takewhile
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.tokens import ScalarToken

from engine.scenario.diagnostics import START, Span

Complaint = tuple[Span, str, str]
"""Place, message and hint."""


def complaint(error: MarkedYAMLError, text: str) -> Complaint:
    """The library's complaint, at its own place unless the mistake is known to stand before it."""
    quoted = "quoted scalar" in (error.context or "") and "end of stream" in (error.problem or "")
    if quoted and error.context_mark is not None:
        return _at(error.context_mark), "a quotation mark is opened here and never closed", ""
    mark = error.problem_mark or error.context_mark
    message = error.problem or error.context or "this is not YAML"
    if mark is None:
        return START, message, ""
    if "mapping values are not allowed" in message:
        return _line_above(mark, text) or (_at(mark), message, _COLON)
    if message.startswith("expected"):
        found = _quotes(mark, text)
        if found is not None:
            return found
    tab = text[mark.index : mark.index + 1] == "\t"
    return _at(mark), message.replace("\\t", "tab") if tab else message, _hint(error, message, mark, text)


_COLON = "quote a text that contains `: `, and check the indentation"


def _at(mark: Any) -> Span:
    return Span(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)


def _hint(error: MarkedYAMLError, message: str, mark: Any, text: str) -> str:
    character = text[mark.index : mark.index + 1]
    if character == "\t" or "'\\t'" in message:
        return "indent with spaces, not with tabs"
    if character and character in "@`%":
        return f"quote a text that begins with {character}"
    if "alias" in message or "anchor" in (error.context or ""):
        return "quote a text that begins with * or &"
    if "expected ',' or" in message:
        if character == ":":
            return "quote a text that contains `: `"
        opened = error.context_mark
        where = f", opened in line {opened.line + 1}, column {opened.column + 1}," if opened is not None else ""
        return f"a bracket or brace{where} is not closed, or a comma is missing"
    if "expected <block end>" in message or "could not find expected ':'" in message:
        return "check the indentation, and the `:` behind the key"
    return ""


def _line_above(mark: Any, text: str) -> Complaint | None:
    """A line without `: ` makes one text with the next line, and the colon there is the one complained of."""
    lines = text.splitlines()
    if not re.fullmatch(r"\s*[\w-]+\s*", lines[mark.line][: mark.column]):
        return None
    above = next((row for row in range(mark.line - 1, -1, -1) if lines[row].strip()), None)
    if above is None or not (found := re.fullmatch(r"(\s*)([\w-]+)(:?)\s*([^\s:].*)", lines[above])):
        return None
    indent, key, colon, value = found.groups()
    if re.search(r":(\s|$)", lines[above]) or value.startswith("#"):
        return None
    span = Span(above + 1, len(indent) + 1, above + 1, len(lines[above].rstrip()) + 1)
    what = "a space is missing behind the colon" if colon else "there is no `: ` between a key and its value"
    return span, what, f"write `{key}: {value.strip()}`"


def _quotes(mark: Any, text: str) -> Complaint | None:
    """A text in quotation marks that ended where it was not meant to end."""
    last = next((token for token in reversed(_scalars(text, mark.index)) if token.style in ("'", '"')), None)
    if last is None or text[last.end_mark.index : mark.index].strip():
        return None
    start, end = last.start_mark, last.end_mark
    if start.line != end.line:
        message = f"the quotation mark opened here is closed in line {end.line + 1} only"
        return _at(start), message, f"is a {last.style} missing in line {start.line + 1}?"
    if end.index == mark.index and text[mark.index : mark.index + 1].strip(" ,:[]{}"):
        other = "''" if last.style == "'" else '\\"'
        hint = f"inside of it write {other}, or put the whole text between {_OTHER[last.style]}"
        before = Span(end.line + 1, end.column, end.line + 1, end.column + 1)
        return before, "this quotation mark ends the text, and more follows", hint
    return None


_OTHER = {"'": 'double quotes "…"', '"': "single quotes '…'"}


def _scalars(text: str, end: int) -> list[Any]:
    """The scalars before a place, as the library reads them."""
    found: list[Any] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tokens = YAML(typ="safe", pure=True).scan(text)
            found += (
                token
                for token in takewhile(lambda token: token.end_mark.index <= end, tokens)
                if isinstance(token, ScalarToken)
            )
    except (YAMLError, ValueError, RecursionError, AssertionError, AttributeError, IndexError, TypeError):
        return found
    return found
