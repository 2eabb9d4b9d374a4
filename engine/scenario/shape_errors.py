"""What a complaint of the JSON Schema is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.scenario.schema import scenario_schema
from engine.scenario.shape_words import SchemaError


def listed(value: Any) -> list[str]:
    """What the schema gives as one word or as a list of words."""
    return [value] if isinstance(value, str) else list(value) if isinstance(value, list) else []


def is_type_error(error: SchemaError) -> bool:
    """True when the value itself, and nothing inside of it, has the wrong type."""
    return error.validator == "type" and not error.relative_path


def distance(errors: list[SchemaError]) -> int:
    """How far a mapping is from a shape: missing and unknown keys count most."""
    return sum(3 if error.validator in ("required", "additionalProperties") else 1 for error in errors)


def foreign(errors: list[SchemaError]) -> bool:
    """True when a mapping has no key of this shape."""
    return any(
        error.validator == "additionalProperties"
        and not set(error.instance) & set(error.schema.get("properties", {}))
        for error in errors
    )


def resolved(branches: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Schemas, with what their references stand for."""
    definitions = scenario_schema()["definitions"]
    for branch in branches:
        yield definitions[branch["$ref"].rsplit("/", 1)[1]] if "$ref" in branch else branch


def enum(error: SchemaError) -> list[Any]:
    """The values that an `enum` or a `const` allows."""
    return list(error.validator_value) if error.validator == "enum" else [error.validator_value]
