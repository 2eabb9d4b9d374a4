"""Telephone keys in RTP, and packets that are none of our business."""

from __future__ import annotations

import asyncio
import random
import struct
from itertools import pairwise

import pytest
from support.siprtp import RtpPort

from drivers.sip.media.address import Remote
from drivers.sip.media.events import KeyDetector
from drivers.sip.media.rtp import Packet
from engine.errors import CallError, LegGone


def event(code: int, duration: int, *, end: bool = False, timestamp: int = 8000, ssrc: int = 1) -> Packet:
    return Packet(101, False, 0, timestamp, ssrc, struct.pack("!BBH", code, 0x80 if end else 0, duration))


def rtp(payload: bytes, *, number: int = 101, timestamp: int = 8000, first: int = 0x80, extra: bytes = b"") -> bytes:
    return struct.pack("!BBHII", first, number, 1, timestamp, 77) + extra + payload


KEY_9 = struct.pack("!BBH", 9, 10, 160)


async def test_each_key_is_reported_once(meet) -> None:
    end = await meet()
    for key in "0123456789*#ABCD":
        await end.far.press(key, milliseconds=40)
    await end.key(16)
    await end.hear_more()
    assert "".join(end.keys) == "0123456789*#ABCD"
    assert end.port.digits_received == 16


async def test_two_presses_of_one_key_are_two_keys(meet) -> None:
    end = await meet()
    await end.far.press("1", milliseconds=60)
    await end.far.press("1", milliseconds=60)
    await end.hear_more()
    assert end.keys == ["1", "1"]


@pytest.mark.parametrize("lost", [{0}, {0, 1, 2}, {0, 1, 2, 3, 5, 6}, {4, 5}])
async def test_a_key_is_reported_whichever_of_its_packets_arrive(meet, lost: set[int]) -> None:
    end = await meet()
    await end.far.press("3", drop=lost)
    await end.hear_more()
    assert end.keys == ["3"]


async def test_a_key_is_reported_at_its_first_packet(meet) -> None:
    end = await meet()
    press = asyncio.create_task(end.far.press("4", milliseconds=600))
    await end.key()
    assert not press.done()
    await press


async def test_keys_are_ignored_when_they_were_not_negotiated(meet) -> None:
    end = await meet(dtmf=None)
    end.far.dtmf = 101
    await end.far.press("5", milliseconds=20)
    await end.hear_more()
    assert end.keys == []


def test_late_packets_of_an_old_press_are_no_new_press() -> None:
    detector = KeyDetector()
    old, new = 8000, 9600
    packets = [event(5, 160, timestamp=old), event(5, 160, timestamp=new), event(5, 800, end=True, timestamp=old)]
    assert [detector.key(packet) for packet in packets] == ["5", "5", None]


def test_a_very_long_press_is_one_press() -> None:
    """RFC 4733 §2.5.1.3: an event of more than 65,535 samples is reported in segments."""
    detector = KeyDetector()
    packets = [
        event(5, 160),
        event(5, 0xFFFF),
        event(5, 160, timestamp=8000 + 0xFFFF),
        event(5, 800, end=True, timestamp=8000 + 0xFFFF),
        event(5, 160, timestamp=8000 + 0xFFFF + 800),
    ]
    assert [detector.key(packet) for packet in packets] == ["5", None, None, None, "5"]


def test_other_events_and_short_payloads_are_no_keys() -> None:
    detector = KeyDetector()
    assert detector.key(event(16, 160)) is None
    assert detector.key(event(5, 160)._replace(payload=b"\5\0")) is None


async def test_keys_are_found_behind_csrc_extension_and_padding(meet) -> None:
    end = await meet()
    extension = b"\xbe\xde\0\1" + b"1234"
    for number, data in enumerate(
        [
            rtp(KEY_9, first=0x82, extra=b"csrccsrc", timestamp=0),
            rtp(KEY_9, first=0x90, extra=extension, timestamp=1000),
            rtp(KEY_9 + b"\0\0\0\4", first=0xA0, timestamp=2000),
            rtp(KEY_9 + b"\0\0\0\4", first=0xB1, extra=b"csrc" + extension, timestamp=3000),
        ]
    ):
        end.far._transport.sendto(data, end.far.remote)
        await end.key(number + 1)
    assert end.keys == ["9"] * 4


async def test_garbage_is_ignored(meet) -> None:
    end = await meet()
    rng = random.Random(1)
    for data in [
        b"",
        b"\0",
        b"\x80" * 11,
        rtp(b"", first=0x90),
        rtp(b"", first=0x90, extra=b"\xbe\xde\xff\xff"),
        rtp(b"\0", first=0xA0),
        rtp(b"\xff", first=0xA0),
        rtp(b"", first=0x8F),
        rtp(b"", first=0x8F, number=8),
        rtp(KEY_9, first=0x00),
        rtp(KEY_9, first=0x40),
        rtp(KEY_9, number=102),
        rtp(b"\x10\0\0\0"),
        struct.pack("!HHI12x", 1, 0, 0x2112A442),  # STUN binding request
        struct.pack("!BBHI20x", 0x80, 200, 6, 77),  # RTCP sender report
        *(rng.randbytes(rng.randrange(64)) for _ in range(300)),
    ]:
        end.far._transport.sendto(data, end.far.remote)
    await end.hear_more()
    known = len(end.keys)
    await end.far.press("*", milliseconds=20)
    await end.key(known + 1)
    assert not end.lost.is_set()


