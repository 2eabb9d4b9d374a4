"""What is kept of callers who waited, and of each offer to an agent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from support.callcentre import SEARCH, busy, later, phone, play
from support.desktop import Desktop
from support.house import House

from engine.centres.directory import Directory
from engine.centres.session import AgentSession
from engine.centres.sessions import Sessions

ACCEPTS = {"pending": later(2, AgentSession.accept), "asked": later(2, AgentSession.accept)}
REJECTS = {"asked": later(3, AgentSession.reject)}


def told(
    root: Path,
    *desktops: Desktop,
    method: str = "broadcast",
    act: Callable[[House, Any], Any] | None = None,
    **play_: Any,
) -> tuple[list[Any], list[Any]]:
    """One call, with these agents logged in, hung up after 40 s at most: searches (outcome, waited, agent, talk) and
    offers (agent, manner, answer, ended, outcome, talk)."""
    houses: list[House] = []

    async def story(house: House, sessions: Sessions) -> None:
        houses.append(house)
        for code, desktop in zip("123", desktops, strict=False):
            await desktop.log_in(sessions, code)
        party = house.driver.call("32", "0143670903")
        if act is not None and isinstance(doing := act(house, party), Awaitable):
            await doing
        asyncio.get_running_loop().call_later(40, party.hang_up)

    (record,) = play(root, story, method=method, **play_)
    searches, offers = houses[0].facts("search"), houses[0].facts("offer")
    assert all(fact["call"] == record["id"] for fact in searches + offers)
    assert all(search["node"] == "find" and search["centre"] == "support" for search in searches)
    known = {"", *(search["id"] for search in searches)}
    assert all(offer["search"] in known for offer in offers)
    return (
        [(one["outcome"], one["waited"], one["agent"], one["talk"]) for one in searches],
        [
            (one["agent"], one["manner"], one["answer"], one["ended"], one["outcome"], one["talk"])
            for one in sorted(offers, key=lambda offer: (offer["began"], offer["agent"]))
        ],
    )


def test_shown_to_all_and_taken_by_one(tmp_path: Path):
    searches, offers = told(tmp_path, Desktop(**ACCEPTS), Desktop())
    assert searches == [("transferred", 3, "1", 5)]
    assert offers == [("1", "all", 2, 3, "connected", 5), ("2", "all", None, 3, "taken", None)]


def test_asked_one_after_another(tmp_path: Path):
    searches, offers = told(
        tmp_path, Desktop(), Desktop(**REJECTS), Desktop(**ACCEPTS), method="sequential", answer_delay="10s"
    )
    assert searches == [("transferred", 16, "3", 5)]
    assert offers == [
        ("1", "alone", None, 10, "unanswered", None),
        ("2", "alone", 3, 3, "rejected", None),
        ("3", "alone", 2, 3, "connected", 5),
    ]


def test_a_connection_that_fails_and_a_second_try(tmp_path: Path):
    def act(house: House, _: Any) -> None:
        house.driver.phones["sip:1@x"] = busy
        asyncio.get_running_loop().call_later(5, house.driver.phones.__setitem__, "sip:1@x", phone(1))

    again = Desktop(**ACCEPTS, show=later(8, AgentSession.accept))
    searches, offers = told(tmp_path, again, act=act)
    assert searches == [("transferred", 11, "1", 5)]
    assert offers == [("1", "all", 2, 2, "failed", None), ("1", "all", 0, 1, "connected", 5)]


def leave(house: House) -> None:
    desk = house.services.centres.desk("1")
    assert desk is not None
    assert desk.session is not None
    desk.session.close(linger=20)


@pytest.mark.parametrize(
    ("acts", "outcome", "offer"),
    [
        (lambda house, party: asyncio.get_running_loop().call_later(7, party.hang_up), "caller_hung_up", "withdrawn"),
        (lambda house, party: asyncio.get_running_loop().call_later(1, leave, house), "nobody", "lost"),
    ],
)
def test_nobody_takes_it(tmp_path: Path, acts: Any, outcome: str, offer: str):
    (search,), (one,) = told(tmp_path, Desktop(), act=acts)
    assert (search[0], search[2], search[3]) == (outcome, None, None)
    assert (one[2], one[4], one[5]) == (None, offer, None)


def test_a_time_that_is_over_and_a_key(tmp_path: Path):
    (search,), (one,) = told(tmp_path, Desktop(), text=SEARCH.replace("60s", "20s"))
    assert (search, one[3:5]) == (("timeout", 20, None, None), (20, "withdrawn"))

    def press(_: House, party: Any) -> None:
        asyncio.get_running_loop().call_later(4, party.press, "9")

    text = SEARCH.replace("    timeout", '    exit_keys: ["9"]\n    timeout')
    (search,), (one,) = told(tmp_path, Desktop(), text=text, act=press)
    assert (search, one[3:5]) == (("key", 4, None, None), (4, "withdrawn"))


def test_who_does_not_get_to_wait_is_counted_too(tmp_path: Path):
    assert told(tmp_path) == ([("nobody", 0, None, None)], [])
    full = SEARCH.replace("    timeout", "    max_waiting: 0\n    timeout")
    assert told(tmp_path, Desktop(), text=full) == ([("full", 0, None, None)], [])


PHONES = Directory.model_validate(
    {
        "agents": [{"code": code, "phone": f"sip:{code}@x"} for code in "123"],
        "centres": [{"name": "support", "agents": ["1", "2", "3"]}],
    }
)


def test_phones_that_ring(tmp_path: Path):
    def act(house: House, _: Any) -> None:
        house.driver.phones.update({"sip:1@x": busy, "sip:2@x": phone(3), "sip:3@x": lambda party: None})

    searches, offers = told(tmp_path, directory=PHONES, act=act)
    assert searches == [("transferred", 3, "2", 5)]
    assert offers == [
        ("1", "phone", None, 0, "rejected", None),
        ("2", "phone", 3, 3, "connected", 5),
        ("3", "phone", None, 3, "taken", None),
    ]


def test_a_call_that_the_line_connects_has_no_talk(tmp_path: Path):
    text = SEARCH.replace("    timeout", "    connect: transfer\n    timeout")
    searches, offers = told(tmp_path, Desktop(**ACCEPTS), text=text)
    assert [(one[0], one[2], one[3]) for one in searches] == [("transferred", "1", None)]
    assert [(one[4], one[5]) for one in offers] == [("connected", None)]


DIRECT = """
format: 1
name: direct
voice: en
did: ["32"]
start: connect
nodes:
  connect: {type: bridge, to: "1", timeout: 9s,
    on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}}
"""


@pytest.mark.parametrize(
    ("rings", "offer"),
    [
        (phone(2), ("1", "direct", 2, 2, "connected", 5)),
        (busy, ("1", "direct", None, 0, "rejected", None)),
        (lambda party: None, ("1", "direct", None, 9, "unanswered", None)),
    ],
)
def test_an_agent_who_is_called_by_their_code(tmp_path: Path, rings: Any, offer: Any):
    def act(house: House, _: Any) -> None:
        house.driver.phones["sip:1@x"] = rings

    assert told(tmp_path, directory=PHONES, text=DIRECT, act=act) == ([], [offer])


def test_a_caller_who_gives_up_while_an_agent_is_called(tmp_path: Path):
    def act(house: House, party: Any) -> None:
        house.driver.phones["sip:1@x"] = lambda party: None
        asyncio.get_running_loop().call_later(4, party.hang_up)

    _, offers = told(tmp_path, directory=PHONES, text=DIRECT, act=act)
    assert offers == [("1", "direct", None, 4, "withdrawn", None)]
