"""G.711 against an implementation that is not ours, for every input there is."""

from __future__ import annotations

import array
import warnings

import pytest

from engine.audio import g711

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

ALL_SAMPLES = array.array("H", range(65536)).tobytes()
ALL_CODES = bytes(range(256))


def test_encodes_every_sample_as_the_reference_does() -> None:
    assert g711.encode(ALL_SAMPLES, "PCMA") == audioop.lin2alaw(ALL_SAMPLES, 2)
    assert g711.encode(ALL_SAMPLES, "PCMU") == audioop.lin2ulaw(ALL_SAMPLES, 2)


def test_decodes_every_code_as_the_reference_does() -> None:
    assert g711.decode(ALL_CODES, "PCMA") == audioop.alaw2lin(ALL_CODES, 2)
    assert g711.decode(ALL_CODES, "PCMU") == audioop.ulaw2lin(ALL_CODES, 2)


def test_translates_between_the_laws_through_linear() -> None:
    assert ALL_CODES.translate(g711.ALAW_TO_ULAW) == audioop.lin2ulaw(audioop.alaw2lin(ALL_CODES, 2), 2)
    assert ALL_CODES.translate(g711.ULAW_TO_ALAW) == audioop.lin2alaw(audioop.ulaw2lin(ALL_CODES, 2), 2)


@pytest.mark.parametrize("law", ["PCMA", "PCMU"])
def test_silence_is_the_code_of_zero(law: g711.Law) -> None:
    assert g711.encode(b"\0\0", law) == bytes([g711.SILENCE[law]])