async def test_a_stranger_is_not_listened_to_and_does_not_take_the_sound_away(meet) -> None:
    end = await meet()
    end.far.send(bytes(160))
    await end.hear_more()
    stranger = await RtpPort.open()
    stranger.remote = end.far.remote
    await stranger.press("6", milliseconds=20)
    end.far.send(bytes(160))
    await end.hear_more()
    stranger.close()
    assert end.keys == []
    assert stranger.received == []


async def test_sound_goes_where_packets_come_from(meet) -> None:
    end = await meet()
    moved = await RtpPort.open()
    moved.remote = end.far.remote
    moved.send(bytes(160))
    await moved.wait_for(3)
    moved.close()


def test_whom_a_stream_follows() -> None:
    remote = Remote("192.168.1.5", 4000)
    assert remote.admit(("203.0.113.9", 6000), 0.0), "a private address was signalled, nothing came from it"
    assert remote.address == ("203.0.113.9", 6000)
    assert not remote.admit(("203.0.113.10", 6000), 9.0), "another host only once"
    assert remote.admit(("192.168.1.5", 4000), 9.0), "the signalled address is always right"
    assert remote.address == ("192.168.1.5", 4000)
    assert not remote.admit(("192.168.1.5", 4002), 9.1), "the source is still heard"
    assert remote.admit(("192.168.1.5", 4002), 9.6), "it was silent for half a second"

    assert not Remote("8.8.8.8", 4000).admit(("9.9.9.9", 4000), 0.0), "a public address is not replaced by another"
    assert not Remote("127.0.0.1", 4000).admit(("192.168.1.5", 4000), 0.0)
    assert Remote("8.8.8.8", 4000).admit(("8.8.8.8", 4002), 0.0)


async def test_keys_are_sent_as_events(meet) -> None:
    end = await meet(dtmf=96)
    await end.hear_more()
    await end.port.send_digits("1#")
    await end.hear_more()
    events = [packet for packet in end.far.received if packet.payload_type == 96]
    fields = [struct.unpack("!BBH", packet.payload) for packet in events]
    one_key = [(160, 0), (320, 0), (480, 0), (640, 0), (800, 0x80), (800, 0x80), (800, 0x80)]
    assert [(duration, flags & 0x80) for _, flags, duration in fields] == one_key * 2
    assert [code for code, _, _ in fields] == [1] * 7 + [11] * 7
    assert [packet.marker for packet in events] == ([True] + [False] * 6) * 2
    starts = {packet.timestamp for packet in events}
    assert len(starts) == 2
    assert max(starts) - min(starts) == 1600
    every = end.far.received
    assert [(p.seq - every[0].seq) % 65536 for p in every] == list(range(len(every)))


async def test_what_is_no_key_and_what_is_no_tone(meet) -> None:
    end = await meet(dtmf=None)
    with pytest.raises(CallError, match="no tone"):
        await end.port.send_digits("1!")
    with pytest.raises(ValueError, match="x"):
        await end.port.send_digits("1x")


async def test_keys_of_two_commands_are_100_ms_apart(meet) -> None:
    end = await meet()
    await asyncio.gather(end.port.send_digits("1"), end.port.send_digits("2"))
    await end.port.send_digits("3")
    await end.hear_more()
    starts = sorted({(p.timestamp, p.payload[0]) for p in end.far.received if p.payload_type == 101})
    assert [code for _, code in starts] == [1, 2, 3]
    assert [b[0] - a[0] for a, b in pairwise(starts)] == [1600, 1600]


async def test_cancelling_stops_to_press(meet) -> None:
    end = await meet()
    await end.hear_more()
    task = asyncio.create_task(end.port.send_digits("999"))
    async with asyncio.timeout(2):
        while end.far.received[-1].payload_type != 101:
            await asyncio.sleep(0.002)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await end.hear_more(20)
    events = [packet for packet in end.far.received if packet.payload_type == 101]
    assert len({packet.timestamp for packet in events}) == 1
    assert [packet.payload[1] & 0x80 for packet in events[-4:]] == [0, 0x80, 0x80, 0x80]
    await end.port.send_digits("1")


async def test_closing_ends_what_is_being_pressed(meet) -> None:
    end = await meet()
    task = asyncio.create_task(end.port.send_digits("123"))
    await end.hear_more()
    await end.port.close()
    with pytest.raises(LegGone):
        await task
