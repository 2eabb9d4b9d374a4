"""`docs/settings/`: one page a setting of `server.yaml` and of `directory.yaml`, from the models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from engine.centres.directory import Directory
from engine.server.settings import Settings
from tools.docs.node_pages import cell, kind_of

FILES: dict[str, type[BaseModel]] = {"server.yaml": Settings, "directory.yaml": Directory}


@dataclass(frozen=True)
class Setting:
    """One key of a file, with the part of the JSON Schema that describes it."""

    file: str
    key: str
    part: dict[str, Any]
    required: bool

    @property
    def page(self) -> str:
        """File name of its page."""
        return f"{self.key.replace('[].', '.')}.md"


def setting_pages() -> dict[str, str]:
    """File name → page, with an index."""
    pages: dict[str, str] = {}
    index = ["# Settings", "", "Paths are relative to the file. An unknown key is refused at start.", ""]
    for file, model in FILES.items():
        index += [f"## {file}", "", "| key | default | meaning |", "|---|---|---|"]
        for setting in _settings(file, model):
            pages[setting.page] = _page(setting)
            link = f"[{setting.key}]({setting.page})"
            index.append(f"| {link} | {_default(setting)} | {cell(setting.part.get('description', ''))} |")
        index.append("")
    pages["README.md"] = "\n".join(index)
    return pages


def _settings(file: str, model: type[BaseModel]) -> Iterator[Setting]:
    schema = model.model_json_schema()
    yield from _keys(file, "", schema, schema.get("$defs", {}))


def _keys(file: str, prefix: str, schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[Setting]:
    for name, part in schema["properties"].items():
        inner, suffix = _inner(part, definitions)
        if inner is not None:
            yield from _keys(file, f"{prefix}{name}{suffix}.", inner, definitions)
        else:
            yield Setting(file, f"{prefix}{name}", part, name in schema.get("required", []))


def _inner(part: dict[str, Any], definitions: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """The mapping that a key holds, or holds a list of, or by names of your own, if it does."""
    places = [(part, ""), (part.get("items", {}), "[]"), *((p, "") for p in part.get("anyOf", []))]
    places += [(named, ".NAME") for named in part.get("patternProperties", {}).values()]
    for candidate, suffix in places:
        if "$ref" in candidate:
            return definitions[candidate["$ref"].rsplit("/", 1)[1]], suffix
    return None, ""


def _default(setting: Setting) -> str:
    if setting.required:
        return "required"
    default = setting.part.get("default")
    if default is None:
        return ""
    if kind_of(setting.part) == "duration":
        return f"`{default:g}s`"
    return f"`{json.dumps(default, ensure_ascii=False)}`"


def _page(setting: Setting) -> str:
    lines = [f"# {setting.key}", "", setting.part.get("description", ""), ""]
    lines += [f"- file: `{setting.file}`", f"- value: {kind_of(setting.part)}"]
    lines += [f"- default: {_default(setting) or 'none'}"]
    if setting.file == "server.yaml":
        lines.append(f"- in the environment: `FLOWCTL_{setting.key.upper().replace('.', '__')}`")
    return "\n".join([*lines, ""])
