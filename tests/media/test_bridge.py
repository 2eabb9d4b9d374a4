"""Two ports of one worker, relayed to each other."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from support.mediaend import MediaEnd
from support.siprtp import Packet
from support.sound import speech

from drivers.sip.media.pool import MediaPool
from engine.audio.g711 import ALAW_TO_ULAW, SILENCE, ULAW_TO_ALAW, Law, encode
from engine.errors import LegGone, Unsupported
from engine.lines import PlayResult

pytestmark = [
    pytest.mark.usefixtures("kernel"),
    pytest.mark.parametrize("kernel", ["compiled", "by hand"], indirect=True),
]

VOICE = speech(0.4, seed=20).samples


def relayed(end: MediaEnd) -> list[Packet]:
    """What the far end heard that is not the silence of our clock."""
    silent = {bytes([code]) * 160 for code in SILENCE.values()}
    return [packet for packet in end.far.audio() if packet.payload not in silent]


@pytest.mark.parametrize(
    ("one_law", "two_law", "there", "back"),
    [("PCMA", "PCMA", None, None), ("PCMU", "PCMU", None, None), ("PCMA", "PCMU", ALAW_TO_ULAW, ULAW_TO_ALAW)],
)
async def test_both_hear_each_other(
    meet, one_law: Law, two_law: Law, there: bytes | None, back: bytes | None
) -> None:
    one, two = await meet(codec=one_law), await meet(codec=two_law)
    await one.hear_more()
    await one.port.bridge(two.port)
    said_one, said_two = encode(VOICE, one_law), encode(VOICE[::-1], two_law)
    await asyncio.gather(one.far.stream(said_one), two.far.stream(said_two))
    await asyncio.sleep(0.02)
    assert b"".join(packet.payload for packet in relayed(two)) == said_one.translate(there)
    assert b"".join(packet.payload for packet in relayed(one)) == said_two.translate(back)


async def test_to_the_receiver_the_bridge_is_one_source(meet) -> None:
    one, two = await meet(), await meet()
    await two.hear_more()
    await one.port.bridge(two.port)
    one.far.timestamp, one.far.seq = 2**32 - 800, 65530
    await one.far.stream(encode(VOICE, "PCMA"))
    await one.port.unbridge()
    await two.hear_more()
    packets = two.far.received
    assert {packet.ssrc for packet in packets} == {packets[0].ssrc}
    assert [(p.seq - packets[0].seq) % 65536 for p in packets] == list(range(len(packets)))
    steps = [(b.timestamp - a.timestamp) % 2**32 for a, b in itertools.pairwise(packets)]
    first, last = packets.index(relayed(two)[0]), packets.index(relayed(two)[-1])
    assert steps[first:last] == [160] * (last - first)
    assert all(160 <= step < 8000 for step in steps)
    assert [packet.marker for packet in packets].count(True) == 3, "start, bridge, and our silence again"


async def test_what_was_lost_on_the_way_in_stays_visible(meet) -> None:
    one, two = await meet(), await meet()
    await one.port.bridge(two.port)
    for part in (0, 1, 4):
        one.far.seq, one.far.timestamp = 1000 + part, 160 * part
        one.far.send(bytes([part]) * 160)
    await asyncio.sleep(0.05)
    a, b, c = relayed(two)
    assert [(p.seq - a.seq) % 65536 for p in (a, b, c)] == [0, 1, 4]
    assert [(p.timestamp - a.timestamp) % 2**32 for p in (a, b, c)] == [0, 160, 640]


async def test_keys_are_reported_and_relayed(meet) -> None:
    one, two = await meet(dtmf=101), await meet(dtmf=96)
    await one.port.bridge(two.port)
    await one.far.press("8")
    await one.key()
    await asyncio.sleep(0.02)
    assert one.keys == ["8"]
    events = [packet for packet in two.far.received if packet.payload_type == 96]
    assert [packet.payload[0] for packet in events] == [8] * 7
    assert [packet.marker for packet in events] == [True] + [False] * 6
    assert len({packet.timestamp for packet in events}) == 1


async def test_a_side_without_events_hears_a_tone_instead_and_then_the_other_side(meet) -> None:
    one, two = await meet(), await meet(dtmf=None)
    await one.port.bridge(two.port)
    one.far.send(b"\1" * 160)
    await one.far.press("8")
    await one.key()
    async with asyncio.timeout(2):
        while two.far.received[-1].payload != b"\2" * 160:
            one.far.send(b"\2" * 160)
            await asyncio.sleep(0.02)
    before, *tone, after = relayed(two)
    assert [before.payload, after.payload] == [b"\1" * 160, b"\2" * 160]
    assert len(tone) == 5
    every = two.far.received
    assert {packet.payload_type for packet in every} == {8}
    assert [(p.seq - every[0].seq) % 65536 for p in every] == list(range(len(every)))


async def test_keys_can_be_pressed_on_a_bridged_port(meet) -> None:
    one, two = await meet(), await meet()
    await one.port.bridge(two.port)
    stream = asyncio.create_task(one.far.stream(encode(VOICE, "PCMA")))
    await two.far.wait_for(5)
    await two.port.send_digits("2")
    await stream
    await asyncio.sleep(0.02)
    packets = two.far.received
    assert [packet.payload[0] for packet in packets if packet.payload_type == 101] == [2] * 7
    assert [(p.seq - packets[0].seq) % 65536 for p in packets] == list(range(len(packets)))
    assert b"".join(packet.payload for packet in relayed(two)) == encode(VOICE, "PCMA")


async def test_the_bridge_ends_what_plays_and_nothing_plays_on_it(meet) -> None:
    one, two = await meet(), await meet()
    play = asyncio.create_task(one.port.play([speech(5, seed=21)], loop=True))
    await one.hear_more()
    await one.port.bridge(two.port)
    assert await play == PlayResult(interrupted=False)
    with pytest.raises(Unsupported):
        await two.port.play([speech(0.1, seed=22)])
    await two.port.unbridge()
    await two.port.unbridge()
    assert await one.port.play([speech(0.02, seed=23)]) == PlayResult(interrupted=False)


async def test_the_side_that_stays_hears_silence_again(meet) -> None:
    one, two = await meet(), await meet()
    await one.port.bridge(two.port)
    await asyncio.sleep(0.05)
    known = len(two.far.received)
    await one.port.close()
    await two.hear_more()
    assert {packet.payload for packet in two.far.received[known:]} == {bytes([SILENCE["PCMA"]]) * 160}
    await two.port.unbridge()
    await one.port.unbridge()
    with pytest.raises(LegGone):
        await two.port.bridge(one.port)


async def test_a_third_party_takes_over(meet) -> None:
    one, two, three = await meet(), await meet(), await meet()
    await one.port.bridge(two.port)
    await one.port.bridge(three.port)
    one.far.send(b"\3" * 160)
    await two.hear_more()
    assert [packet.payload for packet in relayed(three)] == [b"\3" * 160]
    assert relayed(two) == []


async def test_only_ports_of_one_worker_can_be_bridged() -> None:
    pool = MediaPool(ports=range(31400, 31500), workers=2)
    await pool.start()
    one, two = await MediaEnd.open(pool), await MediaEnd.open(pool)
    near = await MediaEnd.open(pool, near=one.port)
    with pytest.raises(Unsupported):
        await one.port.bridge(two.port)
    with pytest.raises(Unsupported):
        await one.port.bridge(one.port)
    await one.port.bridge(near.port)
    for end in (one, two, near):
        await end.close()
    await pool.stop()
