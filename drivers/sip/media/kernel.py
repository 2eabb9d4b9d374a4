"""The hot part of a worker's loop: compiled, or in Python where it could not be compiled or is not wanted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

WITHOUT = "FLOWCTL_WITHOUT_KERNEL"
"""Environment variable: not empty, the compiled one stays unused."""

if TYPE_CHECKING or os.environ.get(WITHOUT):
    from drivers.sip.media.by_hand import Count, Path, Piece, Source, serve, tick
else:
    try:
        from drivers.sip.media._kernel import Count, Path, Piece, Source, serve, tick
    except ImportError:
        from drivers.sip.media.by_hand import Count, Path, Piece, Source, serve, tick

COMPILED = Source.__module__.endswith("._kernel")

__all__ = ["COMPILED", "WITHOUT", "Count", "Path", "Piece", "Source", "serve", "tick"]
