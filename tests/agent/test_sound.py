"""The sound that announces a call."""

from __future__ import annotations

import asyncio
import os
import time
import wave
from pathlib import Path

import pytest

from tools.agent import Event, Waiting
from tools.flowctl.companion import sound
from tools.flowctl.companion.sound import SHIPPED, Ringer, find_player, sound_of


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def waiting(call: str = "1", **facts: str) -> Waiting:
    return Waiting(Event("P", call=call, **facts))


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        (["vip.wav", "support.wav", "default.wav"], "vip.wav"),
        (["support.wav", "default.wav"], "support.wav"),
        (["default.wav", "other.wav"], "default.wav"),
    ],
)
def test_the_centres_sound_comes_before_the_default(tmp_path: Path, there: list[str], chosen: str) -> None:
    for name in there:
        (tmp_path / name).touch()
    assert sound_of(Event("P", centre="support", ring="vip.wav"), tmp_path) == tmp_path / chosen


@pytest.mark.parametrize(
    "name", ["../secret.wav", "/etc/secret.wav", "..\\secret.wav", "C:secret.wav", "a\0.wav", "x"]
)
def test_a_name_that_leads_elsewhere_is_none(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "sounds"
    folder.mkdir()
    for path in (tmp_path / "secret.wav", folder / "..\\secret.wav", folder / "C:secret.wav", folder / "x"):
        path.touch()
    event = Event("P", centre=name.removesuffix(".wav"), ring=name)
    assert sound_of(event, folder) == SHIPPED
    assert sound_of(event, None) == SHIPPED


def test_the_sound_that_ships_can_be_heard() -> None:
    with wave.open(str(SHIPPED)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        assert 1 < file.getnframes() / file.getframerate() < 5
        samples = memoryview(file.readframes(file.getnframes())).cast("h")
    assert max(samples) > 10_000


def test_the_first_player_on_the_path_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_player() is None
    aplay = program(tmp_path, "aplay", "")
    assert find_player() == [str(aplay), "-q"]
    paplay = program(tmp_path, "paplay", "")
    assert find_player() == [str(paplay)]


async def test_a_player_that_fails_or_is_none_is_replaced_by_the_bell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound, "PAUSE", 0.01)
    failing = program(tmp_path, "player", "exit 1")
    for player in ([str(failing)], [str(tmp_path / "gone")], None):
        rung = asyncio.Event()
        ringer = Ringer(None, player, rung.set)
        ringer.follow(waiting())
        await asyncio.wait_for(rung.wait(), 5)
        await ringer.stop()


async def test_it_rings_for_one_call_then_for_the_next_until_none_waits(tmp_path: Path) -> None:
    log = tmp_path / "log"
    player = program(tmp_path, "player", f'echo "$$ $(basename "$1")" >> {log}; exec sleep 60')
    for name in ("sales.wav", "support.wav"):
        (tmp_path / name).touch()
    bells: list[None] = []
    ringer = Ringer(tmp_path, [str(player)], lambda: bells.append(None))
    ringer.follow(waiting("1", centre="support"))
    ringer.follow(waiting("1", centre="support"))
    await asyncio.to_thread(lines, log, 1)
    ringer.follow(waiting("2", centre="sales"))
    played = await asyncio.to_thread(lines, log, 2)
    assert [line.split()[1] for line in played] == ["support.wav", "sales.wav"]
    await ringer.stop()
    for line in played:
        with pytest.raises(ProcessLookupError):
            os.kill(int(line.split()[0]), 0)
    assert not bells


def lines(path: Path, count: int) -> list[str]:
    """Wait until the file has so many lines."""
    end = time.monotonic() + 5
    found: list[str] = []
    while len(found) < count and time.monotonic() < end:
        found = path.read_text().splitlines() if path.exists() else []
        time.sleep(0.01)
    return found
