"""A language with its region, and the voice of a call whose language changes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from engine.audio import tones
from engine.audio.library import PromptLibrary
from engine.audio.voices import NoVoice
from engine.call.call import Call


async def test_a_region_has_the_sounds_of_its_language():
    library = PromptLibrary(NoVoice())
    french, regional, english = [await library.sound("apology", name) for name in ("fr", "fr-CA", "en")]
    assert regional.samples == french.samples != english.samples
    assert tones.tone("ringback", "fr-CA").samples == tones.tone("ringback", "fr").samples


@pytest.mark.parametrize(
    ("now", "spoken_by"), [("en", "en-gb-x-rp"), ("en-GB", "en-gb-x-rp"), ("fr", None), ("fr-CA", None)]
)
def test_the_voice_of_a_scenario_speaks_its_own_language_only(now: str, spoken_by: str | None):
    own = SimpleNamespace(language="en", voice="en-gb-x-rp")
    call = SimpleNamespace(language=now, scenario=SimpleNamespace(scenario=own))
    assert Call._voice(cast("Any", call)) == spoken_by
