"""Keys as tones: heard where there are any, and not in speech."""

from __future__ import annotations

import asyncio
import io
import subprocess
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from support.siprtp import Packet
from support.sound import speech

from drivers.sip.media.tones import HIGH, KEYS, LOW, ToneDetector
from engine.audio.g711 import Law, decode, encode
from engine.lines import PlayResult

EVERY = "123A456B789C*0#D"
FULL = 32124 / 10 ** (3.14 / 20)
"""Amplitude of a sine at 0 dBm0 (ITU-T G.711)."""
ROOT = Path(__file__).parents[2]


def tone(key: str, milliseconds: float, level: float = -10, twist: float = 0, offset: float = 0) -> np.ndarray:
    """level: dBm0 of the low tone; twist: dB that the high one is stronger; offset: part of the frequencies."""
    row = next(index for index, keys in enumerate(KEYS) if key in keys)
    time = np.arange(round(milliseconds * 8)) / 8000
    low, high = LOW[row] * (1 + offset), HIGH[KEYS[row].index(key)] * (1 + offset)
    amplitude = FULL * 10 ** (level / 20)
    return amplitude * (np.sin(2 * np.pi * low * time) + 10 ** (twist / 20) * np.sin(2 * np.pi * high * time + 1))


def pause(milliseconds: float) -> np.ndarray:
    return np.zeros(round(milliseconds * 8))


def heard(sound: np.ndarray, law: Law = "PCMA") -> str:
    """In packets of 20 ms."""
    octets = encode(np.clip(sound, -32767, 32767).astype("<i2").tobytes(), law)
    detector = ToneDetector()
    return "".join(detector.keys(octets[start : start + 160], law) for start in range(0, len(octets), 160))


def dialled(milliseconds: float, gap: float, **how: float) -> np.ndarray:
    """All keys, beginning at odd places of the blocks."""
    return np.concatenate(
        [part for key in EVERY for part in (pause(gap), tone(key, milliseconds, **how))] + [pause(40)]
    )


@pytest.mark.parametrize("law", ["PCMA", "PCMU"])
@pytest.mark.parametrize("level", [-3, -10, -25])
@pytest.mark.parametrize("offset", [-0.015, 0, 0.015])
def test_every_key_is_heard_once(law: Law, level: float, offset: float) -> None:
    assert heard(dialled(45, 43, level=level, offset=offset), law) == EVERY
    assert heard(dialled(300, 61, level=level, offset=offset), law) == EVERY


@pytest.mark.parametrize("twist", [-8, 4])
def test_one_tone_may_be_stronger(twist: float) -> None:
    assert heard(dialled(60, 50, level=-12, twist=twist)) == EVERY


def test_keys_are_heard_in_noise() -> None:
    sound = dialled(60, 50, level=-15)
    noise = np.random.default_rng(1).normal(0, FULL * 10 ** (-15 / 20) / 10 ** (18 / 20), len(sound))
    assert heard(sound + noise) == EVERY


def test_the_same_key_twice_and_a_gap_in_a_key() -> None:
    assert heard(np.concatenate([tone("5", 60), pause(45), tone("5", 60), pause(40)])) == "55"
    assert heard(np.concatenate([tone("5", 60), pause(8), tone("5", 60), pause(40)])) == "5"


def test_what_is_too_short_or_one_tone_alone_is_no_key() -> None:
    short = np.concatenate([part for key in EVERY for part in (pause(43), tone(key, 20))])
    time = np.arange(8000) / 8000
    single = [FULL * 0.3 * np.sin(2 * np.pi * hertz * time) for hertz in (*LOW, *HIGH, 425, 440, 1004)]
    tones = [
        FULL * 0.2 * (np.sin(2 * np.pi * a * time) + np.sin(2 * np.pi * b * time))
        for a, b in ((350, 440), (480, 620))
    ]
    noise = np.random.default_rng(2).normal(0, 4000, 30 * 8000)
    assert heard(np.concatenate([short, *single, *tones, noise])) == ""


def spoken(voice: str, text: str) -> np.ndarray:
    command = ["espeak-ng", "-v", voice, "--stdout", text]
    data = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    return soxr.resample(samples, rate, 8000) * 32767


