"""A caller who hangs up while a mail is handed over takes it away neither with them nor from the record."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.house import House, in_house
from support.scenarios import scenario
from support.sound import speech

from engine.outside.ports import Mail

NODES = {
    "email": "a: {type: email, to: anne@example.com, subject: s, next: end}",
    "alert": "a: {type: alert, to: anne@example.com, subject: s, next: end}",
    "voicemail": "a: {type: voicemail, mailbox: m, beep: false, silence: 1s, email: anne@example.com, "
    "on: {recorded: end, empty: end}}",
}


class Slow:
    """`Mailer` and `Alerts` on a disk that takes its time."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.mails: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        self.begun.set()
        await asyncio.sleep(2)
        self.mails.append(mail)

    raise_alert = send


@pytest.mark.parametrize("node", list(NODES))
def test_it_is_handed_over_all_the_same(node: str, tmp_path: Path):
    slow: list[Slow] = []

    async def story(house: House) -> None:
        slow.append(Slow())
        house.services.mailer = house.services.alerts = slow[0]
        party = house.driver.call("32")
        if node == "voicemail":
            await asyncio.sleep(0.1)
            await party.say(speech(3, seed=1))
        await slow[0].begun.wait()
        party.hang_up()
        await house.settle()

    text = scenario(NODES[node], top="did: ['32']")
    in_house(tmp_path, {"a.yaml": text}, story)
    assert len(slow[0].mails) == 1
