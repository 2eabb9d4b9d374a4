"""Regular expressions in linear time: scenario authors' patterns run on RE2, through CEL's `matches`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def _program() -> Any:
    from cel_expr_python import cel

    return cel.NewEnv(variables={"s": cel.Type.STRING, "p": cel.Type.STRING}).compile("s.matches(p)")


def full_match(pattern: str, text: str) -> bool:
    """True when the whole text matches. Raises ValueError for a pattern that is not RE2."""
    result = _program().eval(data={"s": text, "p": f"^(?:{pattern})$"}).plain_value()
    if not isinstance(result, bool):
        raise ValueError(f"pattern {pattern!r}: {result}")
    return result
