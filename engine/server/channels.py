"""The channels of a running server: their rules follow the settings file, their counters go to the data folder."""

from __future__ import annotations

import asyncio
import logging

from engine.clock import Clock
from engine.errors import ConfigurationError
from engine.lines.channel_rules import SINGLE, Rules, check_rules
from engine.lines.channels import Channels
from engine.lines.lines import Lines
from engine.lines.watermark import Watermark
from engine.records.counters import FILE, Counters
from engine.records.switches import stamp_of
from engine.server.descriptors import most_open
from engine.server.settings import Settings

log = logging.getLogger("flowctl.server")

PHONES = "sip/phones"
"""The line of the phones that register with us."""

EVERY = 1.0
"""Seconds between two looks at the settings file."""


class KeptChannels:
    """Channels with all that they need beside calls."""

    def __init__(self, settings: Settings, clock: Clock, *, descriptors: int) -> None:
        """descriptors: how many a process may have open. Blocking: reads the counters.
        Raises ConfigurationError."""
        self._settings = settings
        self._descriptors = descriptors
        self._ports = ports_of(settings)
        self.counters = Counters(settings.data / FILE, clock, settings.zone)
        self.channels = Channels(rules_of(settings), tally=self.counters, default_count=self._ports)
        self._lines: Lines | None = None
        self._refused = 0
        """Of those that the drivers have refused, how many are counted."""

    async def run(self, lines: Lines) -> None:
        """Until cancelled: read the rules when the settings file has changed, write what was counted, and warn when
        RTP ports or file descriptors become few."""
        self._lines = lines
        counting = self.counters.keep(lambda: self.channels.busy)
        await asyncio.gather(self._follow(), counting, self._watch(lines))

    async def close(self) -> None:
        """Write the counters a last time."""
        self._count_refused()
        await self.counters.save(self.channels.busy)

    async def _follow(self) -> None:
        path = self._settings.file
        if path is None:
            return
        stamp = await asyncio.to_thread(stamp_of, path)
        rules, waiting = rules_of(self._settings), list[str]()
        while True:
            await asyncio.sleep(EVERY)
            if (seen := await asyncio.to_thread(stamp_of, path)) == stamp:
                continue
            stamp = seen
            try:
                loaded = await asyncio.to_thread(Settings.load, path)
                if (others := self._others(loaded)) != waiting:
                    waiting = others
                    log.warning("changes of the settings that wait for a restart: %s", ", ".join(waiting) or "none")
                changed = rules_of(self._settings.model_copy(update={"channels": loaded.channels}))
            except (ConfigurationError, OSError) as error:
                log.error("the channels stay as they were: %s", error)
                continue
            if changed != rules:
                rules = changed
                self.channels.configure(rules)
                log.info("channels: %s", _said(rules))

    def _others(self, loaded: Settings) -> list[str]:
        """Which settings beside the channels are not those that the server runs with."""
        names = (name for name in type(loaded).model_fields if name != "channels")
        return [name for name in names if getattr(loaded, name) != getattr(self._settings, name)]

    async def _watch(self, lines: Lines) -> None:
        ports, descriptors = Watermark("RTP ports"), Watermark("file descriptors of a process")
        sip = [driver for driver in lines.drivers if driver.name == "sip"]
        while True:
            self._count_refused()
            ports.see(sum(driver.usage().get("rtp_ports", 0) for driver in sip), self._ports)
            descriptors.see(await asyncio.to_thread(most_open), self._descriptors)
            await asyncio.sleep(EVERY)

    def _count_refused(self) -> None:
        """Those that the drivers have refused since the last time."""
        refused = sum(driver.refused() for driver in self._lines.drivers) if self._lines is not None else 0
        if refused > self._refused:
            self.counters.refused(refused - self._refused)
            self._refused = refused


def ports_of(settings: Settings) -> int:
    """How many calls there are RTP ports for: as many channels has a line whose rules do not say."""
    return len([number for number in settings.rtp.range if number % 2 == 0])


def rules_of(settings: Settings) -> dict[str, Rules]:
    """The rules of all lines: every trunk is one, with as many channels as it says itself, if `channels` does not,
    and so are the phones that register, and every other driver.
    Raises ConfigurationError for a line that does not exist, or rules that make no sense together."""
    rules = dict(settings.channels)
    counts = {f"sip/{name}": trunk.channels for name, trunk in settings.sip.trunks.items()}
    if settings.pyvoip is not None:
        counts["pyvoip"] = settings.pyvoip.channels
    lines = {"sip", *counts, *settings.drivers}
    if settings.sip.phones is not None:
        lines.add(PHONES)
        rules.setdefault(PHONES, Rules())
    for name in rules:
        single = SINGLE.fullmatch(name)
        if name not in lines and (single is None or single["line"] not in lines):
            raise ConfigurationError(f"channels.{name}: there is no such line; there are {', '.join(sorted(lines))}")
    for name, count in counts.items():
        own = rules.get(name, Rules())
        if own.count is None and count is not None:
            own = own.model_copy(update={"count": count})
        rules[name] = own
    try:
        check_rules(rules)
    except ValueError as error:
        raise ConfigurationError(f"channels.{error}") from None
    return rules


def _said(rules: dict[str, Rules]) -> str:
    """The rules in a line of the log."""
    each = (f"{name} {one.model_dump(exclude_unset=True, mode='json')}" for name, one in rules.items())
    return "; ".join(each) or "no rules"
