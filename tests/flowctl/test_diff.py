"""`flowctl diff`: pairs of scenarios, named by what is different, and what callers are told to meet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tools.flowctl import main
from tools.flowctl.commands import diff as command

VOICEMAIL = "{type: voicemail, mailbox: support, max_duration: 2m, on: {recorded: bye, empty: bye}}"
BASE = """\
format: 1
name: test
description: A scenario
did: ["32", "33"]
language: en
time_zone: Europe/Paris
max_duration: 10m
variables:
  to: {type: string, default: "sip:desk@a.example"}
start: welcome
on_error: sorry
nodes:
  welcome: {type: play, prompt: [{tone: beep}], next: opening}
  opening:
    type: hours
    week: {mon-fri: ["08:00-18:00"]}
    exceptions: {"2027-12-24": ["08:00-12:00"]}
    on: {open: choice, closed: closed}
  choice:
    type: menu
    prompt: [{silence: 1s}]
    options: {"1": search, "2": desk, "3": message}
    timeout: 5s
    on: {no_input: bye, no_match: bye}
  search:
    type: agent_search
    centre: support
    method: broadcast
    timeout: 30s
    on: {transferred: end, nobody: message, timeout: choice}
  desk: {type: bridge, to: "${to}", on: {ended: end, busy: bye, no_answer: bye, rejected: bye, failed: bye}}
  closed: {type: wait, duration: 3s, next: kind}
  kind:
    type: branch
    cases:
      - {when: 'call.cli == "1"', next: search}
      - {when: 'call.cli == "2"', next: message}
    default: message
  message: {type: voicemail, mailbox: support, max_duration: 2m, on: {recorded: bye, empty: bye}}
  bye: {type: play, prompt: [{tone: busy}], next: end}
  sorry: {type: hangup}
"""
LOOPS = """\
format: 1
name: test
did: ["32"]
language: en
start: rounds
nodes:
  rounds: {type: loop, times: 1, on: {again: pause, exhausted: end}}
  pause: {type: wait, duration: 2s, next: rounds}
"""
FIRST = "      - {when: 'call.cli == \"1\"', next: search}\n"
SECOND = "      - {when: 'call.cli == \"2\"', next: message}\n"
NIGHT = "  night: {type: play, prompt: [{silence: 2s}], next: message}\n"
OPEN = "during opening hours (`opening`)"
CLOSED = "outside opening hours (`opening`)"
CHOOSES = "hears silence of 1 s and chooses by key"
BYE = "hears busy tone, then the call ends"
MESSAGE = "leaves a message for support, then hears busy tone, then the call ends"
SUPPORT = "is offered to all free agents of support for up to 30 s"
BEGINS = "hears beep tone, then goes by the opening hours of `opening`"

Told = tuple[str, str, str | None, str | None]


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(command.app, [str(argument) for argument in arguments], catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def changed(text: str, *pairs: tuple[str, str]) -> str:
    """A text with replacements, each of which must apply."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


def files(folder: Path, old: str, new: str) -> tuple[Path, Path]:
    paths = folder / "old.yaml", folder / "new.yaml"
    for path, text in zip(paths, (old, new), strict=True):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return paths


def told(folder: Path, old: str, new: str) -> list[Told]:
    """(change, condition, before, after) of each difference."""
    code, out, err = run(*files(folder, old, new), "--format", "json")
    found: list[dict[str, Any]] = json.loads(out) if out else []
    assert code == (1 if found else 0), err
    return [(one["change"], one["condition"], one["before"], one["after"]) for one in found]


