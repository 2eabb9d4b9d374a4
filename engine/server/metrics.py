"""Figures of a running server for Prometheus: text format 0.0.4.

Everything is looked up when it is asked for; nothing is counted twice, and nothing is kept for it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING

from engine.centres.desk import AgentState
from engine.errors import DatabaseError

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from engine.server.watched import Watched

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

OUTBOX_SECONDS = 2.0
"""A disk that hangs keeps nobody from the other figures."""


async def exposition(watched: Watched) -> bytes:
    """What there is to say now."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.process_collector import ProcessCollector

    waiting: dict[str, int] = {}
    try:
        async with asyncio.timeout(OUTBOX_SECONDS):
            waiting = await watched.outbox.count()
    except (TimeoutError, sqlite3.Error, DatabaseError):
        pass
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(list(_figures(watched, waiting))))
    ProcessCollector(registry=registry)
    return await asyncio.to_thread(generate_latest, registry)


class _Once:
    """A collector of what was looked up already: rendering is done in a thread, looking is not."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _figures(watched: Watched, waiting: dict[str, int]) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

    yield InfoMetricFamily("flowctl", "This server.", {"version": version("flowctl"), "name": watched.name})
    yield GaugeMetricFamily("flowctl_ready", "1 while calls may be sent here.", int(not watched.health.reasons()))
    yield GaugeMetricFamily(
        "flowctl_event_loop_delay_seconds",
        "By how much the event loop was late, the most in the last ten seconds.",
        watched.health.loop_delay,
    )
    yield from _calls(watched)
    yield from _lines(watched)
    yield from _people(watched)
    outbox = GaugeMetricFamily("flowctl_outbox_entries", "What waits to be stored or sent.", labels=["kind"])
    for kind, count in sorted(waiting.items()):
        outbox.add_metric([kind], count)
    yield outbox
    yield GaugeMetricFamily("flowctl_database_up", "0 while the database is away.", int(not watched.database_away))


def _calls(watched: Watched) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    ever = watched.counters.ever
    yield GaugeMetricFamily("flowctl_calls_in_progress", "Calls in progress.", watched.calls)
    calls = CounterMetricFamily(
        "flowctl_calls", "Calls that had a channel, since the installation.", labels=["direction"]
    )
    calls.add_metric(["in"], ever.incoming)
    calls.add_metric(["out"], ever.outgoing)
    yield calls
    yield CounterMetricFamily(
        "flowctl_calls_refused", "Calls refused for want of a channel, a port or time.", ever.refused
    )
    for driver in watched.lines.drivers:
        delays = driver.post_dial()
        if delays is not None:
            histogram = HistogramMetricFamily(
                "flowctl_post_dial_delay_seconds",
                "From an INVITE that comes in to the first answer but 100 (Trying).",
                labels=["driver"],
            )
            histogram.add_metric([driver.name], delays.buckets(), delays.total)
            yield histogram


def _lines(watched: Watched) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    busy = Counter(channel.line for channel in watched.lines.channels.taken())
    channels = GaugeMetricFamily("flowctl_channels_busy", "Channels that a call has.", labels=["line"])
    for line in sorted({*busy, *(driver.name for driver in watched.lines.drivers)}):
        channels.add_metric([line], busy[line])
    yield channels
    yield GaugeMetricFamily(
        "flowctl_channels_most_busy",
        "Most channels at one moment, since the installation.",
        watched.counters.ever.most_busy,
    )
    trunks = GaugeMetricFamily("flowctl_trunk_up", "1 while a trunk can be used.", labels=["trunk"])
    for driver in watched.lines.drivers:
        for name, state in driver.trunks().items():
            trunks.add_metric([f"{driver.name}/{name}"], int(state.up))
    yield trunks
    used = watched.lines.usage()
    yield GaugeMetricFamily("flowctl_rtp_ports_used", "RTP ports that a call has.", used.get("rtp_ports", 0))
    yield GaugeMetricFamily("flowctl_rtp_ports", "RTP ports that there are.", watched.rtp_ports)


def _people(watched: Watched) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    states = Counter(desk.state for desk in watched.centres.desks)
    agents = GaugeMetricFamily("flowctl_agents", "Agents by what they are doing.", labels=["state"])
    for state in AgentState:
        agents.add_metric([state.value], states[state])
    yield agents
    waiting = GaugeMetricFamily("flowctl_centre_waiting_calls", "Calls that wait for a centre.", labels=["centre"])
    searches = CounterMetricFamily(
        "flowctl_centre_searches",
        "Searches of callers who have waited, by how they ended; since the start.",
        labels=["centre", "outcome"],
    )
    for name, counts in watched.centres.snapshot().items():
        waiting.add_metric([name], counts["waiting"])
    for (name, outcome), count in sorted(watched.centres.ended.items()):
        searches.add_metric([name, outcome], count)
    yield from (waiting, searches)
