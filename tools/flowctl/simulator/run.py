"""Runs one simulated call."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from drivers.virtual import Heard, Party, VirtualDriver
from engine.audio.library import PromptLibrary
from engine.audio.recordings import Recordings
from engine.audio.voices import TimedVoice
from engine.call.call import Call
from engine.call.record import CallRecord
from engine.call.services import Services
from engine.call.session import Session
from engine.centres.directory import Directory
from engine.clock import LoopClock, run_virtual
from engine.errors import CallError
from engine.lines import Leg
from engine.lines.dialling import DialPlan
from engine.nodes.agent_search import AgentSearch
from engine.nodes.base import Node
from engine.nodes.fields import TargetMark
from engine.outside.ports import Mail
from engine.records.switches import FixedSwitches
from engine.scenario.compile import CompiledScenario
from engine.scenario.walk import iter_marked
from tools.flowctl.simulator.caller import Caller, Step
from tools.flowctl.simulator.numbers import SimulatedLines
from tools.flowctl.simulator.people import People, SimulatedCentres, Staff
from tools.flowctl.simulator.stage import SWITCHBOARD, Stage
from tools.flowctl.simulator.world import World

_CENTRE = re.compile(r"\bcentre\.([A-Za-z_][A-Za-z0-9_]*)")

CLI = "0143670903"
"""Who calls, unless told otherwise."""

PATIENCE = 4 * 3600.0
"""Virtual seconds after which the simulated caller hangs up, whatever happens."""


@dataclass(slots=True)
class Simulation:
    """What a simulated call was like."""

    record: CallRecord
    heard: list[str]
    variables: dict[str, Any]
    unmet: Step | None = None
    """The step of the script that never came about."""
    mails: list[Mail] = field(default_factory=list)
    """What was sent."""
    alerts: list[Mail] = field(default_factory=list)
    """What people were told by `alert` nodes."""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; `path`, `heard`, `variables` and `result` are the stable part."""
        return {**self.record.as_dict(), "heard": self.heard, "variables": self.variables}


@dataclass(slots=True)
class Plan:
    """Everything that a simulated call begins with. `at` without a zone is in the scenario's."""

    did: str | None = None
    cli: str = CLI
    at: datetime | None = None
    people: People = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    world: World = field(default_factory=World)
    catalogue: Mapping[str, CompiledScenario] = field(default_factory=dict)
    """The scenarios that it may call, by name."""
    directory: Directory | None = None
    """The agents and centres of the server, if they are known."""
    dialling: DialPlan = field(default_factory=DialPlan)
    """What may be dialled."""
    fails: Mapping[str, str] = field(default_factory=dict)
    """Node, by its name in the path → reason for which it fails."""
    ask_agents: Callable[[str], Awaitable[Staff]] | None = None
    watch: Callable[[Party, Call], None] | None = None
    """Called as the call begins, by what shows it or types its keys."""


def simulate(scenario: CompiledScenario, plan: Plan) -> Simulation:
    """Run the call to its end on a new virtual clock."""
    if plan.fails:
        catalogue = {name: _failing(called, plan.fails) for name, called in plan.catalogue.items()}
        scenario, plan = _failing(scenario, plan.fails), replace(plan, catalogue=catalogue)
    with tempfile.TemporaryDirectory(prefix="flowctl-") as folder:
        return run_virtual(lambda: _simulate(scenario, plan, Path(folder)))


async def _simulate(scenario: CompiledScenario, plan: Plan, folder: Path) -> Simulation:
    model = scenario.scenario
    zone = ZoneInfo(model.time_zone)
    start = plan.at or datetime.now(zone)
    clock = LoopClock(start if start.tzinfo else start.replace(tzinfo=zone))
    driver = VirtualDriver()
    stage = Stage(plan.world, driver)
    services = Services(
        clock=clock,
        prompts=PromptLibrary(TimedVoice()),
        centres=SimulatedCentres(
            driver, plan.people, plan.ask_agents, _centres(scenario, plan), plan.directory, plan.world.waiting
        ),
        lines=SimulatedLines([driver], plan=plan.dialling),
        recordings=Recordings(folder, clock),
        switches=FixedSwitches(plan.world.switches),
        switchboard=SWITCHBOARD,
        databases=stage.databases,
        http=stage.http,
        mailer=stage.mailer,
        alerts=stage.alerts,
        mailboxes=stage.mailboxes,
        contacts=stage.contacts,
        exchange=stage.exchange,
    )
    return await _call(scenario, plan, driver, services, stage)


async def _call(
    scenario: CompiledScenario, plan: Plan, driver: VirtualDriver, services: Services, stage: Stage
) -> Simulation:
    legs: list[Leg] = []
    await driver.start(legs.append)
    party = driver.call(plan.did or _any_did(scenario), plan.cli)
    heard: list[str] = []

    def hears(item: Heard) -> None:
        if item.until is None:
            heard.append(item.clip.label)

    party.on_heard.append(hears)
    caller = Caller(party, plan.steps)
    session = Session(legs[0], scenario, services, plan.catalogue)
    stage.follow(session.call.record)
    if plan.watch:
        plan.watch(party, session.call)
    acting = asyncio.ensure_future(caller.run())
    patience = asyncio.get_running_loop().call_later(PATIENCE, party.hang_up)
    try:
        record = await session.run()
    finally:
        patience.cancel()
        acting.cancel()
        with suppress(asyncio.CancelledError):
            await acting
        await driver.stop()
    return Simulation(
        record,
        _looped_once(heard),
        _shown(session.call),
        caller.stuck_at,
        mails=stage.mailer.sent,
        alerts=stage.alerts.raised,
    )


def _failing(scenario: CompiledScenario, fails: Mapping[str, str]) -> CompiledScenario:
    """The scenario, in which some nodes fail when the call comes to them under the names given."""
    names = {name.rpartition("/")[2] for name in fails}
    nodes = scenario.scenario.nodes
    changed = {name: _failing_node(node, fails) if name in names else node for name, node in nodes.items()}
    return replace(scenario, scenario=scenario.scenario.model_copy(update={"nodes": changed}))


def _failing_node(node: Node, fails: Mapping[str, str]) -> Node:
    async def run(call: Call) -> str:
        reason = fails.get(call.record.path[-1].node)
        if reason is not None:
            raise CallError(reason)
        return await node.run(call)

    copy = node.model_copy()
    # Models are frozen, which is about their parameters; here the coroutine of one of them is another.
    object.__setattr__(copy, "run", run)
    return copy


def _centres(scenario: CompiledScenario, plan: Plan) -> frozenset[str]:
    """The centres that the scenarios of a call speak of, in their searches and in their expressions."""
    nodes = [node for one in (scenario, *plan.catalogue.values()) for node in one.scenario.nodes.values()]
    searched = {node.centre for node in nodes if isinstance(node, AgentSearch)}
    texts = (text for node in nodes for _, text, mark in iter_marked(node) if not isinstance(mark, TargetMark))
    return frozenset(searched.union(*(_CENTRE.findall(text) for text in texts)))


def _any_did(scenario: CompiledScenario) -> str:
    """A number that leads to the scenario."""
    first = next(iter(scenario.scenario.did), "")
    return first.rstrip("*") or "100"


def _looped_once(heard: list[str]) -> list[str]:
    """A sound repeated without another between is listed once: music on hold is one thing heard."""
    return [label for index, label in enumerate(heard) if index == 0 or heard[index - 1] != label]


def _shown(call: Call) -> dict[str, Any]:
    """The variables at the end of the call; masked ones as x."""
    return {name: "x" * len(str(value)) if name in call.masked else value for name, value in call.variables.items()}
