"""Finds the rules: every `Rule` with an id in the modules of this package."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

import engine.scenario.rules as package
from engine.scenario.rules.base import Rule


@cache
def rules() -> dict[str, Rule]:
    """Id → rule, in the order of the ids' numbers. Two rules with one id are a programming error."""
    found: dict[str, Rule] = {}
    for module_info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{module_info.name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == module.__name__:
                if not hasattr(value, "id"):
                    continue
                if value.id in found:
                    raise RuntimeError(f"rule {value.id} is defined twice: {found[value.id]} and {value}")
                found[value.id] = value()
    return dict(sorted(found.items(), key=lambda pair: pair[0][1:]))


@cache
def missing_keys() -> dict[tuple[str, str], tuple[str, str]]:
    """(node type, key) → (rule, message) of the rules that name a missing key better than the schema."""
    return {rule.missing_key: (rule.id, rule.missing_message) for rule in rules().values() if rule.missing_key}
