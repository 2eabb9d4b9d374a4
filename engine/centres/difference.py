"""What becomes of a directory when another one is put in its place. Passwords are never in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.centres.directory import Agent, Directory
from engine.centres.entries import agent_entry, centre_entry
from engine.centres.passwords import fits

Kind = Literal["agent", "centre"]
Deed = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One agent or centre; `key` is the code or the name. `fields`: the value before and afterwards, None where there
    is none; of a password `set`, or `changed`. Empty for what is removed."""

    kind: Kind
    key: str
    deed: Deed
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


def put_in_place(stored: Directory, given: Directory, *, keep: bool = False) -> Directory:
    """The directory that `given` makes of `stored`. Agents who are given without a password keep theirs; one in clear
    stays in clear, unless it is the one that is stored. keep: who is not given stays.

    Blocking: some 30 ms for each password in clear.
    """
    known = {agent.code: agent for agent in stored.agents}
    agents = [_with_password(agent, known.get(agent.code)) for agent in given.agents]
    centres = list(given.centres)
    if keep:
        codes, names = {agent.code for agent in given.agents}, {centre.name for centre in given.centres}
        agents += [agent for agent in stored.agents if agent.code not in codes]
        centres += [centre for centre in stored.centres if centre.name not in names]
    return Directory(agents=agents, centres=centres)


def _with_password(given: Agent, stored: Agent | None) -> Agent:
    kept = stored.password_hash if stored is not None else None
    if kept is None or given.password_hash is not None:
        return given
    if given.password is not None and not fits(kept, given.password.get_secret_value()):
        return given
    return given.model_copy(update={"password": None, "password_hash": kept})


def differences(before: Directory, after: Directory) -> list[Change]:
    """What has to be done, agents first, each by code or name."""
    agents = {agent.code: agent for agent in before.agents}, {agent.code: agent for agent in after.agents}
    centres = ({centre.name: centre_entry(centre) for centre in one.centres} for one in (before, after))
    return [
        *_changes("agent", *({code: _agent_fields(agent) for code, agent in side.items()} for side in agents)),
        *_changes("centre", *centres),
    ]


def _agent_fields(agent: Agent) -> dict[str, Any]:
    entry = agent_entry(agent)
    if agent.password is not None:
        entry["password"] = _Secret("")
    elif agent.password_hash is not None:
        entry["password"] = _Secret(agent.password_hash)
    return entry


@dataclass(frozen=True, slots=True)
class _Secret:
    """A password: its hash, empty for one that is new."""

    hash: str = field(repr=False)


def _changes(kind: Kind, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for key in sorted(before.keys() | after.keys()):
        if key not in after:
            yield Change(kind, key, "removed")
        elif key not in before:
            yield Change(kind, key, "added", _fields({}, after[key]))
        elif fields := _fields(before[key], after[key]):
            yield Change(kind, key, "changed", fields)


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The fields that differ, but for the key itself; as in the file, so that a default is None."""
    fields: dict[str, tuple[Any, Any]] = {}
    for name in (*after, *(name for name in before if name not in after)):
        old, new = before.get(name), after.get(name)
        if old == new or (not before and name in ("code", "name")):
            continue
        if name == "password":
            fields[name] = (old and "set", new and ("changed" if old else "set"))
        else:
            fields[name] = (old, new)
    return fields