PAIRS: dict[str, tuple[list[tuple[str, str]], list[Told]]] = {
    "number gained": (
        [('["32", "33"]', '["32", "33", "34"]')],
        [("appears", "a caller of 34", None, BEGINS)],
    ),
    "number lost": ([('["32", "33"]', '["33"]')], [("vanishes", "a caller of 32", BEGINS, None)]),
    "every other number": (
        [('["32", "33"]', '["32", "33", "*"]')],
        [("appears", "a caller of any other number", None, BEGINS)],
    ),
    "language": (
        [("language: en", "language: fr")],
        [("changes", "every caller: the language at the beginning of the call", "en", "fr")],
    ),
    "time zone": (
        [("Europe/Paris", "Europe/London")],
        [("changes", "every caller: the time zone in which hours count", "Europe/Paris", "Europe/London")],
    ),
    "longest call": (
        [("max_duration: 10m\n", "max_duration: 1h\n")],
        [("changes", "every caller: the longest call", "10 min", "1 h")],
    ),
    "no longest call": (
        [("max_duration: 10m\n", "")],
        [("changes", "every caller: the longest call", "10 min", "without a limit")],
    ),
    "beginning of a variable": (
        [("sip:desk@a", "sip:desk@b")],
        [
            (
                "changes",
                "every caller: the variable to at the beginning of the call",
                "sip:desk@a.example",
                "sip:desk@b.example",
            )
        ],
    ),
    "another prompt": (
        [("{tone: beep}", "{silence: 2s}")],
        [("changes", "every caller, in `welcome`", "hears beep tone", "hears silence of 2 s")],
    ),
    "open on Saturday": (
        [('mon-fri: ["08:00-18:00"]', 'mon-fri: ["08:00-18:00"], sat: ["09:00-12:00"]')],
        [
            (
                "changes",
                "every caller, in `opening`: open on Saturday 9:00–12:00",
                "closed: waits for 3 s, then goes by the conditions of `kind`",
                f"open: {CHOOSES}",
            )
        ],
    ),
    "a break at noon": (
        [('"08:00-18:00"', '"08:00-12:00", "14:00-18:00"')],
        [
            (
                "changes",
                "every caller, in `opening`: closed on Monday to Friday 12:00–14:00",
                f"open: {CHOOSES}",
                "closed: waits for 3 s, then goes by the conditions of `kind`",
            )
        ],
    ),
    "a dated exception": (
        [('"2027-12-24": ["08:00-12:00"]', '"2027-12-24": closed, "2027-12-31": ["08:00-12:00"]')],
        [
            ("changes", "every caller, in `opening`: on 2027-12-24", "open 08:00-12:00", "closed"),
            ("changes", "every caller, in `opening`: on 2027-12-31", "as on any day", "open 08:00-12:00"),
        ],
    ),
    "public holidays": (
        [
            ('mon-fri: ["08:00-18:00"]}', 'mon-fri: ["08:00-18:00"]}\n    holidays: FR'),
            ("closed: closed}", "closed: closed, holiday: bye}"),
        ],
        [
            (
                "changes",
                "every caller, in `opening`: country whose public holidays count, "
                "by its two letters such as FR, or {country, region}",
                "nothing",
                "FR",
            ),
            ("appears", "a caller on a public holiday (`opening`)", None, BYE),
        ],
    ),
    "a key gained": (
        [('"3": message}', '"3": message, "4": bye}')],
        [("appears", f"a caller {OPEN}, who presses 4 in `choice`", None, BYE)],
    ),
    "a key lost": (
        [(', "3": message}', "}")],
        [("vanishes", f"a caller {OPEN}, who presses 3 in `choice`", MESSAGE, None)],
    ),
    "a key leads elsewhere": (
        [('"3": message}', '"3": bye}')],
        [("changes", f"a caller {OPEN}, who presses 3 in `choice`", MESSAGE, BYE)],
    ),
    "a pattern of keys": (
        [('"3": message}', '"3": message, "4X": desk}')],
        [
            (
                "appears",
                f"a caller {OPEN}, who dials 4X (X is any digit) in `choice`",
                None,
                "is connected to ${to}",
            )
        ],
    ),
    "silence wired": (
        [("no_input: bye, no_match", "no_input: search, no_match")],
        [("changes", f"a caller {OPEN}, who presses nothing in `choice`", BYE, SUPPORT)],
    ),
    "silence not wired any more": (
        [("{no_input: bye, no_match: bye}", "{no_match: bye}")],
        [("changes", f"a caller {OPEN}, who presses nothing in `choice`", BYE, "the call ends")],
    ),
    "wait for a key": (
        [("timeout: 5s", "timeout: 8s")],
        [("changes", f"a caller {OPEN}, in `choice`: wait for the first key, after the prompt", "5 s", "8 s")],
    ),
    "attempts": (
        [("    timeout: 5s", "    timeout: 5s\n    attempts: 2")],
        [("changes", f"a caller {OPEN}, in `choice`: how many times the caller is asked", "3", "2")],
    ),
    "another centre": (
        [("centre: support", "centre: sales")],
        [
            (
                "changes",
                f"a caller {OPEN}, who presses 1 in `choice`, in `search`: name of the centre",
                "support",
                "sales",
            )
        ],
    ),
    "nobody leads elsewhere": (
        [("nobody: message", "nobody: bye")],
        [
            (
                "changes",
                f"a caller {OPEN}, who presses 1 in `choice`, when support has nobody to call",
                MESSAGE,
                BYE,
            )
        ],
    ),
    "a full queue": (
        [
            ("timeout: 30s\n", "timeout: 30s\n    max_waiting: 4\n"),
            ("timeout: choice}", "timeout: choice, full: bye}"),
        ],
        [
            (
                "changes",
                f"a caller {OPEN}, who presses 1 in `choice`, in `search`: with this many calls waiting for the "
                "centre already: `full`",
                "nothing",
                "4",
            ),
            (
                "appears",
                f"a caller {OPEN}, who presses 1 in `choice`, when 4 calls wait for support already",
                None,
                BYE,
            ),
        ],
    ),
    "another number is called": (
        [('to: "${to}"', 'to: "sip:x@a.example"')],
        [
            (
                "changes",
                f"a caller {OPEN}, who presses 2 in `choice`, in `desk`: telephone number, extension or SIP URI to "
                "call, or the code of an agent, which is their extension",
                "${to}",
                "sip:x@a.example",
            )
        ],
    ),
    "an error branch": (
        [("failed: bye}", "failed: bye, error: message}")],
        [
            (
                "appears",
                f"a caller {OPEN}, who presses 2 in `choice`, at whose call `desk` fails",
                None,
                MESSAGE,
            )
        ],
    ),
    "what follows any failure": (
        [("on_error: sorry", "on_error: bye")],
        [("changes", "a caller at whose call a node fails that has no `error` branch", "the call ends", BYE)],
    ),
    "a condition gained": (
        [("    default: message", "      - {when: 'call.cli == \"3\"', next: bye}\n    default: message")],
        [("appears", f'a caller {CLOSED}, for whom call.cli == "3"', None, BYE)],
    ),
    "a condition written anew": (
        [('call.cli == "2"', 'call.cli == "7"')],
        [
            ("appears", f'a caller {CLOSED}, for whom call.cli == "7"', None, MESSAGE),
            ("vanishes", f'a caller {CLOSED}, for whom call.cli == "2"', MESSAGE, None),
        ],
    ),
    "conditions in another order": (
        [
            (
                FIRST + SECOND,
                SECOND + FIRST,
            )
        ],
        [
            (
                "changes",
                f"a caller {CLOSED}, in `kind`: conditions in the order in which they are tried",
                'when call.cli == "1"; when call.cli == "2"',
                'when call.cli == "2"; when call.cli == "1"',
            )
        ],
    ),
    "no condition is true": (
        [("    default: message", "    default: bye")],
        [("changes", f"a caller {CLOSED}, for whom no condition of `kind` is true", MESSAGE, BYE)],
    ),
    "a node put between": (
        [("next: kind}", "next: night}"), ("  bye:", NIGHT.replace("message", "kind") + "  bye:")],
        [
            (
                "changes",
                f"a caller {CLOSED}",
                "goes by the conditions of `kind`",
                "hears silence of 2 s, then goes by the conditions of `kind`",
            )
        ],
    ),
    "a node taken away": (
        [("next: opening}", "next: closed}")],
        [
            ("changes", "every caller", "goes by the opening hours of `opening`", "waits for 3 s, then goes by the "
             "conditions of `kind`"),
            ("vanishes", f"a caller {OPEN}", CHOOSES, None),
            ("vanishes", f"a caller {CLOSED}", "waits for 3 s, then goes by the conditions of `kind`", None),
        ],
    ),
    "another beginning": (
        [("start: welcome", "start: opening")],
        [("changes", "every caller", BEGINS, "goes by the opening hours of `opening`")],
    ),
    "a longest message": (
        [("max_duration: 2m", "max_duration: 90s")],
        [("changes", f"a caller {OPEN}, who presses 3 in `choice`, in `message`: longest message", "2 min", "90 s")],
    ),
    "a node renamed and changed": (
        [
            ("closed: closed}", "closed: shut}"),
            ("  closed: {type: wait, duration: 3s", "  shut: {type: wait, duration: 4s"),
        ],
        [("changes", f"a caller {CLOSED}, in `shut`: how long to wait, such as 2s", "3 s", "4 s")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_what_changed_is_told(tmp_path: Path, name: str) -> None:
    replaced, expected = PAIRS[name]
    found = told(tmp_path, BASE, changed(BASE, *replaced))
    assert found == expected


@pytest.mark.parametrize("name", [name for name in PAIRS if "condition" not in name and "taken away" not in name])
def test_the_other_way_round_the_opposite_is_told(tmp_path: Path, name: str) -> None:
    """What appeared vanishes, what vanished appears, before and after change places."""
    replaced, expected = PAIRS[name]
    opposite = {"appears": "vanishes", "vanishes": "appears", "changes": "changes"}
    found = told(tmp_path, changed(BASE, *replaced), BASE)
    assert sorted((change, before or "", after or "") for change, _, before, after in found) == sorted(
        (opposite[change], after or "", before or "") for change, _, before, after in expected
    )


SAME = {
    "nothing": [],
    "the description": [("A scenario", "The scenario")],
    "a comment": [("nodes:\n", "nodes:\n  # here they are\n")],
    "a default written": [("timeout: 5s", "timeout: 5s\n    attempts: 3")],
    "a duration written otherwise": [("max_duration: 2m", "max_duration: 120s")],
    "hours written otherwise": [('mon-fri: ["08:00-18:00"]', '"mon,wed-fri": ["08:00-18:00"], tue: ["08:00-18:00"]')],
    "hours in two halves": [('"08:00-18:00"', '"08:00-12:00", "12:00-18:00"')],
    "options in another order": [('"1": search, "2": desk', '"2": desk, "1": search')],
    "an unreachable node": [("  bye:", NIGHT + "  bye:")],
    "a node written twice": [
        ('"3": message}', '"3": other}'),
        ("  bye:", f"  other: {VOICEMAIL}\n  bye:"),
    ],
    "what is anybody's own": [("max_duration: 10m\n", "max_duration: 10m\nx-note: none\n")],
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_what_no_caller_notices_is_no_difference(tmp_path: Path, name: str) -> None:
    old, new = files(tmp_path, BASE, changed(BASE, *SAME[name]))
    assert run(old, new) == (0, "", "no difference for callers\n")
    assert run(new, old)[0] == 0


def test_a_renamed_node_is_one_line(tmp_path: Path) -> None:
    old, new = files(tmp_path, BASE, changed(BASE, ("bye", "farewell"), ("kind", "sort")))
    code, out, err = run(old, new)
    assert (code, err) == (0, "no difference for callers\n")
    assert out == "renamed, which no caller notices: bye → farewell, kind → sort\n"


def test_a_renamed_node_stays_itself_when_something_after_it_changes(tmp_path: Path) -> None:
    text = changed(
        BASE, ("desk:", "reception:"), ('"2": desk', '"2": reception'), ("{tone: busy}", "{tone: congestion}")
    )
    found = told(tmp_path, BASE, text)
    assert [one[2:] for one in found] == [("hears busy tone", "hears congestion tone")]


def test_names_that_were_exchanged_are_no_difference(tmp_path: Path) -> None:
    text = changed(BASE, ("sorry", "XX"), ("bye", "sorry"), ("XX", "bye"))
    assert told(tmp_path, BASE, text) == []


def test_nodes_in_another_order_are_no_difference(tmp_path: Path) -> None:
    head, nodes = BASE.split("nodes:\n")
    parts: list[str] = []
    for line in nodes.splitlines(keepends=True):
        if line.startswith("   "):
            parts[-1] += line
        else:
            parts.append(line)
    assert told(tmp_path, BASE, head + "nodes:\n" + "".join(reversed(parts))) == []


def test_the_lines_are_those_of_the_files(tmp_path: Path) -> None:
    new = changed(BASE, ("nodes:\n", "nodes:\n\n"), ('"3": message}', '"3": bye, "4": bye}'))
    paths = files(tmp_path, BASE, new)
    found = json.loads(run(*paths, "--format", "json")[1])
    assert [(one["line_old"], one["line_new"]) for one in found] == [(22, 23), (None, 23)]


def test_text_says_condition_before_after_and_place(tmp_path: Path) -> None:
    old, new = files(tmp_path, BASE, changed(BASE, ('"3": message}', '"3": bye}')))
    code, out, err = run(old, new)
    assert (code, err) == (1, "1 change for callers\n")
    assert out == (
        f"changes: a caller {OPEN}, who presses 3 in `choice`\n"
        f"    before: {MESSAGE}\n"
        f"    after: {BYE}\n"
        f"    {old}:22 → {new}:22\n"
    )


def test_many_changes_are_cut_unless_all_are_wanted(tmp_path: Path) -> None:
    options = ", ".join(f'"{number}": bye' for number in range(40, 80))
    old, new = files(tmp_path, BASE, changed(BASE, ('"3": message}', f'"3": message, {options}}}')))
    code, out, err = run(old, new)
    assert (code, err) == (1, "40 changes for callers\n")
    assert out.count("appears:") == 25
    assert "… and 15 more: --all shows them" in out
    assert run(old, new, "--all")[1].count("appears:") == 40


def test_a_former_name_of_a_key_is_no_difference(tmp_path: Path) -> None:
    old = changed(BASE, ("[{tone: beep}]", "[{tone: beep}], times: 2"))
    new = changed(BASE, ("[{tone: beep}]", "[{tone: beep}], repeat: 2"))
    assert told(tmp_path, old, new) == []
    assert [one[2:] for one in told(tmp_path, BASE, old)] == [("1", "2")]


def test_circles_come_to_an_end(tmp_path: Path) -> None:
    circle = changed(BASE, ("{tone: busy}], next: end", "{tone: busy}], next: again"))
    circle += "  again: {type: wait, duration: 1s, next: bye}\n"
    found = told(tmp_path, BASE, circle)
    assert [one[2:] for one in found] == [("the call ends", "waits for 1 s, then hears busy tone, then and so on")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BASE.replace("next: kind}", "next: knd}"), "new.yaml:"),
        ("format: 1\n", "has mistakes"),
        ("{", "E0001"),
    ],
)
def test_a_file_with_mistakes_cannot_be_compared(tmp_path: Path, text: str, said: str) -> None:
    for old, new in ((BASE, text), (text, BASE)):
        code, out, err = run(*files(tmp_path, old, new))
        assert (code, out) == (2, "")
        assert said.replace("new.yaml", "old.yaml" if old == text else "new.yaml") in err


def test_an_old_file_whose_recordings_are_not_beside_it_can_be_compared(tmp_path: Path) -> None:
    text = changed(BASE, ("{tone: beep}", "gone.wav"))
    assert told(tmp_path, text, BASE) == [
        ("changes", "every caller, in `welcome`", "hears gone.wav", "hears beep tone")
    ]


def test_refused(tmp_path: Path) -> None:
    old, new = files(tmp_path, BASE, BASE)
    assert run(old, new, "--format", "xml")[0] == 2
    assert run(old, tmp_path / "nothing.yaml")[0] == 2


def test_flowctl_knows_the_commands() -> None:
    assert {"graph", "diff"} <= main.COMMANDS.keys()


def test_one_round_is_no_rounds(tmp_path: Path) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(LOOPS)
    new.write_text(LOOPS.replace("exhausted: end", "exhausted: pause").replace("duration: 2s", "duration: 3s"))
    said = CliRunner().invoke(main.app, ["diff", str(old), str(new)]).output
    assert "1 round of `rounds`" in said
    assert "1 rounds" not in said
