"""The channels of a running server: their rules follow the settings file, their counters go to the data folder."""

from __future__ import annotations

import asyncio
import logging

from engine.clock import Clock
from engine.errors import ConfigurationError
from engine.lines.channel_rules import Rules
from engine.lines.channels import Channels
from engine.lines.lines import Lines
from engine.lines.watermark import Watermark
from engine.records.counters import FILE, Counters
from engine.records.switches import stamp_of
from engine.server.descriptors import most_open
from engine.server.settings import Settings

log = logging.getLogger("flowctl.server")

EVERY = 1.0
"""Seconds between two looks at the settings file."""


class KeptChannels:
    """Channels with all that they need beside calls."""

    def __init__(self, settings: Settings, clock: Clock, *, descriptors: int) -> None:
        """descriptors: how many a process may have open. Blocking: reads the counters."""
        self._settings = settings
        self._descriptors = descriptors
        self._ports = len([number for number in settings.rtp.range if number % 2 == 0])
        self.counters = Counters(settings.data / FILE, clock)
        self.channels = Channels(settings.channels, tally=self.counters, default_count=self._ports)

    async def run(self, lines: Lines) -> None:
        """Until cancelled: read the rules when the settings file has changed, write what was counted, and warn when
        RTP ports or file descriptors become few."""
        await asyncio.gather(self._follow(), self.counters.keep(lambda: self.channels.busy), self._watch(lines))

    async def close(self) -> None:
        """Write the counters a last time."""
        await self.counters.save(self.channels.busy)

    async def _follow(self) -> None:
        path = self._settings.file
        if path is None:
            return
        stamp = await asyncio.to_thread(stamp_of, path)
        rules = self._settings.channels
        while True:
            await asyncio.sleep(EVERY)
            if (seen := await asyncio.to_thread(stamp_of, path)) == stamp:
                continue
            stamp = seen
            try:
                settings = await asyncio.to_thread(Settings.load, path)
            except (ConfigurationError, OSError) as error:
                log.error("the channels stay as they were: %s", error)
                continue
            if settings.channels != rules:
                rules = settings.channels
                self.channels.configure(rules)
                log.info("channels: %s", _said(rules))

    async def _watch(self, lines: Lines) -> None:
        ports, descriptors = Watermark("RTP ports"), Watermark("file descriptors of a process")
        while True:
            ports.see(lines.usage().get("rtp_ports", 0), self._ports)
            descriptors.see(await asyncio.to_thread(most_open), self._descriptors)
            await asyncio.sleep(EVERY)


def _said(rules: dict[str, Rules]) -> str:
    """The rules in a line of the log."""
    each = (f"{name} {one.model_dump(exclude_unset=True, mode='json')}" for name, one in rules.items())
    return "; ".join(each) or "no rules"
