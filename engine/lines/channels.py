"""The list of channels: every line that a call may take, what it is barred from, and what becomes of a call when
all are taken.

A line (`sip`, or one trunk of it, `sip/ovh`) has channels `sip/1`, `sip/2`, …; a call has one from its first to
its last moment, whichever side began it. Rules may change while calls are up: a call keeps the channel that it has.
"""

from __future__ import annotations

import asyncio
import heapq
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from engine.errors import NoChannel
from engine.lines.cause import Cause
from engine.lines.channel_rules import SINGLE, Rules, Use, check_rules
from engine.lines.watermark import Watermark

State = Literal["free", "ringing", "busy", "barred"]

_REFUSALS = {"congestion": Cause.CONGESTION, "busy": Cause.BUSY}

_SAID: Mapping[Use, str] = {
    "reception": "reception",
    "external_out": "calls to numbers outside",
    "internal_out": "calls to extensions",
}


class Tally(Protocol):
    """Who counts. `busy`: channels taken on all lines, the new one included."""

    def incoming(self, busy: int) -> None: ...

    def outgoing(self, busy: int) -> None: ...

    def refused(self) -> None: ...

    def left_ringing(self) -> None: ...


class AllBusy(NoChannel):
    """No channel is left for a call that comes in; `cause` is what it is told."""

    def __init__(self, message: str, cause: Cause) -> None:
        super().__init__(message)
        self.cause = cause


@dataclass(slots=True, eq=False)
class Channel:
    """A channel that a call has taken."""

    id: str
    line: str
    number: int
    barred: bool
    """A call came in although reception is barred: it is to be left ringing until `opened`."""
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when rules that change let such a call in."""
    extension: str = ""
    """To be presented; empty when there is none."""
    answered: Callable[[], bool] = lambda: False
    direction: Literal["in", "out"] = "in"
    call: str = ""
    """Id of the leg; empty while a call that goes out is not answered."""
    did: str = ""
    """As presented, or as dialled."""
    cli: str = ""
    partner: str = ""
    """The channel for which a call that goes out is made, if there is one."""
    since: float = 0.0
    """When it was taken, by the event loop's clock."""
    place: Callable[[], tuple[str, str]] = lambda: ("", "")
    """The scenario, and the node of it, where the call is."""

    @property
    def state(self) -> State:
        """ringing until the call is answered, then busy."""
        return "busy" if self.answered() else "ringing"


@dataclass(frozen=True, slots=True)
class Listed:
    """A channel in the list."""

    id: str
    state: State
    bar: tuple[Use, ...]


