"""Calls that go out by number: what is dialled, presented, counted and refused, in a house and over real sockets."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.house import House, in_house
from support.served import served
from support.siprtp import FRAME
from support.sipua import SipUa, until

from drivers.virtual import Party, VirtualDriver
from engine.centres.directory import Agent, Centre, Directory
from engine.clock import Clock
from engine.errors import NotAllowed
from engine.lines import Leg
from engine.lines.dialling import DialPlan
from engine.lines.limits import Bounds, Limits
from engine.lines.lines import Lines

BRIDGE = """
format: 1
name: bridge
voice: en
did: ["32"]
start: connect
nodes:
  connect: {type: TYPE, to: "TO", EXTRA, on: {OUTCOMES, failed: lost}}
  lost: {type: hangup}
"""


def bridge(to: str, extra: str = "timeout: 5s") -> str:
    outcomes = "ended: end, busy: end, no_answer: end, rejected: end"
    return BRIDGE.replace("TYPE", "bridge").replace("TO", to).replace("EXTRA", extra).replace("OUTCOMES", outcomes)


def transfer(to: str, extra: str = "method: auto") -> str:
    outcomes = "transferred: end, busy: end, no_answer: end"
    return BRIDGE.replace("TYPE", "transfer").replace("TO", to).replace("EXTRA", extra).replace("OUTCOMES", outcomes)


def calls(root: Path, scenario: str, lines: Any, *, count: int = 1, cli: str = "0143670903") -> tuple[list[str], Any]:
    """So many calls, one after another, to a house with these lines: what rang, presented how, and the records."""
    rang: list[str] = []

    def ring(party: Party) -> None:
        rang.append(f"{party.leg.info.did} sees {party.leg.info.cli}")
        party.leg.accept()
        asyncio.get_running_loop().call_later(3, party.hang_up)

    async def story(house: House) -> None:
        house.driver.elsewhere = ring
        house.services.lines = await asyncio.to_thread(lines, house)
        for _ in range(count):
            house.driver.call("32", cli)
            await house.settle()

    people = Directory(agents=[Agent(code="201", phone="06 12 34 56 78")], centres=[Centre(name="a", agents=["201"])])
    return rang, in_house(root, {"s.yaml": scenario}, story, people).records()


def with_plan(**plan: Any) -> Any:
    return lambda house: Lines([house.driver], plan=DialPlan(**plan))


@pytest.mark.parametrize(
    ("to", "plan", "rings"),
    [
        ("01 43 67 09 10", {"outside_prefix": "0"}, "00143670910 sees 0143670903"),
        ("01 43 67 09 10", {"send": "e164"}, "+33143670910 sees 0143670903"),
        ("tel:+33-1-43-67-09-10", {}, "0143670910 sees 0143670903"),
        ("240", {"internal_digits": 3}, "240 sees 0143670903"),
        ("sip:240@x", {}, "sip:240@x sees 0143670903"),
        ("201", {}, "0612345678 sees 0143670903"),
        ("0143670910", {"presents_caller": False, "number": "0199"}, "0143670910 sees 0199"),
        ("0143670910", {"presents_caller": False}, "0143670910 sees "),
        ("0143670910", {"strip_from_cli": "01"}, "0143670910 sees 43670903"),
    ],
)
def test_what_rings_and_what_it_sees(tmp_path: Path, to: str, plan: dict[str, Any], rings: str):
    rang, (record,) = calls(tmp_path, bridge(to), with_plan(**plan))
    assert rang == [rings]
    assert record["path"][0]["outcome"] == "ended"
    assert record["warnings"] == []


def test_a_node_says_itself_what_is_presented(tmp_path: Path):
    rang, _ = calls(
        tmp_path, bridge("0143670910", 'caller_id: "0102"'), with_plan(presents_caller=False, number="0199")
    )
    assert rang == ["0143670910 sees 0102"]


@pytest.mark.parametrize("scenario", [bridge, transfer], ids=["bridge", "transfer"])
@pytest.mark.parametrize(
    ("to", "rule"),
    [
        ("0899123456", "premium-rate numbers are not allowed (telephony.allow)"),
        ("+3222345678", "international numbers are not allowed"),
        ("15", "emergency numbers are not allowed"),
        ("anne", "is no telephone number, extension or SIP URI"),
    ],
)
def test_a_refused_number_fails_with_its_rule_in_the_record(tmp_path: Path, scenario: Any, to: str, rule: str):
    rang, (record,) = calls(tmp_path, scenario(to), with_plan())
    assert rang == []
    assert [(step["node"], step["outcome"]) for step in record["path"]] == [("connect", "failed"), ("lost", None)]
    (warning,) = record["warnings"]
    assert rule in warning


@pytest.mark.parametrize("plan", [{}, {"allow": ["premium"], "send": "e164"}], ids=["refused", "busy"])
def test_a_masked_number_is_nowhere_to_be_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, plan: dict[str, Any]
):
    scenario = (
        bridge("${secret}")
        .replace("start: connect", 'variables: {secret: {type: string, default: "", masked: true}}\nstart: learn')
        .replace("nodes:", 'nodes:\n  learn: {type: set, values: {secret: \'"0899" + "123456"\'}, next: connect}')
    )

    async def story(house: House) -> None:
        house.services.lines = Lines([house.driver], plan=DialPlan(**plan))
        house.driver.call("32", "1")
        await house.settle()

    with caplog.at_level("INFO"):
        (record,) = in_house(tmp_path, {"s.yaml": scenario}, story).records()
    assert record["path"][1]["outcome"] == "failed"
    assert "899123456" not in json.dumps(record) + caplog.text
    assert "xxxxxxxxxx" in caplog.text


def test_a_transfer_leads_to_the_number_as_it_is_sent(tmp_path: Path):
    rang, (record,) = calls(tmp_path, transfer("+33 1 43 67 09 10"), with_plan(outside_prefix="0"))
    assert [ring.partition(" ")[0] for ring in rang] == ["00143670910"]
    assert record["result"] == "transferred"


def test_a_registered_phone_is_called_as_it_is_but_never_for_an_emergency(tmp_path: Path):
    class Registrar(VirtualDriver):
        def reaches(self, address: str) -> bool:
            return address in ("240", "112")

    async def story(house: House) -> None:
        near: Any = type("Near", (), {"info": type("Info", (), {"driver": "virtual", "id": "1"})})
        lines = Lines([Registrar()])
        assert (await lines.allow("240", near=near)).digits == "240"
        for refused in ("241", "112"):
            with pytest.raises(NotAllowed):
                await lines.allow(refused, near=near)

    in_house(tmp_path, {"s.yaml": bridge("240")}, story)


def test_without_a_trunk_the_record_says_so(tmp_path: Path):
    class Trunkless(VirtualDriver):
        async def originate(
            self, to: str, *, caller_id: str = "", near: Leg | None = None, early: bool = False
        ) -> Leg:
            raise ValueError(f"{to!r} is not a SIP address")

    for to, why in (("0143670910", "go out by a trunk, and it has none"), ("sip:x", "'sip:x' is not a SIP address")):
        _, records = calls(tmp_path, bridge(to), lambda _: Lines([Trunkless()], plan=DialPlan(send="e164")))
        assert f"'{to}' cannot be dialled by driver virtual" in records[-1]["warnings"][0]
        assert records[-1]["warnings"][0].endswith(why)


# Limits ------------------------------------------------------------------------------------------------------------


def limited(root: Path, **bounds: int) -> Any:
    def lines(house: House) -> Lines:
        return Lines([house.driver], limits=Limits(Bounds(**bounds), house.services.clock, root / "dialled.json"))

    return lines


def outcomes(records: Any) -> list[str]:
    return [record["path"][0]["outcome"] for record in records]


def test_the_day_has_its_limit_which_a_restart_does_not_lift(tmp_path: Path):
    _, records = calls(tmp_path, bridge("0143670910"), limited(tmp_path, per_day=3), count=2)
    assert outcomes(records) == ["ended", "ended"]
    _, records = calls(tmp_path, bridge("0143670910"), limited(tmp_path, per_day=3), count=2)
    assert outcomes(records) == ["ended", "failed"]
    assert records[-1]["warnings"] == ["3 calls have gone out today: telephony.limits.per_day allows no more"]


def test_extensions_and_addresses_do_not_count(tmp_path: Path):
    def lines(house: House) -> Lines:
        limits = Limits(Bounds(per_day=0, per_call=0), house.services.clock)
        return Lines([house.driver], plan=DialPlan(internal_digits=3), limits=limits)

    for to in ("240", "sip:240@x"):
        _, records = calls(tmp_path, bridge(to), lines)
        assert outcomes(records)[-1] == "ended"


def test_a_call_has_its_limit_and_the_next_one_its_own(tmp_path: Path):
    again = bridge("0143670910").replace("ended: end", "ended: connect")
    rang, records = calls(tmp_path, again, limited(tmp_path, per_call=2), count=2)
    assert len(rang) == 4
    assert [[step["outcome"] for step in record["path"]][:3] for record in records] == [
        ["ended", "ended", "failed"]
    ] * 2


def test_an_agent_has_a_limit_for_calls_from_their_extension(tmp_path: Path):
    _, records = calls(tmp_path, bridge("0143670910"), limited(tmp_path, per_agent_per_day=1), count=2, cli="201")
    assert outcomes(records) == ["ended", "failed"]
    assert "1 calls today for agent 201" in records[-1]["warnings"][0]
    _, records = calls(tmp_path, bridge("0143670910"), limited(tmp_path, per_agent_per_day=1), cli="202")
    assert outcomes(records)[-1] == "ended"


class Day(Clock):
    """A clock that is set."""

    def __init__(self) -> None:
        self.at = datetime(2027, 7, 13, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


async def read(bounds: Bounds, clock: Clock, path: Path) -> Limits:
    """Limits with what their file says."""
    return await asyncio.to_thread(Limits, bounds, clock, path)


async def test_the_next_day_begins_at_zero_at_midnight_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Indian/Reunion")
    time.tzset()
    try:
        clock = Day()
        limits = await read(Bounds(per_day=1), clock, tmp_path / "dialled.json")
        await limits.take()
        clock.at = datetime(2027, 7, 13, 19, 59, tzinfo=UTC)
        with pytest.raises(NotAllowed):
            await limits.take()
        clock.at = datetime(2027, 7, 13, 20, 0, tzinfo=UTC)
        await limits.take()
        with pytest.raises(NotAllowed):
            await (await read(Bounds(per_day=1), clock, tmp_path / "dialled.json")).take()
        assert json.loads((tmp_path / "dialled.json").read_text())["day"] == "2027-07-14"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"day": "2027-07-13", "total": "many", "agents": {}}'])
async def test_a_file_of_counts_that_cannot_be_read_stops_no_call(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    (tmp_path / "dialled.json").write_text(content)
    limits = await read(Bounds(per_day=1), Day(), tmp_path / "dialled.json")
    await limits.take()
    assert "counted from zero" in caplog.text


async def test_a_file_of_counts_that_cannot_be_written_stops_no_call_and_lifts_no_limit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    limits = await read(Bounds(per_day=1), Day(), tmp_path / "nowhere" / "dialled.json")
    await limits.take()
    assert "cannot be written" in caplog.text
    with pytest.raises(NotAllowed):
        await limits.take()


async def test_calls_at_the_same_moment_do_not_pass_together(tmp_path: Path) -> None:
    limits = await read(Bounds(per_day=3), Day(), tmp_path / "dialled.json")
    taken = await asyncio.gather(*(limits.take() for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(one, NotAllowed) for one in taken) == 7
    assert json.loads((tmp_path / "dialled.json").read_text())["total"] == 3


async def test_what_was_not_tried_does_not_count() -> None:
    limits = Limits(Bounds(per_day=1, per_agent_per_day=1), Day())
    await limits.take(agent="201")
    limits.give_back(agent="201")
    await limits.take(agent="201")


# Over real sockets -------------------------------------------------------------------------------------------------


async def test_a_server_dials_by_its_trunk_what_its_rules_allow(tmp_path: Path):
    flows = {
        "a.yaml": bridge("01 43 67 09 10"),
        "b.yaml": bridge("0899123456").replace("32", "33").replace(": bridge", ": b", 1),
    }
    async with SipUa.open() as exchange:
        settings = {
            "sip": {"trunks": {"exchange": {"host": "127.0.0.1", "port": exchange.port}}},
            "telephony": {"outside_prefix": "0", "strip_from_cli": "0", "limits": {"per_day": 1}},
            "rtp": {"ports": "46000-46199", "workers": 1},
        }
        async with served(tmp_path, flows, **settings) as server:
            caller = await exchange.invite("32", server.address, cli="00143670903")
            called = await exchange.next_call(5)
            assert called.requests[0].start.startswith("INVITE sip:00143670910@127.0.0.1")
            assert "sip:0143670903@" in called.requests[0].get("From")
            await asyncio.gather(called.answer(), caller.answered())
            await caller.rtp.stream(b"\xd5" * FRAME * 10)
            await until(lambda: called.rtp.received)
            await called.bye()
            await caller.request("BYE")
            for did in ("32", "33"):
                refused = await exchange.invite(did, server.address)
                await refused.answered()
                await refused.request("BYE", 5)
            records = await server.recorded(3)
        first, *others = sorted(records, key=lambda record: len(record["warnings"]))
        assert first["caller"] == "+33143670903"
        assert outcomes([first, *others]) == ["ended", "failed", "failed"]
        rules = sorted(warning for record in others for warning in record["warnings"])
        assert ["premium-rate" in rules[0], "telephony.limits.per_day" in rules[1]] == [True, True]
