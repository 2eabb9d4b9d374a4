"""The compiled part of the worker's loop does what Python would do."""

from __future__ import annotations

import select
import shutil
import socket
import struct
import time
from collections.abc import Iterator

import pytest

from drivers.sip.media import kernel
from drivers.sip.media.by_hand import HANDS, REST, SEND
from drivers.sip.media.clock import Clock
from drivers.sip.media.outgoing import Outgoing
from drivers.sip.media.playback import ClipCache, Playback
from drivers.sip.media.rtcp import Reception
from drivers.sip.media.rtp import parse
from engine.audio.g711 import ALAW_TO_ULAW

compiled = pytest.mark.skipif(not kernel.COMPILED, reason="the kernel is not compiled here")
SOURCE = 0x5EED


def udp() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(2)
    return sock


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, ...]]:
    made = tuple(udp() for _ in range(4))
    yield made
    for sock in made:
        sock.close()


@pytest.fixture
def outgoing(sockets) -> Outgoing:
    """Sends from the first socket to the second."""
    clock = Clock()
    clock.tick = 7
    sending = Outgoing(sockets[0], clock)
    sending.aim(*sockets[1].getsockname())
    sending.payload_type = 8
    sending.silence = b"\xd5" * 160
    return sending


@pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no compiler")
def test_it_is_compiled_where_that_is_possible():
    assert kernel.COMPILED


@compiled
def test_frames_follow_those_of_python(sockets, outgoing: Outgoing, tmp_path):
    (tmp_path / "clip").write_bytes(bytes(range(250)) * 2 + bytes(500))
    playback = Playback(1, ["clip"], "PCMA", ClipCache(tmp_path), barge_in=False, loop=False)
    outgoing.frame(7, outgoing.silence)
    first = parse(sockets[1].recv(2048))
    outgoing.mode, outgoing.playback = SEND, playback
    assert [kernel.tick([outgoing], tick) for tick in (8, 9, 10)] == [[], [], []]
    packets = [parse(sockets[1].recv(2048)) for _ in range(3)]
    assert first is not None
    assert b"".join(p.payload for p in packets) == (bytes(range(250)) * 2)[:480]
    assert [(p.sequence - first.sequence) % 65536 for p in packets] == [1, 2, 3]
    assert [(p.timestamp - first.timestamp) % 2**32 for p in packets] == [160, 320, 480]
    assert {(p.ssrc, p.payload_type, p.marker) for p in packets} == {(first.ssrc, 8, False)}
    assert outgoing.so_far().packets == 4
    assert outgoing.so_far().octets == 640
    # The end of a clip is not the kernel's, nor a frame after a gap, nor one that waits for a decision.
    assert kernel.tick([outgoing], 11) == [0]
    assert playback.frame() == bytes(range(230, 250)).ljust(160, b"\xd5")
    outgoing.playback = None
    assert kernel.tick([outgoing], 12) == [0]
    outgoing.mode = HANDS
    assert kernel.tick([outgoing], 11) == [0]
    outgoing.mode = REST
    assert kernel.tick([outgoing], 11) == []
    outgoing.mode = SEND
    assert kernel.tick([outgoing], 11) == []
    assert sockets[1].recv(2048)[12:] == outgoing.silence


def rtp(number: int, timestamp: int, payload: bytes, second: int = 8, ssrc: int = SOURCE) -> bytes:
    return struct.pack("!BBHII", 0x80, second, number & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload


@compiled
def test_packets_are_relayed_and_counted_as_by_python(sockets, outgoing: Outgoing):
    out, near, far, stranger = sockets[1], sockets[2], sockets[3], sockets[0]
    first = parse(rtp(65534, 2**32 - 160, bytes(160)))
    assert first is not None
    count, expected = Reception(first, time.monotonic()), Reception(first, time.monotonic())
    path = kernel.Path()
    path.fd, path.out, path.count, path.ssrc = near.fileno(), outgoing, count, SOURCE
    path.payload_type, path.payload_out, path.table = 8, 0, ALAW_TO_ULAW
    path.sequence, path.timestamp = 10, 1000
    path.expect(*far.getsockname())
    path.ready = True
    outgoing.sequence, outgoing.newest = 8, 840
    with select.epoll() as epoll:
        epoll.register(near, select.EPOLLIN)
        paths = {near.fileno(): path}

        def serve(gather: float = 0.0) -> list[int]:
            return kernel.serve(epoll, paths, time.monotonic() + 0.02, gather)

        for number, timestamp, second in ((65535, 2**32, 8), (2, 480, 0x88), (1, 320, 8)):
            packet = rtp(number, timestamp, bytes([number & 0xFF]) * 80, second)
            far.sendto(packet, near.getsockname())
            before = time.monotonic()
            assert serve(gather=0.001) == []
            assert before <= path.heard <= time.monotonic()
            expected.heard(parse(packet), path.heard)
            relayed = parse(out.recv(2048))
            assert relayed is not None
            assert relayed.sequence == (number + 10) % 65536
            assert relayed.timestamp == (timestamp + 1000) % 2**32
            assert (relayed.payload_type, relayed.marker) == (0, second > 128)
            assert relayed.payload == (bytes([number & 0xFF]) * 80).translate(ALAW_TO_ULAW)
            assert relayed.ssrc == outgoing.ssrc
        assert (outgoing.sequence, outgoing.newest) == (12, 1480)
        assert (count.received, count.highest) == (expected.received, expected.highest) == (4, 65538)
        assert count.jitter == pytest.approx(expected.jitter, abs=8)
        # What does not fit is left, with its sender: another one, another source, an event, an extension, rubbish.
        for sock, packet in (
            (stranger, rtp(3, 640, b"x")),
            (far, rtp(3, 640, b"x", ssrc=1)),
            (far, rtp(3, 640, b"x", 101)),
            (far, b"\x90" + rtp(3, 640, b"x")[1:]),
            (far, b""),
        ):
            sock.sendto(packet, near.getsockname())
            assert serve() == [near.fileno()]
            assert path.left == (packet, sock.getsockname())
        path.ready = False
        far.sendto(rtp(3, 640, b"x"), near.getsockname())
        assert serve() == [near.fileno()]
        assert near.recv(2048) == rtp(3, 640, b"x")
    out.settimeout(0)
    with pytest.raises(BlockingIOError):
        out.recv(2048)
