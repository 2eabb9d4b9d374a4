"""All differences between two flows, in the order in which callers meet them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tools.flowctl.comparison.flow import ROOT, START, Flow, Way
from tools.flowctl.comparison.match import Match, match
from tools.flowctl.comparison.parameters import Difference, node_differences, top_differences
from tools.flowctl.comparison.wording import condition, follows

Kind = Literal["appears", "vanishes", "changes"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference for callers. `before` and `after` say what follows the condition, None when nothing can; the
    lines are those of the files, None where there is none."""

    change: Kind
    condition: str
    before: str | None
    after: str | None
    line_old: int | None
    line_new: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs for callers, and what only has another name now (old, new)."""

    changes: list[Change]
    renamed: list[tuple[str, str]]


def compare(old: Flow, new: Flow) -> Comparison:
    """Compare what callers meet; a node's name and its place in the file are nothing to them."""
    pairs = match(old, new)
    old_of = {new_name: old_name for old_name, new_name in pairs.new_of.items()}
    changes = [*_top(old, new), *_ways(old, new, (ROOT, ROOT), pairs)]
    for name in new.nodes:
        if name in old_of:
            names = (old_of[name], name)
            changes += [_parameter(old, new, names, found) for found in node_differences(old, new, names)]
            changes += _ways(old, new, names, pairs)
        elif pairs.new_class[name] not in pairs.old_class.values():
            changes += _paths(new, name, "appears")
    for name in old.nodes:
        if name not in pairs.new_of and pairs.old_class[name] not in pairs.new_class.values():
            changes += _paths(old, name, "vanishes")
    renamed = [(a, b) for a, b in pairs.new_of.items() if a != b]
    return Comparison(list(dict.fromkeys(changes)), renamed)


def _top(old: Flow, new: Flow) -> Iterator[Change]:
    """Numbers, and what is said at the top of the file."""
    before, after = old.scenario.did, new.scenario.did
    for index, did in enumerate(before):
        if did not in after:
            yield Change("vanishes", _callers_of(did), _begins(old), None, old.line("did", index), None)
    for index, did in enumerate(after):
        if did not in before:
            yield Change("appears", _callers_of(did), None, _begins(new), None, new.line("did", index))
    for found in top_differences(old, new):
        lines = [flow.line(found.key) if found.key in flow.draft.document.data else None for flow in (old, new)]
        yield Change("changes", f"every caller: {_small(found.about)}", found.before, found.after, *lines)


def _callers_of(did: str) -> str:
    return "a caller of any other number" if did == "*" else f"a caller of {did}"


def _begins(flow: Flow) -> str:
    return follows(flow, flow.ways[ROOT][START].target)


def _small(text: str) -> str:
    """The beginning of a sentence as a part of one."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _parameter(old: Flow, new: Flow, names: tuple[str, str], found: Difference) -> Change:
    who = condition(new, names[1])
    about = f": {_small(found.about)}" if found.about else ""
    lines = []
    for flow, name in ((old, names[0]), (new, names[1])):
        written = found.key in flow.draft.document.data["nodes"][name]
        lines.append(flow.line("nodes", name, *((found.key,) if written else ())))
    return Change("changes", f"{who}, in `{names[1]}`{about}", found.before, found.after, *lines)


def _ways(old: Flow, new: Flow, names: tuple[str, str], pairs: Match) -> Iterator[Change]:
    """The ways out of a node that is in both files."""
    before, after = old.ways[names[0]], new.ways[names[1]]
    for key, way in after.items():
        was = before.get(key)
        if was is None:
            who = condition(new, names[1], way)
            yield Change("appears", who, None, follows(new, way.target), None, way.line)
        elif not pairs.same(was.target, way.target):
            texts = _told_apart(follows(old, was.target), follows(new, way.target), was, way)
            yield Change("changes", condition(new, names[1], way), *texts, was.line, way.line)
    for key, way in before.items():
        if key not in after:
            who = condition(old, names[0], way)
            yield Change("vanishes", who, follows(old, way.target), None, way.line, None)


def _told_apart(before: str, after: str, was: Way, way: Way) -> tuple[str, str]:
    """Two texts; where what follows at once is alike, they say at which node it is."""
    if before != after:
        return before, after
    return f"{before} (`{was.target}`)", f"{after} (`{way.target}`)"


def _paths(flow: Flow, name: str, change: Kind) -> Iterator[Change]:
    """What a node that is in one file only decides. One with a single way out is told with what leads to it."""
    ways = flow.ways[name].values()
    if len(ways) < 2:
        return
    for way in ways:
        who, what = condition(flow, name, way), follows(flow, way.target)
        if change == "appears":
            yield Change(change, who, None, what, None, way.line)
        else:
            yield Change(change, who, what, None, way.line, None)
