"""CEL expressions of a scenario: compiled once, evaluated in a few microseconds a call.

An `Environment` knows the names that a scenario's expressions may use and their types; it compiles text into
`Expression` and `Template`. Language: the Common Expression Language, through cel-expr-python.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from cel_expr_python import cel

from engine.call.cel_errors import explain
from engine.call.limits import Cost, check_parts, check_text, check_value
from engine.call.templates import Part, as_text, split
from engine.errors import ExpressionError

if TYPE_CHECKING:
    from engine.nodes.base import Node
    from engine.scenario.model import Scenario

Want = Literal["any", "bool", "string"]

CALL_NAMES = (
    "call.cli",
    "call.caller",
    "call.did",
    "call.channel",
    "call.id",
    "call.language",
    "call.scenario",
)
"""System variables that are strings."""

SYSTEM: dict[str, Any] = {
    **dict.fromkeys(CALL_NAMES, cel.Type.STRING),
    "call.started": cel.Type.TIMESTAMP,
    "now": cel.Type.TIMESTAMP,
    "contact": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    "centre": cel.Type.Map(cel.Type.STRING, cel.Type.Map(cel.Type.STRING, cel.Type.INT)),
}

DECLARED = {
    "string": cel.Type.STRING,
    "integer": cel.Type.INT,
    "number": cel.Type.DOUBLE,
    "boolean": cel.Type.BOOL,
}
ASSIGNED = {**DECLARED, "map": cel.Type.Map(cel.Type.STRING, cel.Type.DYN), "any": cel.Type.DYN}
"""What a node may assign by itself."""
START_VALUES: dict[str, type[str | int | float | bool]] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
}
"""Python type of a declared variable: makes its value from the default, and the empty value without one."""

_WANTED = {"bool": ("BOOL", "true or false"), "string": ("STRING", "a text")}


class Expression:
    """One compiled expression. Shared by all calls; holds no state of any."""

    __slots__ = ("_cost", "_program", "text", "type", "want")

    def __init__(self, text: str, program: Any, want: Want) -> None:
        self.text = text
        self._cost = Cost(text)
        self.want = want
        self.type: Any = program.return_type()
        self._program = program
        if want != "any" and self.type.name() not in (_WANTED[want][0], "DYN"):
            raise ExpressionError(
                f"this must give {_WANTED[want][1]}, but gives {describe(self.type)}", expression=text
            )

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """The value as a plain object: str, int, float, bool, aware datetime, timedelta, list, dict or None.

        Raises ExpressionError when it cannot be computed with these values, or would take too much time or memory.
        """
        self._cost.check(names)
        try:
            value = self._program.eval(data=names)
        except RuntimeError as error:
            raise ExpressionError(f"{self.text}: {_short(str(error))}", expression=self.text) from error
        kind = value.type().name()
        plain = value.plain_value()
        if kind == "ERROR":
            raise ExpressionError(f"{self.text}: {_short(str(plain))}", expression=self.text)
        if self.want != "any" and kind != _WANTED[self.want][0]:
            raise ExpressionError(
                f"{self.text}: gave {plain!r}, which is not {_WANTED[self.want][1]}", expression=self.text
            )
        check_value(plain, self.text)
        return plain


class Template:
    """Text with `${…}` parts."""

    __slots__ = ("_parts", "text")

    def __init__(self, text: str, parts: list[str | Expression]) -> None:
        self.text = text
        self._parts = parts

    def render(self, names: Mapping[str, Any]) -> str:
        """The text with every part replaced by its value; raises ExpressionError."""
        return "".join(part if isinstance(part, str) else as_text(part.evaluate(names)) for part in self._parts)


@lru_cache(maxsize=1)
def _no_variables() -> Any:
    return cel.NewEnv(variables=SYSTEM)


class Environment:
    """The names that expressions may use, with their CEL types."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self.variables = dict(variables)
        self._cel = cel.NewEnv(variables={**SYSTEM, **self.variables}) if variables else _no_variables()
        self._expressions: dict[tuple[str, Want], Expression] = {}
        self._templates: dict[str, Template] = {}

    @classmethod
    def of(cls, scenario: Scenario, assumed: Iterable[str] = ()) -> Environment:
        """The environment of a scenario: the system's names, its variables, and what its nodes assign.

        `assumed` are further names, of any type: what a node that cannot be read may assign.
        """
        declared = dict.fromkeys(assumed, cel.Type.DYN)
        declared.update((name, DECLARED[variable.type]) for name, variable in scenario.variables.items())
        return cls._with_assigned(declared, scenario.nodes.values())

    @classmethod
    def _with_assigned(cls, declared: Mapping[str, Any], nodes: Iterable[Node]) -> Environment:
        """Add the variables that nodes assign without a declaration, with the type of what they are given.

        A value may use a variable that a later node assigns, so this goes round until nothing changes.
        """
        from engine.scenario.walk import iter_assignments

        assigned = (found for node in nodes for found in iter_assignments(node))
        assignments = [(found.name, found.source) for found in assigned if found.name not in declared]
        # Every name is known from the start, as a value of any type, so that order does not matter.
        known = {**dict.fromkeys((name for name, _ in assignments), cel.Type.DYN), **declared}
        for _ in range(3):
            environment = cls(known)
            types: dict[str, Any] = {}
            for name, source in assignments:
                kind = environment._type_of(source)
                same = name not in types or types[name].name() == kind.name()
                types[name] = kind if same else cel.Type.DYN
            if all(known[name].name() == kind.name() for name, kind in types.items()):
                return environment
            known = {**known, **types}
        return cls(known)

    def _type_of(self, source: str) -> Any:
        if source.startswith(":"):
            return ASSIGNED[source[1:]]
        try:
            return self.compile(source).type
        except ExpressionError:
            # The expression has its own finding; what uses the variable shall not have another.
            return cel.Type.DYN

    def compile(self, text: str, want: Want = "any") -> Expression:
        """Compile one expression. Raises ExpressionError with line, column and, if that is it, the unknown
        name."""
        found = self._expressions.get((text, want))
        if found is None:
            check_text(text)
            found = self._expressions[text, want] = Expression(text, self._program(text), want)
        return found

    def _program(self, text: str) -> Any:
        try:
            return self._cel.compile(text)
        except RuntimeError as error:
            raise explain(str(error), text)[0] from error
        except (TypeError, UnicodeError) as error:
            raise ExpressionError("the expression is no text", expression=text) from error

    def template(self, text: str) -> Template:
        """Compile a text with `${…}` parts. Raises ExpressionError; line and column count inside the text."""
        found = self._templates.get(text)
        if found is None:
            pieces = split(text)
            check_parts(text, len(pieces))
            parts = [self._part(text, part) for part in pieces]
            found = self._templates[text] = Template(text, parts)
        return found

    def _part(self, text: str, part: str | Part) -> str | Expression:
        if isinstance(part, str):
            return part
        try:
            return self.compile(part.expression)
        except ExpressionError as error:
            raise _inside(text, part, error) from error

    def mistakes(self, text: str, want: Want = "any") -> list[ExpressionError]:
        """Everything that is wrong with an expression, of which `compile` raises the first; empty when it is
        sound."""
        try:
            self.compile(text, want)
        except ExpressionError as error:
            library = error.__cause__
            return explain(str(library), text) if isinstance(library, RuntimeError) else [error]
        return []

    def template_mistakes(self, text: str) -> list[ExpressionError]:
        """Everything that is wrong with a text with `${…}` parts."""
        try:
            parts = [part for part in split(text) if isinstance(part, Part)]
            check_parts(text, len(parts))
        except ExpressionError as error:
            return [error]
        return [_inside(text, part, error) for part in parts for error in self.mistakes(part.expression)]

    def known(self) -> list[str]:
        """Every name that an expression may use."""
        return [*SYSTEM, *self.variables]


