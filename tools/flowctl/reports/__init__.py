"""What `flowctl validate` writes: for people, for programs, and for what shows findings beside the code."""

from __future__ import annotations

from typing import Literal, get_args

Format = Literal["text", "json", "sarif", "github"]
FORMATS: tuple[Format, ...] = get_args(Format)
