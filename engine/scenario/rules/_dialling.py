"""What a scenario dials, as far as it is written, and who answers that."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.lines.numbering import e164
from engine.nodes.base import Path
from engine.scenario.draft import Draft

_NUMBER = re.compile(r"\+?[0-9*#][0-9*#\s()./-]*\Z", re.ASCII)
_SPACING = re.compile(r"[\s()./-]")
_URI = re.compile(r"sips?:(?P<user>[^@;?]+)@(?P<host>\[[^\]]*\]|[^:;?]+)(?::(?P<port>\d+))?", re.IGNORECASE)

SHORTEST_PREFIX = 4
"""A pattern such as `01*` stands for numbers in general; only a longer one is a block of numbers of our own."""

_DIALLING = ("bridge", "transfer")
_LISTEN = "127.0.0.1:5060"
_EVERYWHERE = ("0.0.0.0", "[::]")  # noqa: S104 - it is compared with, nothing listens here
_HERE = ("127.0.0.1", "localhost", "[::1]")


def dialled(draft: Draft) -> Iterator[tuple[Path, str]]:
    """What is dialled and is no expression, with its place."""
    for name, node in draft.nodes.items():
        to = getattr(node, "to", None) if node.type in _DIALLING else None
        if isinstance(to, str) and to.strip() and "${" not in to:
            yield ("nodes", name, "to"), to.strip()


def is_number(to: str) -> bool:
    """True for what can be dialled on a telephone."""
    return _NUMBER.match(to) is not None


def answering(draft: Draft, to: str) -> Draft | None:
    """The scenario that answers when `draft` dials this: one of the project, or itself; None when it is a number
    of others. That a scenario answers every number (`*`) does not make every number ours."""
    number = _own_number(draft, to)
    if number is None:
        return None
    country = str(draft.project.setting("country") or "FR")
    bare = _SPACING.sub("", number)
    wanted = e164(bare, country) or bare
    longest, found = "", None
    for scenario in (draft, *others(draft)):
        for did in filter(None, scenario.scenario.did):  # What is unsound stands as None.
            prefix = did.rstrip("*")
            if did == prefix and (e164(did, country) or did) == wanted:
                return scenario
            block = did != prefix and len(prefix) >= max(SHORTEST_PREFIX, len(longest) + 1)
            if block and any(number.startswith(prefix) for number in (wanted, bare)):
                longest, found = prefix, scenario
    return found


def others(draft: Draft) -> Iterator[Draft]:
    """The other scenarios of the project."""
    ours = draft.file.absolute()
    return (other for other in draft.project.drafts if other.file.absolute() != ours)


def _own_number(draft: Draft, to: str) -> str | None:
    """The number that comes in at our own lines when this is dialled; None when it goes to somebody else."""
    directory = draft.project.directory
    if directory is not None and any(agent.code == to for agent in directory.agents):
        return None
    if is_number(to):
        return to
    uri = _URI.match(to)
    if uri is None or draft.project.server is None:
        return None
    host, _, port = str(draft.project.setting("sip", "listen") or _LISTEN).rpartition(":")
    here = uri["host"].lower() == host or (host in _EVERYWHERE and uri["host"].lower() in _HERE)
    return uri["user"] if here and (uri["port"] or "5060") == port else None
