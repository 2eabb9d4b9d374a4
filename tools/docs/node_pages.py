"""`docs/nodes/`: one page a node type, from its schema; the example is the node's golden test."""

from __future__ import annotations

import inspect
import json
import textwrap
from pathlib import Path
from typing import Any

from engine.nodes.base import Node
from engine.nodes.fields import DURATION
from engine.nodes.registry import node_types
from engine.scenario.schema import scenario_schema

_WIRING = ("type", "next", "on")
_PLAIN = {"boolean": "true or false", "integer": "whole number", "number": "number", "null": "null", "string": "text"}


class MissingGolden(Exception):
    """A node type has no golden test, which is the example of its page; the message says what to write."""


def node_pages(goldens: Path) -> dict[str, str]:
    """File name → page, with an index. `goldens` is the folder of the nodes' golden tests; raises MissingGolden."""
    types = node_types()
    missing = [name for name in types if not (goldens / f"{name}.yaml").is_file()]
    if missing:
        files = ", ".join(f"{goldens.parent.name}/{goldens.name}/{name}.yaml" for name in missing)
        raise MissingGolden(f"missing: {files}; CONTRIBUTING.md, A new node, says what a golden file holds")
    pages = {f"{name}.md": _page(name, model, goldens / f"{name}.yaml") for name, model in types.items()}
    index = ["# Node types", ""]
    for name, model in types.items():
        summary = inspect.cleandoc(model.__doc__ or "").split("\n\n")[0].replace("\n", " ")
        index.append(f"- [{name}]({name}.md): {summary}")
    pages["README.md"] = "\n".join([*index, ""])
    return pages


def _page(name: str, model: type[Node], golden: Path) -> str:
    definition = scenario_schema()["definitions"][model.__name__]
    lines = [f"# {name}", "", inspect.cleandoc(model.__doc__ or ""), ""]
    parameters = {key: part for key, part in definition["properties"].items() if key not in _WIRING}
    lines += ["## Parameters", ""]
    lines += _table(parameters, definition.get("required", [])) if parameters else ["None.", ""]
    lines += ["## Outcomes", "", *_outcomes(model), ""]
    for extra in _inner(parameters):
        inner = scenario_schema()["definitions"][extra]
        lines += [f"## {extra}", "", inner.get("description", ""), ""]
        lines += _table(inner["properties"], inner.get("required", []))
    lines += ["## Example", "", "```yaml", _example(golden), "```", ""]
    return "\n".join(lines)


def _outcomes(model: type[Node]) -> list[str]:
    if model.outcomes == ("next",):
        lines = ["One: `next`."]
    elif model.outcomes:
        lines = [
            f"- `{outcome}`{' (may be left out)' if outcome in model.lenient else ''}" for outcome in model.outcomes
        ]
    else:
        lines = ["None under `on`."]
    return [*lines, "", "`error` may be wired too: it is taken when the node fails."]


def _table(parameters: dict[str, Any], required: list[str]) -> list[str]:
    rows = ["| parameter | value | default | meaning |", "|---|---|---|---|"]
    for key, part in parameters.items():
        default = "required" if key in required else f"`{json.dumps(part['default'])}`" if "default" in part else ""
        rows.append(f"| `{key}` | {kind_of(part)} | {default} | {cell(part.get('description', ''))} |")
    return [*rows, ""]


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def kind_of(part: dict[str, Any]) -> str:
    """The values that a parameter takes, in words."""
    if _is_prompt(part):
        return "[prompt](../scenarios.md#prompts)"
    if "enum" in part:
        return " or ".join(f"`{choice}`" for choice in part["enum"])
    if "const" in part:
        return f"`{part['const']}`"
    if "anyOf" in part:
        return " or ".join(dict.fromkeys(kind_of(choice) for choice in part["anyOf"]))
    if part.get("pattern") == DURATION:
        return "duration"
    if reference := _reference(part):
        return f"[{reference}](#{reference.lower()})"
    if part.get("type") == "array":
        return f"list of {kind_of(part['items'])}"
    if part.get("type") == "object":
        return f"mapping to {kind_of(part.get('additionalProperties', {}))}"
    return _PLAIN[part.get("type", "string")]


def _is_prompt(part: dict[str, Any]) -> bool:
    choices = part.get("items", {}).get("anyOf", [])
    return {"$ref": "#/definitions/Say"} in choices


def _reference(part: dict[str, Any]) -> str | None:
    reference = part.get("$ref") or next((p["$ref"] for p in part.get("allOf", []) if "$ref" in p), None)
    return reference.rsplit("/", 1)[1] if reference else None


def _inner(parameters: dict[str, Any]) -> list[str]:
    """Names of the mappings that parameters are made of, prompts apart."""
    found: list[str] = []

    def look(part: Any) -> None:
        if isinstance(part, dict) and not _is_prompt(part):
            if (reference := _reference(part)) and reference not in found:
                found.append(reference)
            for value in part.values():
                look(value)
        elif isinstance(part, list):
            for item in part:
                look(item)

    look(list(parameters.values()))
    return found


def _example(golden: Path) -> str:
    """The `nodes` of a golden test's scenario, as written."""
    text = golden.read_text(encoding="utf-8")
    scenario = text.split("\nscenario:\n" if "\nscenario:\n" in text else "scenario:\n", 1)[1]
    lines = []
    for line in scenario.splitlines():
        if line and not line.startswith((" ", "#")):
            break
        lines.append(line)
    return textwrap.dedent("\n".join(lines)).rstrip()