@lru_cache(maxsize=16384)
def free_names(text: str, *, template: bool = False) -> tuple[tuple[str, int, int], ...]:
    """(name, line, column) of each use of a variable in an expression, or in a text with `${…}` parts; the system's
    names are none. Lines and columns count inside the text, from 1.

    The library says so itself: it compiles the text where no variable is known, and complains about each.
    """
    if template and "${" not in text:
        return ()
    environment = Environment({})
    mistakes = environment.template_mistakes(text) if template else environment.mistakes(text)
    found = ((error.undefined, error.line, error.column) for error in mistakes if error.undefined)
    return tuple(dict.fromkeys((name.partition(".")[0], line, column) for name, line, column in found))


def _inside(text: str, part: Part, error: ExpressionError) -> ExpressionError:
    """The mistake of a part at its place in the whole text."""
    before = text[: part.offset]
    column = error.column + (part.offset - (before.rfind("\n") + 1) if error.line == 1 else 0)
    return ExpressionError(
        str(error),
        expression=text,
        line=before.count("\n") + error.line,
        column=column,
        undefined=error.undefined,
    )


def describe(kind: Any) -> str:
    """A CEL type in the language's words."""
    words = {"STRING": "a text", "INT": "an integer", "DOUBLE": "a number", "BOOL": "true or false"}
    return words.get(kind.name(), str(kind).lower())


def _short(message: str) -> str:
    """The library's message without its status code."""
    if unset := re.search(r'No value with name "([^"]+)"', message):
        return f"`{unset[1]}` has no value yet"
    return re.sub(r"^[A-Z_]+: |\s*\[[A-Z_]+\]$", "", message.split("\n", 1)[0])
