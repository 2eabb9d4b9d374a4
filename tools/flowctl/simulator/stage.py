"""The world of one simulated call while it runs: what stands in for databases, web services, mail, telephones."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from drivers.virtual import Party, VirtualDriver
from engine.audio import tones
from engine.audio.clip import Clip
from engine.call.record import CallRecord
from engine.errors import CallError
from engine.lines import Cause, Leg
from engine.outside.ports import HttpRequest, HttpResponse, Mail, Message, Query
from tools.flowctl.simulator.world import Box, Failure, Number, Row, World

T = TypeVar("T")

SWITCHBOARD = "switchboard"
"""What a simulated call dials for the switchboard: so `numbers: {switchboard: busy}`."""

THINKING = 1.0
"""Seconds after which somebody who has answered presses their keys."""

_REFUSALS = {"busy": Cause.BUSY, "rejected": Cause.REJECTED, "failed": Cause.FAILED}


class Stage:
    """Made for one call. Its parts are the outside parts of that call's services; `follow` its record, so that they
    know at which node the call is."""

    def __init__(self, world: World, driver: VirtualDriver) -> None:
        here = Here()
        self._here = here
        self.databases = StagedDatabases(world.lookups, here)
        self.http = StagedHttp(world.http, here)
        self.mailer = StagedMail()
        self.alerts = StagedAlerts()
        self.mailboxes = StagedMailboxes(world.mailboxes)
        self.contacts = StagedContacts(world.contact)
        self.exchange = StagedExchange()
        driver.phones.update({number: StagedPhone(does) for number, does in world.numbers.items()})
        driver.elsewhere = StagedPhone(Number())

    def follow(self, record: CallRecord) -> None:
        """The call has this record."""
        self._here.record = record


class Here:
    """Where the call is, and how often it was there."""

    def __init__(self) -> None:
        self.record: CallRecord | None = None
        self._visits: Counter[str] = Counter()

    @property
    def node(self) -> str:
        """Path name of the node that is running."""
        return self.record.path[-1].node if self.record is not None else ""

    def next_of(self, scripted: Mapping[str, Sequence[T]]) -> T | None:
        """What the present visit of the node gets; the last of the list again when it is used up; None for a node
        that is not listed."""
        visits = scripted.get(self.node)
        if not visits:
            return None
        self._visits[self.node] += 1
        return visits[min(self._visits[self.node], len(visits)) - 1]


class StagedDatabases:
    """`Databases` whose rows are written in the story, by node."""

    def __init__(self, lookups: Mapping[str, Sequence[Row | Failure]], here: Here) -> None:
        self._lookups = lookups
        self._here = here

    async def row(self, source: str, query: Query, timeout: float) -> Mapping[str, Any] | None:
        found = self._here.next_of(self._lookups)
        if found == "error":
            raise CallError(f"database {source}: away, as the story says")
        return found


class StagedHttp:
    """`HttpClient` whose answers are written in the story, by node."""

    def __init__(self, answers: Mapping[str, Sequence[HttpResponse | Failure]], here: Here) -> None:
        self._answers = answers
        self._here = here

    async def request(self, request: HttpRequest) -> HttpResponse:
        found = self._here.next_of(self._answers)
        if found is None:
            raise CallError(f"the story has no answer for node {self._here.node}: list it under http")
        if isinstance(found, str):
            raise CallError("no answer, as the story says")
        return found


class StagedMail:
    """`Mailer` that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        self.sent.append(mail)


class StagedAlerts:
    """`Alerts` that keeps what it is given."""

    def __init__(self) -> None:
        self.raised: list[Mail] = []

    async def raise_alert(self, mail: Mail) -> None:
        self.raised.append(mail)


class StagedMailboxes:
    """`Mailboxes` with the messages of the story."""

    def __init__(self, boxes: Mapping[str, Box]) -> None:
        self._boxes = boxes
        self._heard: set[tuple[str, str]] = set()
        self._messages = {
            name: {str(number): seconds for number, seconds in enumerate(box.messages, 1)}
            for name, box in boxes.items()
        }

    def require(self) -> None:
        return None

    async def admits(self, mailbox: str, pin: str) -> bool:
        box = self._boxes.get(mailbox)
        return box is not None and pin == box.pin

    async def messages(self, mailbox: str) -> Sequence[Message]:
        messages = [Message(name, heard=(mailbox, name) in self._heard) for name in self._messages.get(mailbox, ())]
        return sorted(messages, key=lambda message: message.heard)

    async def sound(self, mailbox: str, message: str) -> Clip:
        seconds = self._messages.get(mailbox, {}).get(message)
        if seconds is None:
            raise CallError(f"mailbox {mailbox}: message {message} is gone")
        return Clip(tones.silence(seconds).samples, label=f"message {message}")

    async def heard(self, mailbox: str, message: str) -> None:
        self._heard.add((mailbox, message))

    async def delete(self, mailbox: str, message: str) -> None:
        self._messages.get(mailbox, {}).pop(message, None)


class StagedContacts:
    """`Contacts` in which the caller is, or is not."""

    def __init__(self, contact: Row) -> None:
        self._contact = contact

    async def find(self, caller: str) -> Mapping[str, Any] | None:
        return self._contact


class StagedExchange:
    """`Exchange` that does what the virtual line does."""

    async def transfer(self, leg: Leg, to: str) -> None:
        await leg.transfer(to)


class StagedPhone:
    """A telephone that does what the story says."""

    def __init__(self, number: Number) -> None:
        self._number = number

    def __call__(self, party: Party) -> None:
        loop, number = asyncio.get_running_loop(), self._number
        if number.does == "answer":
            loop.call_later(number.after, self._answer, party)
        elif number.does in _REFUSALS:
            loop.call_later(number.after, party.hang_up, _REFUSALS[number.does])

    def _answer(self, party: Party) -> None:
        loop, number = asyncio.get_running_loop(), self._number
        party.leg.accept()
        loop.call_later(number.talks, party.hang_up)
        if number.presses:
            loop.call_later(THINKING, party.press, number.presses)
