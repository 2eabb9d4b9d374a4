"""What mailboxes promise (`engine.outside.ports.Mailboxes`), checked against the real ones and those of a story."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.wav import write_wav

from drivers.virtual import VirtualDriver
from engine.audio import tones
from engine.audio.clip import RATE
from engine.errors import CallError
from engine.outside.mailboxes import KeptMailboxes
from engine.outside.ports import Mailboxes
from tools.flowctl.simulator.stage import Stage
from tools.flowctl.simulator.world import Box, World

Make = Callable[[list[float]], Mailboxes]
"""Mailboxes of which `sales`, with the PIN 4711, has messages of these lengths in seconds; `empty` has none."""


@pytest.fixture(params=["kept", "staged"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    def kept(lengths: list[float]) -> Mailboxes:
        folder = tmp_path / "sales"
        folder.mkdir()
        for number, seconds in enumerate(lengths):
            write_wav(folder / f"20270131T10000{number}000000-call{number}.wav", tones.silence(seconds))
        return KeptMailboxes(tmp_path, {"sales": "4711", "empty": "0000"})

    def staged(lengths: list[float]) -> Mailboxes:
        boxes = {"sales": Box("4711", tuple(lengths)), "empty": Box("0000")}
        return Stage(World(mailboxes=boxes), VirtualDriver()).mailboxes

    return kept if request.param == "kept" else staged


async def test_only_the_pin_opens(make: Make):
    boxes = make([])
    boxes.require()
    assert await boxes.admits("sales", "4711")
    assert not await boxes.admits("sales", "0000")
    assert not await boxes.admits("sales", "")
    assert not await boxes.admits("nobody", "4711")


async def test_messages_are_heard_in_their_order_and_the_new_ones_first(make: Make):
    boxes = make([1, 2, 3])
    assert await boxes.messages("empty") == []
    first, second, third = await boxes.messages("sales")
    lengths = [len((await boxes.sound("sales", one.id)).samples) / 2 / RATE for one in (first, second, third)]
    assert lengths == [1, 2, 3]
    assert not any(one.heard for one in (first, second, third))
    await boxes.heard("sales", first.id)
    await boxes.heard("sales", first.id)
    assert [(one.id, one.heard) for one in await boxes.messages("sales")] == [
        (second.id, False),
        (third.id, False),
        (first.id, True),
    ]


async def test_what_is_deleted_is_gone(make: Make):
    boxes = make([1, 2])
    first, second = await boxes.messages("sales")
    await boxes.delete("sales", first.id)
    await boxes.delete("sales", first.id)
    await boxes.heard("sales", first.id)
    assert [one.id for one in await boxes.messages("sales")] == [second.id]
    with pytest.raises(CallError, match="gone"):
        await boxes.sound("sales", first.id)
