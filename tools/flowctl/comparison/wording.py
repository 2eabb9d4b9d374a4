"""What callers do and meet, in words: which caller takes a way, and what a node does with a caller."""

from __future__ import annotations

from typing import Any

from engine.nodes.base import END, Node
from tools.flowctl.comparison.flow import ON_ERROR, ROOT, Flow, Way
from tools.flowctl.graph import words

FOLLOWED = 4
"""Nodes that are told of what follows."""

CLAUSES = 3
"""Conditions that are told of a way from the start, the last ones."""

SAID = 60


def condition(flow: Flow, name: str, way: Way | None = None) -> str:
    """Which caller comes to a node, and takes a way out of it."""
    steps = [*(flow.steps_to(name) if name in flow.steps else []), *([(name, way)] if way is not None else [])]
    clauses = [clause for node, step in steps if (clause := _clause(flow, node, step))]
    # Of a condition that is told again because the caller went round, once is enough.
    clauses = list(dict.fromkeys(clauses))
    shown = clauses[-CLAUSES:]
    more = ["…"] if len(clauses) > CLAUSES else []
    return "a caller " + ", ".join([*more, *shown]) if shown else "every caller"


def follows(flow: Flow, name: str) -> str:
    """What happens to a caller who is led to a node: what it does, and what the nodes after it do."""
    deeds: list[str] = []
    seen: set[str] = set()
    while len(deeds) < FOLLOWED:
        if name == END:
            return ", then ".join([*deeds, "the call ends"])
        if name in seen:
            return ", then ".join([*deeds, "and so on"])
        seen.add(name)
        node = flow.nodes[name]
        if deed := _deed(name, node):
            deeds.append(deed)
        targets = {way.target for key, way in flow.ways[name].items() if key != "error"}
        if len(targets) != 1:
            break
        name = targets.pop()
    return ", then ".join(deeds) or f"goes on at `{name}`"


def _get(node: Node, name: str) -> Any:
    return vars(node).get(name)


def _party(name: str, node: Node) -> str:
    to = _get(node, "to")
    if isinstance(to, list):
        return ", ".join(map(str, to))
    return str(to) if to else "the switchboard" if node.type == "switchboard" else f"`{name}`"


def _clause(flow: Flow, name: str, way: Way) -> str:
    """Which caller takes a way; nothing for a way that everybody takes."""
    key = way.key
    if name == ROOT:
        return "at whose call a node fails that has no `error` branch" if key == ON_ERROR else ""
    node = flow.nodes[name]
    if key == "next":
        return ""
    if key == "error" and node.type != "http":
        return f"at whose call `{name}` fails"
    found = _CLAUSES.get((node.type, key))
    if found is not None:
        return found.format(
            name=name,
            centre=_get(node, "centre"),
            timeout=words.seconds(_get(node, "timeout") or 0),
            party=_party(name, node),
            mailbox=_get(node, "mailbox"),
            rounds="1 round" if _get(node, "times") == 1 else f"{_get(node, 'times')} rounds",
            waiting=_get(node, "max_waiting"),
            variable=_get(node, "variable"),
            source=_get(node, "source"),
        )
    if node.type == "menu":
        verb = "presses" if len(key) == 1 else "dials"
        return f"who {verb} {key}{' (X is any digit)' if 'X' in key else ''} in `{name}`"
    if node.type == "branch":
        return f"for whom no condition of `{name}` is true" if key == "default" else f"for whom {key[5:]}"
    if node.type == "scenario":
        return f"whom the scenario {_get(node, 'name')} sends on with `{key}`"
    return f"with the outcome `{key}` of `{name}`"


