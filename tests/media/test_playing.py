"""Prompts as the far end hears them."""

from __future__ import annotations

import asyncio
import struct
import time

import pytest
from support.sound import speech

from drivers.sip.media.pool import MediaPool
from engine.audio.clip import Clip
from engine.audio.g711 import SILENCE, Law, encode
from engine.errors import LegGone
from engine.lines import PlayResult

ENDED = PlayResult(interrupted=False)
INTERRUPTED = PlayResult(interrupted=True)


def cut(clip: Clip, samples: int) -> Clip:
    return Clip(clip.samples[: 2 * samples])


@pytest.mark.parametrize("law", ["PCMA", "PCMU"])
async def test_every_sample_is_heard(meet, law: Law) -> None:
    end = await meet(codec=law)
    clip = speech(0.61, seed=1)
    assert await end.port.play([clip]) == ENDED
    await end.hear_more()
    # 0.61 s are 30.5 frames: the last one is filled up with silence, and silence follows.
    assert encode(clip.samples, law) + bytes([SILENCE[law]]) * (80 + 160) in end.heard()
    assert {packet.payload_type for packet in end.far.received} == {8 if law == "PCMA" else 0}


async def test_packets_count_on_without_a_hole(meet) -> None:
    end = await meet()
    await end.hear_more()
    await end.port.play([speech(0.3, seed=2)])
    await end.hear_more()
    packets = end.far.received
    first = packets[0]
    assert [(p.seq - first.seq) % 65536 for p in packets] == list(range(len(packets)))
    assert [(p.timestamp - first.timestamp) % 2**32 for p in packets] == [160 * i for i in range(len(packets))]
    assert [p.marker for p in packets] == [True] + [False] * (len(packets) - 1)
    assert {(p.ssrc, len(p.payload)) for p in packets} == {(first.ssrc, 160)}


async def test_clips_are_joined_sample_for_sample(meet) -> None:
    end = await meet()
    clips = [cut(speech(1, seed=3), 333), Clip(b""), cut(speech(1, seed=4), 7), cut(speech(1, seed=5), 1120)]
    await end.port.play(clips)
    await end.hear_more()
    assert encode(b"".join(clip.samples for clip in clips), "PCMA") in end.heard()