class _Line:
    """The channels of one line."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.taken: dict[int, Channel] = {}
        self.returned: list[int] = []
        """A heap of the free numbers below `fresh`."""
        self.fresh = 1
        """From here on no number has ever been taken."""
        self.watermark = Watermark(f"channels of {name}")


class Channels:
    """All channels of a server."""

    def __init__(
        self,
        rules: Mapping[str, Rules] | None = None,
        *,
        tally: Tally | None = None,
        default_count: int | None = None,
    ) -> None:
        """default_count: channels of a line whose rules do not say; None: as many as there are calls.
        Raises ValueError as `configure`."""
        self._tally = tally
        self._default_count = default_count
        self._lines: dict[str, _Line] = {}
        self._rules: Mapping[str, Rules] = {}
        self.configure(rules or {})

    def configure(self, rules: Mapping[str, Rules]) -> None:
        """New rules, which hold from the next call on, and for those that are left ringing. Raises ValueError for
        one that makes no sense, before anything changes."""
        check_rules(rules)
        self._rules = dict(rules)
        for channel in self.taken():
            if channel.barred and "reception" not in self._bar(channel.line, channel.number):
                channel.barred = False
                channel.opened.set()

    @property
    def busy(self) -> int:
        """Channels taken now, on all lines."""
        return sum(len(line.taken) for line in self._lines.values())

    def taken(self) -> Iterator[Channel]:
        """Those that a call has."""
        for line in self._lines.values():
            yield from line.taken.values()

    def list(self) -> Iterator[Listed]:
        """Every channel, line by line; of a line without a count those that were ever taken."""
        named = [name for name in self._rules if not SINGLE.fullmatch(name)]
        for name in dict.fromkeys([*named, *self._lines]):
            line = self._lines.get(name) or _Line(name)
            count = self._count(name)
            last = line.fresh - 1 if count is None else count
            for number in sorted({*range(1, last + 1), *line.taken}):
                bar = self._bar(name, number)
                channel = line.taken.get(number)
                idle: State = "barred" if "reception" in bar else "free"
                yield Listed(f"{name}/{number}", channel.state if channel else idle, bar)

    def take_in(self, line: str, driver: str) -> Channel:
        """A channel for a call that has come in: the lowest free one, one that may receive before one that may not.

        line: what the driver says that the call came by. Raises AllBusy.
        """
        name = self._name(line, driver)
        number = self._pick(name, "reception")
        barred = number is None
        if number is None and (number := self._pick(name, None)) is None:
            if self._tally:
                self._tally.refused()
            full = self._rules.get(name, Rules()).full
            raise AllBusy(f"all {self._count(name)} channels of {name} are taken", _REFUSALS[full])
        channel = self._take(name, number, barred=barred)
        if self._tally:
            if barred:
                self._tally.left_ringing()
            self._tally.incoming(self.busy)
        return channel

    def take_out(self, line: str, driver: str, use: Use) -> Channel:
        """A channel for a call that goes out by `line`: the lowest free one that is not barred from it.

        Raises NoChannel, which says whether all are taken or the rest is barred.
        """
        name = self._name(line, driver)
        number = self._pick(name, use)
        if number is None:
            count = self._count(name)
            if count is not None and len(self._lines[name].taken) >= count:
                raise NoChannel(f"all {count} channels of {name} are taken")
            raise NoChannel(f"the free channels of {name} are barred from {_SAID[use]}")
        channel = self._take(name, number, barred=False)
        if self._tally:
            self._tally.outgoing(self.busy)
        return channel

    def release(self, channel: Channel) -> None:
        """The call is over. Idempotent."""
        line = self._lines[channel.line]
        if line.taken.get(channel.number) is channel:
            del line.taken[channel.number]
            heapq.heappush(line.returned, channel.number)
            line.watermark.see(len(line.taken), self._count(channel.line))

    def _take(self, name: str, number: int, *, barred: bool) -> Channel:
        line = self._lines[name]
        channel = Channel(f"{name}/{number}", name, number, barred, extension=self._extension(name, number))
        line.taken[number] = channel
        line.watermark.see(len(line.taken), self._count(name))
        return channel

    def _pick(self, name: str, use: Use | None) -> int | None:
        """The lowest free channel of a line that is not barred from `use` (None: whichever), no longer free then."""
        line = self._lines.setdefault(name, _Line(name))
        if use is not None and use in self._rules.get(name, Rules()).bar:
            return None
        count = self._count(name)
        last = sys.maxsize if count is None else count
        passed_over: list[int] = []
        try:
            while line.returned and line.returned[0] <= last:
                number = heapq.heappop(line.returned)
                if self._allows(name, number, use):
                    return number
                passed_over.append(number)
            while line.fresh <= last:
                line.fresh += 1
                if self._allows(name, line.fresh - 1, use):
                    return line.fresh - 1
                passed_over.append(line.fresh - 1)
            return None
        finally:
            for number in passed_over:
                heapq.heappush(line.returned, number)

    def _allows(self, name: str, number: int, use: Use | None) -> bool:
        single = self._rules.get(f"{name}/{number}")
        return use is None or single is None or use not in single.bar

    def _name(self, line: str, driver: str) -> str:
        """The line of the rules that a call belongs to: the trunk that has rules of its own, else the driver."""
        return line if line in self._rules and not SINGLE.fullmatch(line) else driver

    def _count(self, name: str) -> int | None:
        rules = self._rules.get(name)
        return self._default_count if rules is None or rules.count is None else rules.count

    def _bar(self, name: str, number: int) -> tuple[Use, ...]:
        both = [self._rules.get(name, Rules()), self._rules.get(f"{name}/{number}", Rules())]
        return tuple(dict.fromkeys(use for rules in both for use in rules.bar))

    def _extension(self, name: str, number: int) -> str:
        single = self._rules.get(f"{name}/{number}", Rules()).extension
        return single or self._rules.get(name, Rules()).extension