_CLAUSES = {
    ("hours", "open"): "during opening hours (`{name}`)",
    ("hours", "closed"): "outside opening hours (`{name}`)",
    ("hours", "holiday"): "on a public holiday (`{name}`)",
    ("menu", "no_input"): "who presses nothing in `{name}`",
    ("menu", "no_match"): "who presses only wrong keys in `{name}`",
    ("menu", "direct_dial"): "who dials an extension in `{name}`",
    ("collect", "collected"): "who enters {variable} in `{name}`",
    ("collect", "no_input"): "who enters nothing in `{name}`",
    ("collect", "invalid"): "who enters nothing valid in `{name}`",
    ("agent_search", "transferred"): "whom an agent of {centre} has answered",
    ("agent_search", "nobody"): "when {centre} has nobody to call",
    ("agent_search", "timeout"): "whom nobody of {centre} answers within {timeout}",
    ("agent_search", "full"): "when {waiting} calls wait for {centre} already",
    ("agent_search", "key"): "who presses a key while waiting for {centre}",
    **{
        (kind, outcome): text
        for kind in ("bridge", "transfer", "switchboard")
        for outcome, text in {
            "ended": "after a conversation with {party}",
            "transferred": "who is put through to {party}",
            "busy": "when {party} is busy",
            "no_answer": "when {party} does not answer",
            "rejected": "when {party} rejects the call",
            "failed": "when {party} cannot be reached",
        }.items()
    },
    ("voicemail", "recorded"): "who leaves a message for {mailbox}",
    ("voicemail", "empty"): "who leaves no message for {mailbox}",
    ("mailbox", "done"): "who has listened to the messages in `{name}`",
    ("mailbox", "refused"): "who does not know the PIN in `{name}`",
    ("lookup", "found"): "whom {source} knows (`{name}`)",
    ("lookup", "not_found"): "whom {source} does not know (`{name}`)",
    ("http", "ok"): "when the server of `{name}` answers",
    ("http", "error"): "when the server of `{name}` gives no answer",
    ("loop", "again"): "in the first {rounds} of `{name}`",
    ("loop", "exhausted"): "after {rounds} of `{name}`",
}


def _deed(name: str, node: Node) -> str:
    """What a node does with a caller; nothing when they notice nothing of it."""
    if node.type in ("hangup", "reject"):
        cause = _get(node, "cause")
        return "the call ends" if cause in (None, "normal") else f"the call ends with the cause {cause}"
    found = _DEEDS.get(node.type, "passes `{name}` ({type})")
    return found.format(
        name=name,
        type=node.type,
        prompt=words.prompt(_get(node, "prompt"), SAID),
        party=_party(name, node),
        how="to all free agents" if _get(node, "method") == "broadcast" else "one after another to the agents",
        **{key: words.seconds(_get(node, key) or 0) for key in ("timeout", "duration")},
        **{
            key: _get(node, key) for key in ("variable", "centre", "source", "outcome", "times", "language", "action")
        },
        called=_get(node, "name"),
        mailbox=_get(node, "mailbox") or "of the caller",
    )


_DEEDS = {
    "play": "hears {prompt}",
    "menu": "hears {prompt} and chooses by key",
    "collect": "hears {prompt} and enters {variable}",
    "hours": "goes by the opening hours of `{name}`",
    "branch": "goes by the conditions of `{name}`",
    "agent_search": "is offered {how} of {centre} for up to {timeout}",
    "bridge": "is connected to {party}",
    "transfer": "is put through to {party}",
    "switchboard": "is put through to {party}",
    "voicemail": "leaves a message for {mailbox}",
    "mailbox": "listens to the mailbox {mailbox}",
    "record": "comes to `{name}` ({action} recording)",
    "http": "waits for the server of `{name}`",
    "email": "a mail goes to {party}",
    "alert": "an alert goes to {party}",
    "lookup": "is looked up in {source}",
    "scenario": "goes through the scenario {called}",
    "return": "leaves the scenario with `{outcome}`",
    "loop": "goes round `{name}` up to {times} times",
    "wait": "waits for {duration}",
    "language": "goes on in the language {language}",
    "set": "",
    "answer": "",
}
