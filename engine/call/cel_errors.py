"""The CEL library's error texts → our exception, in the scenario language's words."""

from __future__ import annotations

import re
from difflib import get_close_matches

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


def explain(message: str, text: str) -> list[ExpressionError]:
    """What the library said when it compiled `text`, one exception for each mistake and at least one. After a
    mistake of syntax nothing else is meant."""
    if not text.strip():
        return [ExpressionError("the expression is empty", expression=text)]
    if "recursion" in message:
        what = "the expression is too long or too deep for one: compute parts of it with `set`"
        return [ExpressionError(what, expression=text)]
    places = _PLACE.findall(message)
    if not places:
        short = re.sub(r"^[A-Z_]+: |\s*\[[A-Z_]+\]$", "", message.split("\n", 1)[0])
        return [ExpressionError(short, expression=text)]
    found = [_mistake(int(line), int(column), what, text) for line, column, what in places]
    return found[:1] if "Syntax error" in places[0][2] else found


def _mistake(line: int, column: int, what: str, text: str) -> ExpressionError:
    what = re.sub(r"\s*\[[A-Z_]+\]$", "", what)
    if undeclared := _UNDECLARED.search(what):
        return _undeclared(undeclared[1], text, line, column)
    if overload := _OVERLOAD.search(what):
        what = _no_overload(overload[1], overload[2].split(", "))
    elif "Syntax error" in what:
        source = (text.split("\n") + [""] * line)[line - 1]
        what = _syntax(what, source[column - 1 :], source[: column - 1])
    return ExpressionError(what, expression=text, line=line, column=column)


def _undeclared(name: str, text: str, line: int, column: int) -> ExpressionError:
    source = (text.split("\n") + [""] * line)[line - 1]
    # Of `has(x.y)` the library points at the parenthesis too, but there the name stands behind it.
    is_function = source[column - 1 : column] == "(" and source[: column - 1].rstrip().endswith(name)
    # The library points at the last dot of a dotted name, and at the parenthesis of a function.
    near = source.rfind(name, 0, column - 1 + len(name))
    start = (
        column - 1 if source.startswith(name, column - 1) else near if near >= 0 else source.find(name, column - 1)
    )
    column = start + 1 if start >= 0 else column
    if is_function:
        what = f"there is no function `{name}`"
        if meant := get_close_matches(name, _FUNCTIONS, n=1):
            what += f": did you mean `{meant[0]}`?"
        return ExpressionError(what, expression=text, line=line, column=column)
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


def _syntax(what: str, rest: str, before: str) -> str:
    """`rest` is what stands from the mistake on, in its line, and `before` what stands before it."""
    if "missing ')'" in what:
        return "a `)` is missing"
    if unknown := re.search(r"token recognition error at: '(.*)'$", what):
        written = unknown[1].strip() or unknown[1]
    elif found := re.search(r"(?:mismatched|extraneous) input '([^']*)'", what):
        written = found[1]
    else:
        return what.removeprefix("Syntax error: ")
    if written == "<EOF>":
        return "the expression ends too early"
    said = f"`{written}` is not expected here"
    if rest.startswith("${"):
        return f"{said}: this is an expression already, write the variable without ${{ }}"
    if re.search(r"\bnot\s+$", before):
        return f"{said}: not is written !( )"
    meant = _MEANT.get(written[:1] if written.startswith("=") else written)
    return f"{said}: {meant}" if meant else said


_MEANT = {
    "=": "to compare, write ==",
    "and": "and is written &&",
    "or": "or is written ||",
    "&": "and is written &&",
    "|": "or is written ||",
    "<>": "unequal is written !=",
    "“": "quotation marks are the straight ones",
    "‘": "quotation marks are the straight ones",
}
"""Words of other languages → how CEL says it."""

_FUNCTIONS = re.findall(
    r"\w+",
    "all bool contains double duration endsWith exists exists_one filter getDate getDayOfMonth "
    "getDayOfWeek getDayOfYear getFullYear getHours getMilliseconds getMinutes getMonth getSeconds has "
    "int map matches size startsWith string timestamp type ",
)
"""Functions that CEL has, for those that are misspelt."""