def test_there_is_no_key_in_five_minutes_of_speech() -> None:
    text = (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()
    voices = ("fr", "en", "fr+f2", "en+f4", "de+m3")
    parts = [spoken(voice, text[700 * index : 700 * index + 1100]) for index, voice in enumerate(voices)]
    speaking = np.concatenate(parts)
    assert len(speaking) >= 300 * 8000
    assert heard(speaking) == ""


async def test_a_far_end_without_events_presses_keys(meet) -> None:
    end = await meet(dtmf=None)
    play = asyncio.create_task(end.port.play([speech(5, seed=90)], barge_in=True))
    await end.hear_more()
    sound = np.concatenate([pause(100), tone("7", 80), pause(60), tone("#", 80), pause(60)])
    await end.far.stream(encode(sound.astype("<i2").tobytes(), "PCMA"))
    await end.key(2)
    assert end.keys == ["7", "#"]
    assert await play == PlayResult(interrupted=True)


async def test_a_far_end_with_events_presses_none_by_tones(meet) -> None:
    end = await meet()
    await end.far.stream(encode(tone("7", 200).astype("<i2").tobytes(), "PCMA"))
    await end.hear_more()
    assert end.keys == []


def frequencies(codes: bytes, codec: str) -> set[int]:
    """The two strongest frequencies of 100 ms of sound, to 10 Hz."""
    samples = np.frombuffer(decode(codes, codec), "<i2")
    assert len(samples) == 800
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8000))
    spectrum[:100] = 0
    found = set()
    for _ in range(2):
        peak = int(np.argmax(spectrum))
        found.add(peak)
        spectrum[peak - 40 : peak + 41] = 0
    return found


def bursts(packets: list[Packet], codec: str) -> list[bytes]:
    """What is heard between silences."""
    silence = b"\xd5" if codec == "PCMA" else b"\xff"
    runs = groupby((packet.payload for packet in packets), key=lambda payload: payload.strip(silence) != b"")
    return [b"".join(run) for loud, run in runs if loud]


@pytest.mark.parametrize("codec", ["PCMA", "PCMU"])
async def test_keys_are_tones_for_a_far_end_without_events(meet, codec: str) -> None:
    end = await meet(dtmf=None, codec=codec)
    await end.hear_more()
    await end.port.send_digits("5#")
    await end.hear_more(8)
    five, hash_ = (frequencies(burst, codec) for burst in bursts(end.far.audio(), codec))
    assert all(abs(got - meant) <= 10 for got, meant in zip(sorted(five), (770, 1336), strict=True))
    assert all(abs(got - meant) <= 10 for got, meant in zip(sorted(hash_), (941, 1477), strict=True))
    every = end.far.received
    assert {packet.payload_type for packet in every} == {8 if codec == "PCMA" else 0}
    assert [(p.seq - every[0].seq) % 65536 for p in every] == list(range(len(every)))
    steps = [(b.timestamp - a.timestamp) % 2**32 for a, b in pairwise(every)]
    assert set(steps) == {160}


async def test_a_prompt_goes_on_after_a_tone(meet) -> None:
    end = await meet(dtmf=None)
    play = asyncio.create_task(end.port.play([speech(1, seed=91)]))
    await end.hear_more()
    await end.port.send_digits("1")
    await end.hear_more(10)
    assert heard(np.frombuffer(decode(end.heard(), "PCMA"), "<i2")) == "1"
    assert await play == PlayResult(interrupted=False)


async def test_a_key_of_a_bridge_becomes_a_tone(meet) -> None:
    """One side has telephone events, the other has none and is talked to meanwhile."""
    near = await meet()
    far = await meet(dtmf=None, codec="PCMU", near=near.port)
    await near.port.bridge(far.port)
    talking = asyncio.create_task(near.far.stream(encode(speech(1.5, seed=92).samples, "PCMA")))
    await far.hear_more()
    await near.far.press("8")
    await talking
    await far.hear_more(0)
    assert near.keys == ["8"]
    assert heard(np.frombuffer(decode(far.heard(), "PCMU"), "<i2")) == "8"
    every = far.far.received
    assert [(p.seq - every[0].seq) % 65536 for p in every] == list(range(len(every)))
    stamps = [packet.timestamp for packet in every]
    assert all(0 < (b - a) % 2**32 < 8000 for a, b in pairwise(stamps))
