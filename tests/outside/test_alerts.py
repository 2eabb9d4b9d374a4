"""Those in charge are told of trouble once, of its repetition by a number, and of its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from engine.clock import LoopClock, run_virtual
from engine.errors import CallError
from engine.outside.alerts import PER_HOUR, LimitedAlerts, Told
from engine.outside.ports import Mail, Trouble
from engine.server.vigil import Vigil


class Letterbox:
    """`Mailer`, and the outbox for webhooks, that keep what they get."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.refuses = False

    async def send(self, mail: Mail) -> None:
        if self.refuses:
            raise CallError("no mail is configured")
        self.mails.append(mail)

    async def put(self, *entries: object) -> None:
        return None

    @property
    def subjects(self) -> list[str]:
        return [mail.subject.removeprefix("[main] ") for mail in self.mails]


def told(story: Callable[[LimitedAlerts, Letterbox], Awaitable[None]]) -> Letterbox:
    box = Letterbox()

    async def run() -> None:
        clock = LoopClock(datetime(2027, 7, 13, 8, tzinfo=UTC))
        alerts = LimitedAlerts(Told("main", ["duty@example.com"], [], 900), box, box, clock)  # type: ignore[arg-type]
        await story(alerts, box)
        await alerts.close()

    run_virtual(run)
    return box


def down(name: str = "trunk a") -> Trouble:
    return Trouble((), f"{name} is down", about=name)


def up(name: str = "trunk a") -> Trouble:
    return Trouble((), f"{name} is up", about=name, over=True)


def test_repetition_is_told_with_its_number():
    async def story(alerts: LimitedAlerts, box: Letterbox) -> None:
        for number in range(5):
            await alerts.raise_alert(Trouble((), f"attempt {number}", about="door"))
            await asyncio.sleep(60)
        assert box.subjects == ["attempt 0"]
        await asyncio.sleep(900)
        assert box.subjects == ["attempt 0", "attempt 4 (3 more)"]
        await asyncio.sleep(1800)
        await alerts.raise_alert(Trouble((), "attempt 9", about="door"))

    box = told(story)
    assert box.subjects == ["attempt 0", "attempt 4 (3 more)", "attempt 9"]
    assert box.mails[1].text.splitlines()[:3] == ["attempt 1", "attempt 2", "attempt 3"]
    assert all(mail.to == ("duty@example.com",) for mail in box.mails)


def test_that_it_is_over_is_told_at_once_and_only_when_trouble_was_told():
    async def story(alerts: LimitedAlerts, box: Letterbox) -> None:
        await alerts.raise_alert(up())
        await alerts.raise_alert(down())
        await alerts.raise_alert(down())
        await asyncio.sleep(10)
        await alerts.raise_alert(up())
        assert box.subjects == ["trunk a is down", "trunk a is up (1 more)"]
        # It flaps: one mail when the time has passed says how it stands.
        for _ in range(3):
            await alerts.raise_alert(down())
            await alerts.raise_alert(up())
        await asyncio.sleep(900)

    assert told(story).subjects == ["trunk a is down", "trunk a is up (1 more)", "trunk a is up (3 more)"]


def test_one_that_stays_in_trouble_is_told_as_over_whenever_it_is():
    async def story(alerts: LimitedAlerts, box: Letterbox) -> None:
        await alerts.raise_alert(down())
        await asyncio.sleep(86_400)
        await alerts.raise_alert(up())

    assert told(story).subjects == ["trunk a is down", "trunk a is up"]


def test_different_troubles_are_told_apart_until_they_are_too_many():
    async def story(alerts: LimitedAlerts, box: Letterbox) -> None:
        for number in range(PER_HOUR + 500):
            await alerts.raise_alert(Mail(("rota@example.com",), f"call {number}"))
        assert len(box.mails) == PER_HOUR + 1
        await asyncio.sleep(901)
        assert box.subjects[-1] == f"call {PER_HOUR + 499} (498 more)"
        await asyncio.sleep(3600)
        await alerts.raise_alert(Mail((), "quiet again"))
        assert box.subjects[-1] == "quiet again"
        await asyncio.sleep(3600)
        assert alerts._topics == {}, "nothing is remembered for ever"

    assert told(story).mails[0].to == ("rota@example.com", "duty@example.com")


def test_what_nobody_waits_for_and_cannot_be_sent_is_in_the_log(caplog):
    async def story(alerts: LimitedAlerts, box: Letterbox) -> None:
        box.refuses = True
        alerts.announce(down())
        await asyncio.sleep(1)

    told(story)
    assert "no mail is configured" in caplog.text


class Counted:
    """An outbox of which only the number matters."""

    def __init__(self) -> None:
        self.number = 0

    async def count(self) -> dict[str, int]:
        return {"call": self.number, "mail": 1}


async def test_a_full_disk_and_a_growing_outbox_are_told_once_and_their_end(tmp_path: Path, monkeypatch):
    free = [1000]
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": free[0]}))
    outbox, said = Counted(), list[str]()
    vigil = Vigil(
        tmp_path, outbox, lambda trouble: said.append(f"{trouble.subject}, {trouble.over}"), free=500, waiting=100
    )  # type: ignore[arg-type]
    for bytes_, count in [(1000, 0), (400, 0), (400, 100), (520, 120), (600, 95), (600, 80)]:
        free[0], outbox.number = bytes_, count
        await vigil.look()
    assert said == [
        "the disk is full soon, False",
        "101 records, mails and alerts wait, False",
        "there is space on the disk again, True",
        "the outbox has emptied, True",
    ]
