"""The schema's complaints in the language's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from engine.nodes.fields import DURATION
from engine.scenario.suggest import did_you_mean

SchemaError = Any
"""A jsonschema ValidationError; its stubs call every field of it possibly unset, which it never is here."""

KINDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}
"""JSON Schema type → what the language calls it."""


def kind_of(value: Any) -> str:
    """What a value is, for "not …"."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    kinds = {str: "a text", int: "a number", float: "a number", list: "a list", dict: "a mapping"}
    return kinds[type(value)]


def fits(pattern: str, text: str) -> bool:
    """True when a text matches a pattern of the schema."""
    if pattern.endswith("$"):
        pattern = pattern[:-1] + r"\Z"
    return re.search(pattern, text, re.ASCII) is not None


def says(schema: Mapping[str, Any]) -> str:
    """The schema's own description of what belongs here."""
    return str(schema.get("description", ""))


def how_to_write(value: Any, wanted: list[str], *, plain: bool) -> str:
    """How to write what was probably meant, where a value has the wrong type; `plain` tells that it has no
    quotes. Empty when nobody knows."""
    if wanted == ["boolean"] and isinstance(value, str):
        true = value.lower() in ("yes", "on", "true", "1")
        false = value.lower() in ("no", "off", "false", "0")
        return f"write {'true' if true else 'false'}, without quotes" if true or false else ""
    if wanted in (["integer"], ["number"]) and isinstance(value, str):
        return _number(value, plain=plain)
    if wanted != ["array"]:
        return ""
    return "make it an item of a list: [{…}]" if isinstance(value, dict) else "put it in brackets: [ ]"


def about_key(key: str, known: Iterable[str]) -> str:
    """What was probably meant by an unknown key."""
    if found := re.match(r"([\w-]+):\S", key):
        return f"a space belongs behind the colon: `{found[1]}: …`"
    if set(key) & set("“”„«»‘’"):
        return "quotation marks are the straight ones, \" or '"
    return did_you_mean(key, known)


def _number(value: str, *, plain: bool) -> str:
    if not re.fullmatch(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?", value):
        return ""
    if not plain:
        return "write the number without quotes"
    if re.fullmatch(r"-?[1-9][0-9]{9,}", value):
        return "a whole number has at most nine digits: a longer one is taken for a telephone number"
    return "write plain digits, such as 5, -5 or 0.5: no +, no leading 0, a digit on each side of the point"


def misfit(value: Any, schema: Mapping[str, Any]) -> str:
    """A text that does not match the pattern of its place."""
    if schema.get("pattern") == DURATION:
        return f"`{value}` is not a duration: write 500ms, 30s, 2m or 1h"
    said = says(schema)
    what = f"`{value}`" if value else "an empty text"
    return f"{what} does not fit here: {said}" if said else f"{what} does not fit here"


def limit(error: SchemaError) -> str:
    """A value outside the limits of its place."""
    value = error.validator_value
    messages = {
        "minimum": f"must be at least {value}",
        "exclusiveMinimum": f"must be more than {value}",
        "maximum": f"must be at most {value}",
        "exclusiveMaximum": f"must be less than {value}",
        "minItems": "must not be empty",
        "minLength": "must not be empty",
        "minProperties": "must not be empty",
        "maxItems": f"must have at most {value} items",
    }
    return messages.get(str(error.validator), str(error.message)[:200])