async def test_loop_begins_again_without_a_gap_until_cancelled(meet) -> None:
    end = await meet()
    clip = cut(speech(1, seed=6), 1001)
    task = asyncio.create_task(end.port.play([clip], loop=True))
    await end.far.wait_for(30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await end.hear_more(4)
    assert encode(clip.samples * 3, "PCMA") in end.heard()
    assert end.far.received[-1].payload == bytes([SILENCE["PCMA"]]) * 160


async def test_a_later_play_replaces_an_earlier_one(meet) -> None:
    end = await meet()
    first = asyncio.create_task(end.port.play([speech(5, seed=7)]))
    await end.hear_more(5)
    clip = speech(0.2, seed=8)
    assert await end.port.play([clip]) == ENDED
    assert await first == ENDED
    await end.hear_more()
    assert encode(clip.samples, "PCMA") in end.heard()


async def test_nothing_to_play_is_played_at_once(meet) -> None:
    end = await meet()
    assert await end.port.play([]) == ENDED
    assert await end.port.play([Clip(b"")], loop=True) == ENDED


async def test_a_prompt_goes_by_in_real_time_before_the_port_is_connected(pool: MediaPool) -> None:
    port = await pool.open(on_digit=lambda _: None, on_lost=lambda: None)
    begun = time.monotonic()
    assert await port.play([speech(0.2, seed=9)]) == ENDED
    assert time.monotonic() - begun >= 0.18
    await port.close()


async def test_codec_and_address_may_change_while_playing(meet) -> None:
    end, other = await meet(), await meet()
    clip = cut(speech(1, seed=10), 160 * 30)
    task = asyncio.create_task(end.port.play([clip]))
    await end.far.wait_for(10)
    known = len(other.far.received)
    end.port.connect(*other.far.address, codec="PCMU", dtmf=101)
    await task
    await other.hear_more()
    before = b"".join(packet.payload for packet in end.far.audio())
    after = b"".join(packet.payload for packet in other.far.audio()[known:] if packet.payload_type == 0)
    alaw, ulaw = encode(clip.samples, "PCMA"), encode(clip.samples, "PCMU")
    joins = [n for n in range(0, len(alaw), 160) if alaw[:n] in before and ulaw[n:] in after]
    assert joins


async def test_a_key_stops_the_prompt_within_60_ms(meet) -> None:
    end = await meet()
    task = asyncio.create_task(end.port.play([speech(5, seed=11)], barge_in=True))
    await end.far.wait_for(10)
    pressed = await end.far.press("5")
    assert await task == INTERRUPTED
    assert end.keys == ["5"]
    await end.hear_more()
    silence = bytes([SILENCE["PCMA"]]) * 160
    assert end.far.received[-1].payload == silence
    last = max(packet.arrival for packet in end.far.audio() if packet.payload != silence)
    assert last - pressed <= 0.06


async def test_a_key_does_not_stop_a_prompt_without_barge_in(meet) -> None:
    end = await meet()
    clip = speech(0.3, seed=12)
    task = asyncio.create_task(end.port.play([clip]))
    await end.hear_more()
    await end.far.press("5")
    assert await task == ENDED
    assert end.keys == ["5"]
    await end.hear_more()
    assert encode(clip.samples, "PCMA") in end.heard()


async def test_a_key_that_crosses_the_command_to_play_stops_it_before_it_begins(meet) -> None:
    end = await meet()
    await end.hear_more()
    clip = speech(0.1, seed=13)
    await end.port.play([clip])
    heard = len(end.heard())
    end.far.send(struct.pack("!BBH", 7, 10, 160), payload_type=101)
    # The event loop does nothing now, so the worker's report waits unread when `play` looks at the count.
    time.sleep(0.05)  # noqa: ASYNC251
    assert end.port.digits_received == 0
    assert await end.port.play([clip], barge_in=True) == INTERRUPTED
    await end.hear_more()
    assert set(end.heard()[heard + 160 :]) == {SILENCE["PCMA"]}
    # The key has been reported, so the next prompt is not concerned.
    assert await end.port.play([clip], barge_in=True) == ENDED


async def test_stop_playing_interrupts(meet) -> None:
    end = await meet()
    end.port.stop_playing()
    task = asyncio.create_task(end.port.play([speech(5, seed=14)]))
    await end.hear_more()
    end.port.stop_playing()
    assert await task == INTERRUPTED
    await end.hear_more(4)
    assert end.far.received[-1].payload == bytes([SILENCE["PCMA"]]) * 160


async def test_closing_ends_what_plays(meet) -> None:
    end = await meet()
    task = asyncio.create_task(end.port.play([speech(5, seed=15)]))
    await end.hear_more()
    await end.port.close()
    with pytest.raises(LegGone):
        await task
    with pytest.raises(LegGone):
        await end.port.play([])
    await end.port.close()


async def test_a_new_talk_spurt_is_marked_after_the_far_end_was_on_hold(meet) -> None:
    end = await meet()
    await end.hear_more()
    end.port.connect("0.0.0.0", 0, codec="PCMA", dtmf=101)
    await asyncio.sleep(0.1)
    held = len(end.far.received)
    end.port.connect(*end.far.address, codec="PCMA", dtmf=101)
    await end.hear_more()
    before, after = end.far.received[held - 1], end.far.received[held]
    assert after.marker
    assert after.seq == (before.seq + 1) % 65536
    gap = (after.timestamp - before.timestamp) % 2**32
    assert gap % 160 == 0
    assert gap >= 4 * 160
