"""Which call the running code is about: what logs it is found by."""

from __future__ import annotations

from contextvars import ContextVar

CALL: ContextVar[str] = ContextVar("call", default="")
"""The id of the call whose task this is; tasks that it starts are about it, too."""
