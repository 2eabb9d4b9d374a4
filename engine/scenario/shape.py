"""The raw document against the JSON Schema: E0003, E0004, E0005, and the rules that name a missing key better."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft7Validator, ValidationError, validators

from engine.nodes.base import Path
from engine.nodes.fields import DURATION
from engine.scenario.diagnostics import Diagnostic, Span
from engine.scenario.document import Document
from engine.scenario.scalars import is_ambiguous
from engine.scenario.schema import scenario_schema
from engine.scenario.shape_errors import distance, enum, foreign, is_type_error, listed, resolved
from engine.scenario.shape_words import (
    KINDS,
    SchemaError,
    about_key,
    fits,
    how_to_write,
    kind_of,
    limit,
    misfit,
    says,
)
from engine.scenario.suggest import closest, did_you_mean

MissingKeys = Mapping[tuple[str, str], tuple[str, str]]
"""(node type, key) → (rule, message) of the rule that speaks when a node lacks the key."""


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """`pattern` as ECMA 262 means it: `$` is the very end, behind a line break too, and a digit is 0 to 9."""
    if isinstance(instance, str) and not fits(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_Validator = validators.extend(Draft7Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]  # it has no annotations


@cache
def _validator() -> Any:
    return _Validator(scenario_schema())


def check_shape(document: Document, missing_keys: MissingKeys) -> tuple[list[Diagnostic], set[Path]]:
    """Everything about the document's shape that is wrong, no two findings for one path; and the paths that are
    spoiled by it: what stands there is not looked at by later rules."""
    checker = _Checker(document, missing_keys)
    for error in _validator().iter_errors(document.data):
        checker.schema_error(error)
    checker.ambiguous_words()
    return checker.without_consequences(), checker.spoiled


class _Checker:
    def __init__(self, document: Document, missing_keys: MissingKeys) -> None:
        self.document = document
        self.spoiled: set[Path] = set()
        self._findings: dict[Path, Diagnostic] = {}
        self._missing_keys = missing_keys
        self._missing: set[Path] = set()
        self._unknown: dict[Path, list[str]] = {}
        """Unknown keys, with those that their mapping may have."""

    def _add(self, path: Path, span: Span, rule: str, message: str, hint: str = "", *, spoils: bool = True) -> None:
        """Only the first finding of a path counts. It spoils nothing when only the key is wrong, and clear."""
        if path in self._findings:
            return
        if rule == "E0003":
            rule, message = self._more_precise(path, message)
        self._findings[path] = Diagnostic.at(span, rule, message, file=self.document.file, hint=hint)
        if spoils:
            self.spoiled.add(path)

    def _more_precise(self, path: Path, message: str) -> tuple[str, str]:
        """The rule that knows better than E0003 what is wrong with a value, and what is to be said."""
        if path[:1] == ("variables",) and path[2:] == ("default",):
            return "E6003", message
        if path[:1] != ("nodes",) or len(path) != 3:
            return "E0003", message
        node, key = self.document.data["nodes"][path[1]], str(path[2])
        kind = str(node.get("type", ""))
        if key in node and node[key] in (None, ""):
            if key == "prompt":
                return "E3003", "the prompt is empty"
            return self._missing_keys.get((kind, key), ("E0003", message))
        if (kind, key) == ("hours", "holidays") and str(node[key]).isalpha():
            return "E4010", f"no holidays are known for the country {node[key]}"
        return "E0003", message

    def schema_error(self, error: SchemaError) -> None:
        """Report what the schema says, at the key or value that is wrong, in words about the language."""
        path: Path = tuple(error.absolute_path)
        match error.validator:
            case "anyOf":
                self._choice(error, path)
            case "additionalProperties":
                self._unknown_keys(error, path)
            case "required":
                self._missing_key(error, path)
            case "pattern" if "propertyNames" in error.absolute_schema_path:
                where = (*path, str(error.instance))
                # A node is what it is, whatever its name.
                spoils = path != ("nodes",)
                message = misfit(error.instance, error.schema)
                self._add(where, self.document.key_span(where), "E0003", message, spoils=spoils)
            case "type":
                self._wrong_type(path, error.instance, error.schema, listed(error.validator_value))
            case "enum" | "const":
                self._not_one_of(error, path)
            case "pattern":
                alone = error.parent is None or says(error.schema)
                schema = error.schema if alone else error.parent.schema
                self._add(path, self.document.span(path), "E0003", misfit(error.instance, schema))
            case "not":
                where = (*path, "next")
                message = "`next` is wired twice, here and beside `on`"
                self._add(where, self.document.key_span(where), "E0003", message, "remove one of the two")
            case _:
                self._add(path, self.document.span(path), "E0003", limit(error), says(error.schema))

    def _choice(self, error: SchemaError, path: Path) -> None:
        """None of several shapes fits: speak of the one that was most likely meant."""
        branches: dict[int, list[SchemaError]] = {}
        for part in error.context or ():
            branches.setdefault(int(part.schema_path[0]), []).append(part)
        fitting = [parts for parts in branches.values() if not any(is_type_error(p) for p in parts)]
        if not fitting:
            wrong = [part for parts in branches.values() for part in parts if is_type_error(part)]
            wanted = [kind for part in wrong for kind in listed(part.validator_value)]
            texts = [part.schema for part in wrong if "string" in listed(part.validator_value)]
            text: Mapping[str, Any] = texts[0] if texts else {}
            self._wrong_type(path, error.instance, text, list(dict.fromkeys(wanted)))
            return
        best = min(fitting, key=distance)
        if isinstance(error.instance, dict) and all(foreign(parts) for parts in fitting):
            self._unknown_item(error, path)
            return
        if len(best) == 1 and best[0].validator in ("const", "enum") and not best[0].relative_path:
            other = [part for parts in branches.values() for part in parts if is_type_error(part)]
            self._not_one_of(best[0], path, [kind for part in other for kind in listed(part.validator_value)])
            return
        for part in best:
            self.schema_error(part)

    def _unknown_item(self, error: SchemaError, path: Path) -> None:
        """A mapping that has nothing in common with any of the shapes: `{sya: hello}`."""
        known = [key for branch in resolved(error.validator_value) for key in branch.get("properties", {})]
        keys = list(error.instance)
        span = self.document.key_span((*path, keys[0])) if keys else self.document.span(path)
        what = f"unknown key `{keys[0]}`" if keys else "an empty mapping"
        hint = about_key(keys[0], known) if keys else ""
        self._add(path, span, "E0003", f"{what}: expected one of {', '.join(known)}", hint)

    def _unknown_keys(self, error: SchemaError, path: Path) -> None:
        known = list(error.schema.get("properties", {}))
        is_outcomes = len(path) == 3 and path[0] == "nodes" and path[2] == "on"
        for key in error.instance:
            if key in known or any(re.search(p, key) for p in error.schema.get("patternProperties", {})):
                continue
            if is_outcomes:
                kind = self.document.data["nodes"][path[1]]["type"]
                message = f"a `{kind}` node has no outcome `{key}`: it has {', '.join(known)}"
            elif key in ("next", "on") and len(path) == 2 and path[0] == "nodes":
                message = f"a `{error.instance.get('type')}` node takes no `{key}`: wire its outcomes under `on`"
            else:
                message = f"unknown key `{key}`"
            self._unknown[*path, key] = known
            self._add((*path, key), self.document.key_span((*path, key)), "E0003", message, about_key(key, known))

    def _missing_key(self, error: SchemaError, path: Path) -> None:
        for key in error.validator_value:
            if key in error.instance:
                continue
            rule, message = "E0003", f"the key `{key}` is missing"
            if len(path) == 2 and path[0] == "nodes":
                kind = str(error.instance.get("type", ""))
                rule, message = self._missing_keys.get((kind, key), (rule, message))
            hint = says(error.schema.get("properties", {}).get(key, {}))
            self._missing.add((*path, key))
            self._add((*path, key), self._first_line(path), rule, message, hint)

    def without_consequences(self) -> list[Diagnostic]:
        """The findings, but for missing keys that stand there misspelt, and for the default of a variable whose
        `type` may."""
        meant: set[Path] = {(*path[:-1], str(closest(str(path[-1]), known))) for path, known in self._unknown.items()}
        defaults: set[Path] = {(*path[:2], "default") for path in self._unknown if path[0] == "variables"}
        consequences = self._missing & meant | defaults
        return [found for path, found in self._findings.items() if path not in consequences]

    def _first_line(self, path: Path) -> Span:
        """Where to say that something is missing from a mapping: its key, else the line on which it begins."""
        span = self.document.key_span(path)
        if span.end_line == span.line:
            return span
        return Span(span.line, span.column, span.line, span.column + 1)

    def _wrong_type(self, path: Path, value: Any, schema: Mapping[str, Any], wanted: list[str]) -> None:
        span = self._first_line(path) if isinstance(value, dict | list) else self.document.span(path)
        place = self.document.values.get(path)
        pattern = schema.get("pattern")
        if pattern == DURATION and isinstance(value, int | float) and not isinstance(value, bool):
            message = f"{self._written(path)} is not a duration"
            self._add(path, span, "E0003", message, f"write {self._written(path)}s, or a unit: 500ms, 30s, 2m, 1h")
            return
        scalar = place is not None and place.typed and value is not None
        if scalar and "string" in wanted and not schema.keys() & {"enum", "const"}:
            written = self._written(path)
            if pattern is None or fits(pattern, written):
                kind = "a boolean" if isinstance(value, bool) else "a number"
                message = f"{written} without quotes is {kind}; a text is meant here"
                self._add(path, span, "E0004", message, f'write "{written}"')
                return
        plain = place is not None and place.style == "plain"
        hint = how_to_write(value, wanted, plain=plain)
        message = f"must be {' or '.join(KINDS[kind] for kind in wanted)}, not {kind_of(value)}"
        if not path:
            hint = "write at least format, name, start and nodes"
        self._add(path, span, "E0003", message, hint or says(schema))

    def _not_one_of(self, error: SchemaError, path: Path, others: Iterable[str] = ()) -> None:
        """A value that is none of those known, nor of the `others` that may stand here: types of JSON Schema."""
        span = self.document.span(path)
        value = error.instance
        if path == ("format",):
            quoted = isinstance(value, str) and value == "1"
            what = '"1" in quotes is a text, and no format' if quoted else f"format {self._written(path)} is unknown"
            self._add(path, span, "E0005", what, f"write format: 1{', without quotes' if quoted else ''}")
            return
        choices = [str(choice) for choice in enum(error)]
        what = "unknown node type" if path[:1] == ("nodes",) and path[2:] == ("type",) else "unknown value"
        if isinstance(value, dict | list) or value is None:
            span = self._first_line(path)
            self._add(path, span, "E0003", f"must be one of {', '.join(choices)}, not {kind_of(value)}")
            return
        written = self._written(path)
        types = "".join(f" or {KINDS[kind]}" for kind in dict.fromkeys(others))
        expected = f"{'one of ' if len(choices) > 1 else ''}{', '.join(choices)}{types}"
        hint = did_you_mean(written, choices) or ("put it in brackets: [ ]" if "array" in others else "")
        self._add(path, span, "E0003", f"{what} `{written}`: it is {expected}", hint)

    def _written(self, path: Path) -> str:
        """The scalar at a path as it stands in the file."""
        place = self.document.values[path]
        if place.missing:
            return "nothing"
        if place.style != "plain" or place.span.line != place.span.end_line:
            value: Any = self.document.data
            for part in path:
                value = value[part]
            return str(value)
        return self.document.text[place.start : place.start + place.span.end_column - place.span.column] or "nothing"

    def ambiguous_words(self) -> None:
        """E0004 for unquoted on/off/yes/no and 0143 where the schema took them as text, and for keys that are
        not text."""
        spoiled = set(self._findings)
        for path, place in self.document.values.items():
            if place.style == "plain" and path not in spoiled and not _is_own(path) and not place.typed:
                self._ambiguous(path, place.span, self._written(path))
        for path, place in self.document.keys.items():
            if place.style == "plain" and path not in spoiled and not _is_own(path) and not _is_on(path):
                self._ambiguous(path, place.span, str(path[-1]), typed=place.typed, spoils=False)

    def _ambiguous(self, path: Path, span: Span, written: str, *, typed: bool = False, spoils: bool = True) -> None:
        if typed or is_ambiguous(written):
            kind = "a number" if written[:1].isdigit() else "a boolean"
            message = f"{written} without quotes is {kind} to YAML; a text is meant here"
            self._add(path, span, "E0004", message, f'write "{written}"', spoils=spoils)


def _is_own(path: Path) -> bool:
    """True inside a top-level `x-…` key, which is nobody's business."""
    return bool(path) and str(path[0]).startswith("x-")


def _is_on(path: Path) -> bool:
    return len(path) == 3 and path[0] == "nodes" and path[2] == "on"
