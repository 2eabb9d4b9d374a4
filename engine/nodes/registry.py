"""Finds the node types: every `Node` subclass defined in a module of this package."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import get_args

import engine.nodes as package
from engine.nodes.base import Node


@cache
def node_types() -> dict[str, type[Node]]:
    """Type name → class, in alphabetical order. Two classes with one name are a programming error."""
    found: dict[str, type[Node]] = {}
    for module_info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package.__name__}.{module_info.name}")
        for value in vars(module).values():
            if not (isinstance(value, type) and issubclass(value, Node) and value is not Node):
                continue
            if value.__module__ != module.__name__:
                continue
            (name,) = get_args(value.model_fields["type"].annotation)
            if name in found:
                raise RuntimeError(f"node type {name!r} is defined twice: {found[name]} and {value}")
            found[name] = value
    return dict(sorted(found.items()))
