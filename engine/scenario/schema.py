"""The JSON Schema of scenario files, generated from the models and the node types (draft-07, for editors)."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema

from engine.nodes.base import Node
from engine.nodes.fields import DURATION
from engine.nodes.registry import node_types
from engine.scenario.model import Scenario

Schema = dict[str, Any]

REFERENCE = "#/definitions/{model}"


class _Generator(GenerateJsonSchema):
    """pydantic's generator, without titles and with the description of a mapping's keys."""

    def dict_schema(self, schema: core_schema.DictSchema) -> Schema:
        values = self.generate_inner(schema["values_schema"]) if "values_schema" in schema else {}
        keys = self.generate_inner(schema["keys_schema"]) if "keys_schema" in schema else {}
        result: Schema = {"type": "object", "additionalProperties": values}
        if "pattern" in keys:
            result["propertyNames"] = {k: keys[k] for k in ("pattern", "description") if k in keys}
        if "min_length" in schema:
            result["minProperties"] = schema["min_length"]
        return result

    def get_title_from_name(self, name: str) -> str:
        return name

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


@cache
def scenario_schema() -> Schema:
    """The schema of a scenario file. Not to be changed: it is shared."""
    types = node_types()
    models = [(model, "validation") for model in types.values()]
    _, generated = models_json_schema(
        [*models, (Scenario, "validation")],  # type: ignore[list-item]  # the literals are widened in the list
        ref_template=REFERENCE,
        schema_generator=_Generator,
    )
    definitions: Schema = {name: _clean(part) for name, part in generated["$defs"].items()}
    top = definitions.pop(Scenario.__name__)
    definitions.pop(Node.__name__, None)
    for model in types.values():
        _wire(definitions[model.__name__], model)
    _typed_defaults(definitions["Variable"])
    definitions["node"] = _node(types)
    top["properties"]["nodes"]["additionalProperties"] = {"$ref": "#/definitions/node"}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Call-flow scenario",
        **top,
        "additionalProperties": False,
        "patternProperties": {"^x-": {"description": "Anybody's own data; not looked at."}},
        "definitions": dict(sorted(definitions.items())),
    }


def _node(types: dict[str, type[Node]]) -> Schema:
    """Any node: its type decides the rest, so that an error speaks of that type alone."""
    return {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": list(types), "description": "What the node does."}},
        "allOf": [
            {
                "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
                "then": {"$ref": REFERENCE.format(model=model.__name__)},
            }
            for name, model in types.items()
        ],
    }


def _wire(definition: Schema, model: type[Node]) -> None:
    """Allow `next` only where it is the outcome, and once; in `on` only the outcomes of the type and `error`."""
    properties = definition["properties"]
    if model.outcomes == ("next",):
        definition["dependencies"] = {"next": {"properties": {"on": {"not": {"required": ["next"]}}}}}
    else:
        del properties["next"]
    target = {"type": "string", "description": "Name of a node, or end."}
    properties["on"] = {
        "type": "object",
        "description": properties["on"]["description"],
        "properties": dict.fromkeys((*model.outcomes, "error"), target),
        "additionalProperties": target if model.open_outcomes else False,
    }


def _typed_defaults(variable: Schema) -> None:
    """A variable's default has the variable's type."""
    variable["properties"]["default"] = {"description": variable["properties"]["default"]["description"]}
    variable["allOf"] = [
        {
            "if": {
                "properties": {"type": {"const": kind}},
                **({} if kind == "string" else {"required": ["type"]}),
            },
            "then": {"properties": {"default": {"type": kind}}},
        }
        for kind in ("string", "integer", "number", "boolean")
    ]


def written_duration(seconds: float) -> str:
    """Seconds as the language writes them: 500ms, 30s, 2m."""
    if seconds < 1:
        return f"{seconds * 1000:g}ms"
    return f"{seconds / 60:g}m" if seconds % 60 == 0 else f"{seconds:g}s"


def _clean(part: Any) -> Any:
    """Draft-07 ignores what stands beside `$ref`, and a parameter that is left out is not written as null."""
    if isinstance(part, list):
        return [_clean(item) for item in part]
    if not isinstance(part, dict):
        return part
    part = {key: _clean(value) for key, value in part.items() if key != "title" or isinstance(value, dict)}
    if part.get("default", ...) is None:
        del part["default"]
        choices = [choice for choice in part.get("anyOf", []) if choice != {"type": "null"}]
        if len(choices) == 1:
            del part["anyOf"]
            part = {**choices[0], **part}
        elif choices:
            part["anyOf"] = choices
    if part.get("pattern") == DURATION and isinstance(part.get("default"), float):
        part["default"] = written_duration(part["default"])
    if "$ref" in part and len(part) > 1:
        part = {"allOf": [{"$ref": part.pop("$ref")}], **part}
    return part
