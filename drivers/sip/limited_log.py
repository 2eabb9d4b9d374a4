"""A log line for things that a stranger can make happen as often as he likes: the engine's."""

from engine.limited_log import LimitedLog

__all__ = ["LimitedLog"]
