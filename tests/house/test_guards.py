"""The guards of `conftest` are awake."""

from __future__ import annotations

from pathlib import Path

import pytest
from blockbuster import BlockingError

from engine.audio.files import read_clip

MUSIC = Path(__file__).parents[2] / "flows/call_centre/prompts/music.wav"


async def test_blocking_the_event_loop_raises():
    with pytest.raises(BlockingError):
        read_clip(MUSIC)


def test_blocking_elsewhere_does_not():
    assert read_clip(MUSIC).duration == 12.0
