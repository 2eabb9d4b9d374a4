"""RTCP (RFC 3550 §6): what we report, and that nothing received does harm."""

from __future__ import annotations

import asyncio
import itertools
import random
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.siprtp import RtpPort

from drivers.sip.media.rtcp import INTERVAL, Control, Reception, Sent
from drivers.sip.media.rtp import Packet

SENT = Sent(ssrc=0xABCD, timestamp=16000, packets=100, octets=16000)
LATER = 2 * INTERVAL
"""Seconds after which a report is due, whatever the dice say."""


def packet(sequence: int, timestamp: int) -> Packet:
    return Packet(8, False, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, 0x5EED, bytes(160))


def parts(data: bytes) -> list[tuple[int, int, bytes]]:
    """(type, count, content) of each packet of a compound one."""
    found = []
    while data:
        first, kind, words = struct.unpack_from("!BBH", data)
        assert first >> 6 == 2
        found.append((kind, first & 31, data[4 : 4 + 4 * words]))
        data = data[4 + 4 * words :]
    return found


@pytest.fixture
def far() -> Iterator[socket.socket]:
    """Where reports go: RTP would be on the port below."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(2)
        yield sock


@pytest.fixture
def control() -> Iterator[Control]:
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        try:
            control = Control("127.0.0.1", port, dscp=46, now=0.0)
        except OSError:
            continue
        yield control
        control.socket.close()
        return


def rtp_of(far: socket.socket) -> tuple[str, int]:
    host, port = far.getsockname()
    return host, port - 1


def test_a_sender_reports_what_it_has_sent(control: Control, far: socket.socket) -> None:
    control.report(rtp_of(far), 0.0, SENT, None)
    control.report(rtp_of(far), LATER, SENT, None)
    (kind, count, content), (description, chunks, names) = parts(far.recv(2048))
    ssrc, seconds, fraction, timestamp, packets, octets = struct.unpack("!IIIIII", content)
    assert (kind, count) == (200, 0)
    assert (ssrc, timestamp, packets, octets) == SENT
    assert abs(seconds + fraction / 2**32 - 2_208_988_800 - time.time()) < 1
    assert (description, chunks, names[:4]) == (202, 1, struct.pack("!I", SENT.ssrc))
    assert (names[4], names[5], names[-1]) == (1, 16, 0)
    control.report(rtp_of(far), 2 * LATER, SENT, None)
    assert parts(far.recv(2048))[0][:2] == (201, 0), "nothing sent since: a receiver's report"


def test_reports_come_every_five_seconds_on_average(control: Control, far: socket.socket) -> None:
    far.setblocking(False)
    times = []
    for tenth in range(10_000):
        control.report(rtp_of(far), tenth / 10, SENT, None)
        try:
            far.recv(2048)
            times.append(tenth / 10)
        except BlockingIOError:
            continue
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert min(gaps) > 2.4
    assert max(gaps) < 7.7
    assert 4.6 < sum(gaps) / len(gaps) < 5.4


def test_loss_order_and_jitter_are_reported(control: Control, far: socket.socket) -> None:
    reception = Reception(packet(65534, 0), 10.0)
    for step in (1, 2, 5, 4, 6):  # 3 is lost
        reception.heard(packet(65534 + step, 160 * step), 10.0 + 0.02 * step)
    control.report(rtp_of(far), LATER, SENT, reception)
    (kind, count, content), _ = parts(far.recv(2048))
    assert (kind, count) == (200, 1)
    ssrc, loss, highest, jitter, last, delay = struct.unpack("!IIIIII", content[24:])
    assert (ssrc, highest, last, delay) == (0x5EED, 65534 + 6, 0, 0)
    assert (loss >> 24, loss & 0xFFFFFF) == (256 // 7, 1)
    assert jitter == 0
    for step in range(7, 200):
        reception.heard(packet(65534 + step, 160 * step), 10.0 + 0.02 * step + 0.005 * (step % 2))
    fields = struct.unpack("!IIIIII", reception.block(0, 0))
    assert (fields[1] >> 24, fields[1] & 0xFFFFFF) == (0, 1), "since the last report nothing"
    assert 35 <= fields[3] <= 40, "5 ms are 40 samples"


def test_the_far_ends_report_is_answered_with_its_time(control: Control, far: socket.socket) -> None:
    report = struct.pack("!BBHIIIIII", 0x80, 200, 6, 0x5EED, 0x11112222, 0x33334444, 0, 1, 160)
    assert control.receive("127.0.0.1", 1.0) is False, "there is nothing"
    far.sendto(report, control.socket.getsockname())
    assert control.receive("127.0.0.1", 1.0) is True
    control.report(("127.0.0.1", 9), LATER, SENT, Reception(packet(1, 0), 1.0))
    (_, _, content), _ = parts(far.recv(2048))  # to where its report came from
    assert struct.unpack("!II", content[-8:]) == (0x22223333, (int(LATER) - 1) * 65536)


def test_garbage_and_strangers_are_nothing(control: Control, far: socket.socket) -> None:
    rng = random.Random(4)
    report = struct.pack("!BBHI", 0x80, 201, 1, 1)
    for data in (
        b"",
        b"\x80",
        report[:7],
        b"\x40" + report[1:],
        *(rng.randbytes(rng.randrange(80)) for _ in range(99)),
    ):
        far.sendto(data, control.socket.getsockname())
        known = data[:1] >= b"\x80" and data[:1] < b"\xc0" and data[1:2] in (b"\xc8", b"\xc9") and len(data) >= 8
        assert control.receive("127.0.0.1", 1.0) is known
    far.sendto(report, control.socket.getsockname())
    assert control.receive("192.0.2.1", 1.0) is False


async def test_a_call_reports_and_says_goodbye(meet, tmp_path: Path) -> None:
    """Over the worker; the first report comes after 1.2 to 3.8 s."""
    end = await meet()
    reports = asyncio.get_running_loop().create_future()
    goodbye = asyncio.get_running_loop().create_future()

    class Listener(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, _: object) -> None:
            kinds = parts(data)
            waiting = goodbye if kinds[-1][0] == 203 else reports
            if not waiting.done():
                waiting.set_result(kinds)

    loop = asyncio.get_running_loop()
    while True:
        rtp = await RtpPort.open()
        address = (rtp.address[0], rtp.address[1] + 1)
        try:
            transport, _ = await loop.create_datagram_endpoint(Listener, local_addr=address)
            break
        except OSError:
            rtp.close()
    rtp.remote = end.far.remote
    end.port.connect(*rtp.address, codec="PCMA", dtmf=None)
    await end.port.record(tmp_path / "call.wav")
    for number in (0, 1, 3, 4):
        rtp.seq = 100 + number
        rtp.send(bytes(160))
    kind, count, content = (await asyncio.wait_for(reports, 5))[0]
    assert (kind, count) == (200, 1)
    ssrc, loss, highest = struct.unpack_from("!III", content, 24)
    assert (ssrc, loss & 0xFFFFFF, highest) == (rtp.ssrc, 1, 104)
    assert struct.unpack_from("!I", content, 16)[0] >= 40, "packets sent in a second"
    await end.port.close()
    assert [part[0] for part in await asyncio.wait_for(goodbye, 2)][1:] == [202, 203]
    transport.close()
    rtp.close()
