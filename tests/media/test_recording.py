"""Recordings: what is in the file is what was said."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import wave
from pathlib import Path

import numpy as np
import pytest
from support.mediaend import MediaEnd
from support.sound import speech

from drivers.sip.media.pool import MediaPool
from drivers.sip.media.track import Track
from engine.audio.g711 import Law, decode, encode
from engine.errors import CallError


def read(path: Path) -> tuple[bytes, ...]:
    """Samples of each channel, s16le."""
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getsampwidth()) == (8000, 2)
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
    return tuple(channel.tobytes() for channel in frames.T)


def heard_through(samples: bytes, law: Law) -> bytes:
    return decode(encode(samples, law), law)


@pytest.mark.parametrize("law", ["PCMA", "PCMU"])
async def test_a_recording_is_what_was_said(meet, tmp_path: Path, law: Law) -> None:
    end = await meet(codec=law)
    path = tmp_path / "message.wav"
    recording = await end.port.record(path)
    said = speech(0.61, seed=30).samples
    await end.far.stream(encode(said, law))
    assert not path.exists()
    result = await recording.stop()
    (heard,) = read(path)
    assert heard_through(said, law) in heard
    assert len(heard) - len(said) <= 2 * 160 * 3, "no more in front than passed before the first packet"
    assert result == await recording.stop() == await recording.finished()
    assert (result.path, result.ended_by) == (path, "stopped")
    assert result.duration == pytest.approx(len(heard) / 16000)
    assert os.listdir(tmp_path) == ["message.wav"]  # noqa: PTH208


async def test_lost_packets_are_silence_and_reordered_ones_in_their_place(meet, tmp_path: Path) -> None:
    end = await meet()
    recording = await end.port.record(tmp_path / "message.wav")
    said = encode(speech(0.4, seed=31).samples, "PCMA")
    order = [0, 1, 3, 2, 4, 5, 5, 8, 9, 10, 11, 12, 14, 13, 15, 16, 17, 18, 19]
    for number in order:
        end.far.timestamp = 7000 + 160 * number
        end.far.send(said[160 * number : 160 * number + 160])
        await asyncio.sleep(0.02)
    await recording.stop()
    frames = [decode(said[160 * n : 160 * n + 160], "PCMA") if n in order else bytes(320) for n in range(20)]
    assert b"".join(frames) in read(tmp_path / "message.wav")[0]


async def test_a_sender_that_is_silent_for_a_while_keeps_its_place(meet, tmp_path: Path) -> None:
    end = await meet()
    recording = await end.port.record(tmp_path / "message.wav")
    said = speech(0.1, seed=32).samples
    await end.far.stream(encode(said, "PCMA"))
    await asyncio.sleep(0.4)
    end.far.timestamp += 3200
    await end.far.stream(encode(said, "PCMA"))
    await recording.stop()
    (heard,) = read(tmp_path / "message.wav")
    once = heard_through(said, "PCMA")
    assert abs(heard.index(once, heard.index(once) + 1) - heard.index(once) - 8000) <= 640


async def test_max_duration_ends_it_to_the_sample(meet, tmp_path: Path) -> None:
    end = await meet()
    recording = await end.port.record(tmp_path / "message.wav", max_duration=0.25)
    stream = asyncio.create_task(end.far.stream(encode(speech(0.5, seed=33).samples, "PCMA")))
    result = await recording.finished()
    assert (result.duration, result.ended_by) == (0.25, "max_duration")
    assert len(read(result.path)[0]) == 2 * 2000
    await stream


async def test_silence_ends_it_and_is_cut_off(meet, tmp_path: Path) -> None:
    end = await meet()
    recording = await end.port.record(tmp_path / "message.wav", silence=0.3, max_duration=5)
    said = speech(0.4, seed=34).samples
    noise = (np.random.default_rng(1).normal(0, 60, 8000)).astype("<i2").tobytes()  # −55 dBFS
    stream = asyncio.create_task(end.far.stream(encode(said + noise, "PCMA")))
    result = await recording.finished()
    assert not stream.done()
    await stream
    (heard,) = read(result.path)
    assert result.ended_by == "silence"
    assert heard.endswith(heard_through(said, "PCMA"))
    assert result.duration == pytest.approx(len(heard) / 16000)


async def test_who_says_nothing_at_all_leaves_an_empty_recording(meet, tmp_path: Path) -> None:
    end = await meet()
    recording = await end.port.record(tmp_path / "message.wav", silence=0.1)
    result = await recording.finished()
    assert (result.duration, result.ended_by) == (0, "silence")
    assert read(result.path) == (b"",)


async def test_both_sides(meet, tmp_path: Path) -> None:
    end = await meet()
    recording = await end.port.record(tmp_path / "call.wav", both=True)
    said, played = speech(0.5, seed=35), speech(0.5, seed=36)
    await asyncio.gather(end.far.stream(encode(said.samples, "PCMA")), end.port.play([played]))
    await end.hear_more()
    await recording.stop()
    left, right = read(tmp_path / "call.wav")
    left_at, right_at = (
        channel.index(heard_through(clip.samples, "PCMA")) for channel, clip in ((left, said), (right, played))
    )
    assert abs(left_at - right_at) <= 2 * 160 * 4


async def test_both_sides_of_a_bridge(meet, tmp_path: Path) -> None:
    one, two = await meet(), await meet(codec="PCMU")
    await one.port.bridge(two.port)
    recording = await one.port.record(tmp_path / "call.wav", both=True)
    said, answered = speech(0.3, seed=37).samples, speech(0.3, seed=38).samples
    await asyncio.gather(one.far.stream(encode(said, "PCMA")), two.far.stream(encode(answered, "PCMU")))
    await recording.stop()
    left, right = read(tmp_path / "call.wav")
    assert heard_through(said, "PCMA") in left
    assert heard_through(heard_through(answered, "PCMU"), "PCMA") in right


async def test_the_end_of_the_call_completes_it(meet, tmp_path: Path) -> None:
    end = await meet()
    recording = await end.port.record(tmp_path / "message.wav")
    said = speech(0.2, seed=39).samples
    await end.far.stream(encode(said, "PCMA"))
    await end.port.close()
    result = await recording.stop()
    assert result.ended_by == "hangup"
    assert heard_through(said, "PCMA") in read(result.path)[0]


async def test_a_recording_that_cannot_be_made_or_kept_harms_nothing_else(meet, tmp_path: Path) -> None:
    end = await meet()
    with pytest.raises(CallError, match="absent"):
        await end.port.record(tmp_path / "absent" / "message.wav")
    folder = tmp_path / "folder"
    folder.mkdir()
    recording = await end.port.record(folder / "message.wav")
    other = await end.port.record(tmp_path / "other.wav")
    (folder / "message.wav.part").unlink()
    folder.rmdir()
    with pytest.raises(CallError, match="recording failed"):
        await recording.stop()
    await end.hear_more()
    assert (await other.stop()).path.exists()


@pytest.mark.parametrize("octets", [20, 5000])
async def test_a_full_disk_ends_the_recording_and_not_the_call(
    pool: MediaPool, meet, tmp_path: Path, octets: int
) -> None:
    end = await meet()
    # No file of the worker may grow beyond this: writes fall short, then fail, as on a full disk.
    resource.prlimit((await pool.stats())[0]["pid"], resource.RLIMIT_FSIZE, (octets, octets))
    stream = asyncio.create_task(end.far.stream(encode(speech(0.6, seed=41).samples, "PCMA")))
    with pytest.raises(CallError, match="File too large"):
        await (await end.port.record(tmp_path / "message.wav")).finished()
    await end.hear_more()
    await stream
    assert os.listdir(tmp_path) == ["message.wav.part"]  # noqa: PTH208
    assert not end.lost.is_set()


async def test_a_last_write_that_falls_short_is_noticed(pool: MediaPool, meet, tmp_path: Path) -> None:
    end = await meet()
    resource.prlimit((await pool.stats())[0]["pid"], resource.RLIMIT_FSIZE, (100, 100))
    recording = await end.port.record(tmp_path / "message.wav")
    end.far.send(b"\1" * 160)
    await end.hear_more(2)
    with pytest.raises(CallError, match="No space left"):
        await recording.stop()


async def test_a_killed_worker_leaves_a_playable_file(tmp_path: Path) -> None:
    pool = MediaPool(ports=range(31500, 31600), workers=1)
    await pool.start()
    end = await MediaEnd.open(pool)
    recording = await end.port.record(tmp_path / "message.wav")
    said = speech(1, seed=40).samples
    stream = asyncio.create_task(end.far.stream(encode(said, "PCMA")))
    await asyncio.sleep(0.8)
    os.kill((await pool.stats())[0]["pid"], signal.SIGKILL)
    with pytest.raises(CallError, match="media worker"):
        await recording.finished()
    await stream
    await end.close()
    await pool.stop()
    (heard,) = read(tmp_path / "message.wav.part")
    assert len(heard) / 16000 >= 0.6
    assert heard.lstrip(b"\0")[:8000] in heard_through(said, "PCMA")


def test_a_source_that_begins_anew_is_appended() -> None:
    track = Track()
    track.place(1, 5000, b"a" * 320, 160)
    track.place(1, 5000 + 10**6, b"b" * 320, 320)
    track.place(2, 99, b"c" * 320, 480)
    assert track.take(480) == b"a" * 320 + b"b" * 320 + b"c" * 320


def test_a_packet_later_than_its_place_is_not_lost() -> None:
    """The network stalled for a second: silence was written meanwhile."""
    track = Track()
    track.place(1, 0, b"a" * 320, 160)
    track.advance(4000)
    filled = track.end
    assert filled == 4000 - 1600
    track.place(1, 160, b"b" * 320, 4000)
    track.place(1, 320, b"c" * 320, 4000)
    assert track.end == filled + 320
    assert track.take(filled + 320).endswith(b"b" * 320 + b"c" * 320)
