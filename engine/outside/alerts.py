"""Tells those in charge of trouble by mail and by webhooks: at once, but not again and again."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import uuid
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.clock import Clock
from engine.errors import CallError
from engine.messages import _
from engine.outside.ports import Mail, Mailer, Trouble
from engine.records.outbox import Entry, Outbox
from engine.tasks import cancel

log = logging.getLogger("flowctl.alert")

WEBHOOK = "webhook"
"""Kind of the entries in the outbox that are for webhooks."""

PER_HOUR = 100
"""Alerts that are told; those beyond it, of whatever subject, count as one and the same."""
KNOWN = 1000
"""Subjects that are remembered at once."""
LISTED = 10
"""Of those that were not told, how many are named."""
_FLOOD = "too many alerts"


@dataclass(slots=True)
class _Topic:
    """What was told of one thing. `open`: that there is trouble, and not yet that it is over."""

    open: bool = False
    latest: Trouble | None = None
    """What came last, and was not told."""
    missed: int = 0
    subjects: deque[str] = field(default_factory=lambda: deque(maxlen=LISTED))
    timer: asyncio.TimerHandle | None = None
    """Until it may be told again; None when it may be."""


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told. `server`: the name of ours; `repeat`: seconds between two alerts about one thing."""

    server: str
    mail: Sequence[str]
    urls: Sequence[str]
    repeat: float


class LimitedAlerts:
    """`Alerts` by mail and webhooks. That trouble is over is told at once."""

    def __init__(
        self,
        told: Told,
        mailer: Mailer,
        outbox: Outbox,
        clock: Clock,
        *,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self._told, self._mailer, self._outbox, self._clock, self._new_id = told, mailer, outbox, clock, new_id
        self._topics: dict[tuple[str, ...], _Topic] = {}
        self._times: deque[float] = deque()
        """When something was told, in the last hour."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def raise_alert(self, mail: Mail) -> None:
        """See `Alerts.raise_alert`. It waits for our own disk alone."""
        trouble = mail
        if not isinstance(trouble, Trouble):
            trouble = Trouble(mail.to, mail.subject, mail.text, mail.attach, mail.language)
        key = self._key((trouble.about,) if trouble.about else ("", trouble.subject, *trouble.to))
        topic = self._topics.setdefault(key, _Topic())
        if trouble.over and not topic.open and not topic.missed:
            self._forget(key, topic)
        elif topic.timer is not None and not (trouble.over and topic.open):
            topic.missed += not trouble.over
            topic.subjects.append(trouble.subject)
            topic.latest = trouble
        else:
            await self._tell(key, topic, trouble)

    def announce(self, trouble: Trouble) -> None:
        """As `raise_alert`, for whoever cannot wait; what goes wrong goes to the log."""
        self._keep(self.raise_alert(trouble), f"alert {trouble.about}")

    async def close(self) -> None:
        """What was not told because it was told before, is not told any more."""
        for topic in self._topics.values():
            if topic.timer is not None:
                topic.timer.cancel()
        self._topics.clear()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)
            await cancel(*self._tasks)

    def _key(self, key: tuple[str, ...]) -> tuple[str, ...]:
        """That of the topic which it goes to."""
        if key in self._topics:
            return key
        now = asyncio.get_running_loop().time()
        while self._times and now - self._times[0] > 3600:
            self._times.popleft()
        return (_FLOOD,) if len(self._times) >= PER_HOUR or len(self._topics) >= KNOWN else key

    async def _tell(self, key: tuple[str, ...], topic: _Topic, trouble: Trouble) -> None:
        loop = asyncio.get_running_loop()
        self._times.append(loop.time())
        more = max(0, topic.missed - (trouble is topic.latest and not trouble.over))
        listed = [subject for subject in topic.subjects if subject != trouble.subject]
        # Without `about`, nobody will say that it is over.
        topic.open = not trouble.over and key == (trouble.about,)
        topic.missed, topic.latest = 0, None
        topic.subjects.clear()
        if topic.timer is None:
            topic.timer = loop.call_later(self._told.repeat, self._may_tell_again, key, topic)
        text = "\n".join(part for part in (trouble.text, *listed) if part)
        await self._send(dataclasses.replace(trouble, text=text), more)

    def _may_tell_again(self, key: tuple[str, ...], topic: _Topic) -> None:
        topic.timer = None
        if topic.latest is None:
            self._forget(key, topic)
        else:
            self._keep(self._repeat(key, topic), "alert again")

    async def _repeat(self, key: tuple[str, ...], topic: _Topic) -> None:
        if topic.latest is not None:
            await self._tell(key, topic, topic.latest)

    def _forget(self, key: tuple[str, ...], topic: _Topic) -> None:
        if not topic.open and topic.timer is None and self._topics.get(key) is topic:
            del self._topics[key]

    def _keep(self, work: Coroutine[Any, Any, None], name: str) -> None:
        async def guarded() -> None:
            try:
                await work
            except CallError as error:
                log.error("an alert was not sent: %s", error)

        task = asyncio.create_task(guarded(), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, trouble: Trouble, more: int) -> None:
        """To everybody. Raises CallError when there is nobody whom a mail could reach."""
        subject = " ".join(trouble.subject.split())
        if more:
            subject = _("{subject} ({count} more)").format(subject=subject, count=more)
        at = self._clock.now().isoformat(timespec="seconds")
        facts = {
            "server": self._told.server,
            "at": at,
            "about": trouble.about or trouble.subject,
            "subject": trouble.subject,
            "text": trouble.text,
            "over": trouble.over,
            "more": more,
        }
        hooks = [(self._new_id(), url) for url in self._told.urls]
        await self._outbox.put(
            *(Entry(WEBHOOK, id_, {"url": url, "date": at, "facts": {"id": id_, **facts}}) for id_, url in hooks)
        )
        to = tuple(dict.fromkeys((*trouble.to, *self._told.mail)))
        if to:
            text = f"{trouble.text}\n\n{self._told.server}, {at}".lstrip("\n")
            mail = dataclasses.replace(trouble, to=to, subject=f"[{self._told.server}] {subject}", text=text)
            await self._mailer.send(mail)
