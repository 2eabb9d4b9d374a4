"""The recordings that the repository carries: telephone format, level, and the texts beside them."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from engine.audio.library import SOUNDS
from tools.prompts.render import read_texts
from tools.prompts.sound import LEAD, RMS, TAIL, finish

ROOT = Path(__file__).parents[2]
PROMPTS = ROOT / "flows/call_centre/prompts"
SPOKEN = sorted([*PROMPTS.glob("*/*.wav"), *SOUNDS.glob("*/*.wav")])


def samples(path: Path) -> np.ndarray:
    with wave.open(str(path), "rb") as wav:
        assert (wav.getframerate(), wav.getsampwidth(), wav.getnchannels()) == (8000, 2, 1), path
        return np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2") / 32768.0


@pytest.mark.parametrize("folder", [PROMPTS, SOUNDS], ids=lambda folder: folder.name)
def test_every_text_has_its_recording_in_both_languages(folder: Path):
    texts = {language: set(read_texts(folder / language / "texts.txt")) for language in ("fr", "en")}
    assert texts["fr"] == texts["en"]
    for language, names in texts.items():
        assert names == {path.name for path in (folder / language).glob("*.wav")}


@pytest.mark.parametrize("path", SPOKEN, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_speech_is_as_loud_as_speech_should_be_and_not_clipped(path: Path):
    sound = samples(path)
    peak, rms = np.abs(sound).max(), np.sqrt(np.mean(sound**2))
    assert 0.2 < len(sound) / 8000 < 20
    assert peak <= 10 ** (-2.9 / 20)
    assert 10 ** (-25 / 20) < rms < 10 ** (-19 / 20)
    spectrum = np.abs(np.fft.rfft(sound)) ** 2
    telephone = slice(len(sound) * 200 // 8000, len(sound) * 3400 // 8000)
    assert spectrum[telephone].sum() > 0.4 * spectrum.sum()


def test_the_music_repeats_without_a_seam():
    music = samples(PROMPTS / "music.wav")
    assert 8 <= len(music) / 8000 <= 15
    steps = np.abs(np.diff(np.concatenate([music, music[:1]])))
    assert steps[-1] <= steps[:-1].max()
    loudness = [np.sqrt(np.mean(part**2)) for part in np.split(music, 24)]
    assert max(loudness) < RMS * 1.2
    assert min(loudness) > RMS / 4


def test_a_recording_is_trimmed_levelled_and_begins_and_ends_at_zero():
    tone = np.sin(np.arange(8000) * 2 * np.pi * 440 / 8000) * 0.01
    finished = finish(np.concatenate([np.zeros(4000), tone, np.zeros(4000)]))
    assert abs(len(finished) - (LEAD + len(tone) + TAIL)) < 10
    assert finished[0] == finished[-1] == 0.0
    assert abs(np.sqrt(np.mean(finished**2)) / RMS - 1) < 0.02
    with pytest.raises(ValueError, match="silence"):
        finish(np.zeros(100))


@pytest.mark.parametrize("line", ["no colon", "file.mp3: text", "file.wav:", "a.wav: one\na.wav: two"])
def test_a_line_that_is_not_a_text_is_named(tmp_path: Path, line: str):
    path = tmp_path / "texts.txt"
    path.write_text(f"# a comment\n\n{line}\n")
    with pytest.raises(ValueError, match=r"texts.txt:[34]: "):
        read_texts(path)
