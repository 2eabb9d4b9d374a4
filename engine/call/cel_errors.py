"""The CEL library's error texts → our exception, in the scenario language's words."""

from __future__ import annotations

import re

from engine.errors import ExpressionError

_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']+)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']+)' applied to '\((.*)\)'")
_TYPES = {
    "string": "a text",
    "int": "an integer",
    "uint": "an integer",
    "double": "a number",
    "bool": "a true-or-false",
    "google.protobuf.Timestamp": "a time",
    "google.protobuf.Duration": "a duration",
}


def explain(message: str, text: str) -> ExpressionError:
    """The exception for what the library said when it compiled `text`; only its first complaint counts."""
    place = _PLACE.search(message)
    if place is None:
        short = re.sub(r"^[A-Z_]+: |\s*\[[A-Z_]+\]$", "", message.split("\n", 1)[0])
        return ExpressionError(short, expression=text)
    line, column = int(place[1]), int(place[2])
    what = re.sub(r"\s*\[[A-Z_]+\]$", "", place[3])
    if not text.strip():
        return ExpressionError("the expression is empty", expression=text)
    if undeclared := _UNDECLARED.search(what):
        return _undeclared(undeclared[1], text, line, column)
    if overload := _OVERLOAD.search(what):
        what = _no_overload(overload[1], overload[2].split(", "))
    elif "expecting" in what:
        what = _syntax(what)
    return ExpressionError(what, expression=text, line=line, column=column)


def _undeclared(name: str, text: str, line: int, column: int) -> ExpressionError:
    source = (text.split("\n") + [""] * line)[line - 1]
    is_function = source[column - 1 : column] == "("
    # The library points at the last dot of a dotted name, and at the parenthesis of a function.
    start = source.rfind(name, 0, column - 1 + len(name)) if not source.startswith(name, column - 1) else column - 1
    column = start + 1 if start >= 0 else column
    if is_function:
        return ExpressionError(f"there is no function `{name}`", expression=text, line=line, column=column)
    return ExpressionError(f"`{name}` is not defined", expression=text, line=line, column=column, undefined=name)


def _no_overload(function: str, types: list[str]) -> str:
    operator = function.strip("_").replace("_", " ") if re.fullmatch(r"[_\W]+", function) else function
    operator = {"[": "[ ]", "? :": "? :"}.get(operator, operator)
    names = [_TYPES.get(kind, kind) for kind in types]
    message = f"`{operator}` does not work on {' and '.join(names)}"
    if set(types) == {"double", "int"}:
        return f"{message}: write the constant as 1.0, not 1, or convert with double(…)"
    if "string" in types and len(set(types)) > 1:
        return f"{message}: convert one of them with string(…), int(…) or double(…)"
    return message


def _syntax(what: str) -> str:
    found = re.search(r"(?:mismatched|extraneous) input '([^']*)'", what)
    if found is None:
        return what.removeprefix("Syntax error: ")
    if found[1] == "<EOF>":
        return "the expression ends too early"
    return f"`{found[1]}` is not expected here"
