"""Audio that nobody listens to is dropped in the kernel; who sends it, and keys, are noticed all the same."""

from __future__ import annotations

import asyncio
import socket
import struct
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.siprtp import RtpPort
from support.sound import speech

from drivers.sip.media.sieve import PASSED, Sieve
from engine.audio.g711 import decode, encode


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    made = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
    for sock in made:
        sock.bind(("127.0.0.1", 0))
    made[0].setblocking(False)
    yield made
    for sock in made:
        sock.close()


def arrived(at: socket.socket, sender: socket.socket, second: int) -> list[int]:
    """Sequence numbers that pass of 192 packets whose marker and payload type are `second`."""
    for number in range(192):
        sender.sendto(struct.pack("!BBHII", 0x80, second, number, 0, 1) + bytes(160), at.getsockname())
    numbers = []
    try:
        while True:
            numbers.append(int.from_bytes(at.recv(2048)[2:4], "big"))
    except BlockingIOError:
        return numbers


def test_only_known_audio_of_the_known_source_is_dropped(sockets: list[socket.socket]) -> None:
    ours, theirs, stranger = sockets
    every = list(range(192))
    sieve = Sieve(ours)
    assert arrived(ours, theirs, 8) == every
    sieve.shut(theirs.getsockname(), 8)
    assert arrived(ours, theirs, 8) == every[::PASSED]
    assert arrived(ours, theirs, 101) == arrived(ours, theirs, 0) == every
    assert arrived(ours, theirs, 0x88) == every, "the first packet after a pause"
    assert arrived(ours, stranger, 8) == every
    sieve.shut(stranger.getsockname(), 8)
    assert arrived(ours, theirs, 8) == every
    sieve.open()
    assert arrived(ours, stranger, 8) == every


async def test_a_recording_hears_all_from_its_beginning(meet, tmp_path: Path) -> None:
    end = await meet()
    await end.far.stream(bytes(160) * 5)
    voice = encode(speech(0.3, seed=70).samples, "PCMA")
    recording = await end.port.record(tmp_path / "one.wav")
    await end.far.stream(voice)
    await asyncio.sleep(0.02)
    await recording.stop()
    with wave.open(str(tmp_path / "one.wav")) as wav:
        assert decode(voice, "PCMA") in wav.readframes(wav.getnframes())


async def test_a_bridge_relays_all_from_its_beginning(meet) -> None:
    one, two = await meet(), await meet()
    await one.far.stream(bytes(160) * 5)
    await one.port.bridge(two.port)
    voice = encode(speech(0.3, seed=71).samples, "PCMA")
    await one.far.stream(voice)
    await asyncio.sleep(0.02)
    assert voice in two.heard()


async def test_keys_and_a_new_port_of_the_far_end_pass(meet) -> None:
    end = await meet()
    await end.far.stream(bytes(160) * 5)
    await end.far.press("7", milliseconds=40)
    await end.key()
    moved = await RtpPort.open()
    moved.remote, moved.ssrc = end.far.remote, end.far.ssrc
    await asyncio.sleep(0.6)  # so long the far end's port must have been silent
    moved.send(bytes(160))
    await moved.wait_for(3)
    moved.close()
    assert end.keys == ["7"]


async def test_a_far_end_that_speaks_is_not_replaced_by_a_neighbour(meet) -> None:
    """Though the worker sees only a few packets of it."""
    end = await meet()
    neighbour = await RtpPort.open()
    neighbour.remote, neighbour.ssrc = end.far.remote, end.far.ssrc
    for _ in range(50):
        end.far.send(bytes(160))
        await asyncio.sleep(0.02)
        neighbour.send(bytes(160))
    neighbour.close()
    assert neighbour.received == []
