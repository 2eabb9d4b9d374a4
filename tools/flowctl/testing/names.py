"""Names in a test that the scenario does not know: mistakes in the test, and no other path."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING

from engine.nodes.agent_search import AgentSearch
from engine.nodes.base import Path
from engine.nodes.hours import Hours
from engine.nodes.scenario import ScenarioCall
from engine.scenario.compile import CompiledScenario
from engine.scenario.suggest import did_you_mean
from tools.flowctl.simulator.reading import Reader

if TYPE_CHECKING:
    from tools.flowctl.testing.suite import Case, Subject


def check_names(reader: Reader, path: Path, case: Case, subject: Subject) -> None:
    """Complain about nodes, centres and switches that are nowhere in the scenario, or in those that it calls."""
    known = set(_node_names(subject.compiled, subject.catalogue))

    def check_node(name: str, place: Path, *, key: bool = False) -> None:
        if name not in known and name.count("/") <= _DEPTH:
            hint = did_you_mean(name, known)
            reader.wrong(place, f"the scenario has no node `{name}`", hint, key=key)

    for number, name in enumerate(case.expect.path or ()):
        check_node(name, (*path, "expect", "path", number))
    for name in case.story.fails:
        check_node(name, (*path, "fails", name), key=True)
    for what, nodes in (("lookups", case.story.world.lookups), ("http", case.story.world.http)):
        for name in nodes:
            check_node(name, (*path, what, name), key=True)
    _check_people_and_switches(reader, path, case, subject)


def _check_people_and_switches(reader: Reader, path: Path, case: Case, subject: Subject) -> None:
    scenarios = [subject.compiled.scenario, *(called.scenario for called in subject.catalogue.values())]
    nodes = list(chain.from_iterable(scenario.nodes.values() for scenario in scenarios))
    switches = {node.override for node in nodes if isinstance(node, Hours) and node.override}
    directory = subject.project.directory
    centres = {node.centre for node in nodes if isinstance(node, AgentSearch)}
    centres |= {centre.name for centre in directory.centres} if directory else set()

    def check(what: str, given: Collection[str], known: set[str], message: str) -> None:
        for name in given:
            if name not in known:
                hint = did_you_mean(name, known) or (f"it has {', '.join(sorted(known))}" if known else "")
                reader.wrong((*path, what, name), message.format(name), hint, key=True)

    # An expression may ask for a centre that nobody searches.
    asked = {name for name in (*case.story.people, *case.story.world.waiting) if f"centre.{name}" in str(nodes)}
    check("agents", case.story.people, centres | asked, "the scenario searches no centre `{}`")
    check("waiting", case.story.world.waiting, centres | asked, "the scenario searches no centre `{}`")
    check("switches", case.story.world.switches, switches, "no opening hours have the switch `{}` as `override`")


_DEPTH = 3
"""Scenarios inside each other whose node names are all known; those deeper down are not looked at."""


def _node_names(
    scenario: CompiledScenario, catalogue: Mapping[str, CompiledScenario], prefix: str = ""
) -> Iterator[str]:
    for name, node in scenario.scenario.nodes.items():
        yield prefix + name
        inner = catalogue.get(node.name) if isinstance(node, ScenarioCall) else None
        if inner is not None and prefix.count("/") < _DEPTH:
            yield from _node_names(inner, catalogue, f"{prefix}{name}/")
