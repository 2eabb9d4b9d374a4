"""Agents and centres as the entries of a directory file."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.centres.directory import Agent, Centre, Directory

DURATIONS = ("answer_delay", "wrap_up")


def agent_entry(agent: Agent, *, with_hash: bool = False) -> dict[str, Any]:
    """What the file would say of an agent: what is not default, and never the password in clear."""
    hidden = {"password"} if with_hash else {"password", "password_hash"}
    return agent.model_dump(exclude=hidden, exclude_defaults=True)


def centre_entry(centre: Centre) -> dict[str, Any]:
    """What the file would say of a centre: what is not default."""
    entry = centre.model_dump(exclude_defaults=True)
    return {key: duration(value) if key in DURATIONS else value for key, value in entry.items()}


def directory_entries(directory: Directory, *, with_hashes: bool = False) -> dict[str, list[dict[str, Any]]]:
    """What the whole file would say, by code and by name."""
    return {
        "agents": [
            agent_entry(agent, with_hash=with_hashes)
            for agent in sorted(directory.agents, key=lambda agent: agent.code)
        ],
        "centres": [centre_entry(centre) for centre in sorted(directory.centres, key=lambda centre: centre.name)],
    }


def duration(seconds: float) -> str:
    """Seconds as they are written: `15s`."""
    digits = format(Decimal(repr(seconds)), "f")
    return f"{digits.rstrip('0').rstrip('.') if '.' in digits else digits}s"
