"""Channels: who gets which, what is barred, and what a call meets when all are taken."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.house import House, in_house

from engine.errors import ConfigurationError, NoChannel
from engine.lines import Cause
from engine.lines.channel_rules import Rules, check_rules, use_of
from engine.lines.channels import AllBusy, Channels
from engine.records.counters import Counters
from engine.server.channels import rules_of
from engine.server.settings import Settings

WAITING = """
format: 1
name: waiting
did: ["32"]
start: pause
nodes:
  pause: {type: wait, duration: 60s, next: end}
"""

ANSWERING = WAITING.replace("start: pause", "start: hello").replace(
    "nodes:", "nodes:\n  hello: {type: answer, next: pause}"
)

BRIDGED = """
format: 1
name: bridged
did: ["33"]
start: ask
nodes:
  ask: {type: bridge, to: "TO", timeout: 20s, on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}}
"""


def test_the_lowest_free_channel_is_taken_and_one_given_back_comes_again():
    channels = Channels({"sip": Rules(count=3)})
    first, second, third = (channels.take_in("sip/x", "sip") for _ in range(3))
    assert [c.id for c in (first, second, third)] == ["sip/1", "sip/2", "sip/3"]
    with pytest.raises(AllBusy, match="all 3 channels of sip are taken"):
        channels.take_in("sip/x", "sip")
    channels.release(third)
    channels.release(first)
    channels.release(first)
    assert [channels.take_in("sip/x", "sip").id for _ in range(2)] == ["sip/1", "sip/3"]
    assert channels.busy == 3


def test_a_trunk_with_rules_of_its_own_has_channels_of_its_own():
    channels = Channels({"sip": Rules(count=1), "sip/ovh": Rules(count=2, full="busy")})
    assert [channels.take_in("sip/ovh", "sip").id for _ in range(2)] == ["sip/ovh/1", "sip/ovh/2"]
    assert channels.take_in("sip/other", "sip").id == "sip/1"
    with pytest.raises(AllBusy) as refused:
        channels.take_in("sip/ovh", "sip")
    assert refused.value.cause is Cause.BUSY
    with pytest.raises(NoChannel, match="all 2 channels of sip/ovh are taken"):
        channels.take_out("sip/ovh", "sip", "external_out")
    with pytest.raises(AllBusy) as refused:
        channels.take_in("sip/other", "sip")
    assert refused.value.cause is Cause.CONGESTION


def test_a_call_prefers_a_channel_that_may_receive_and_rings_on_a_barred_one_only_when_no_other_is_free():
    channels = Channels({"sip": Rules(count=2), "sip/1": Rules(bar=("reception",))})
    taken = [channels.take_in("sip/x", "sip") for _ in range(2)]
    assert [(c.id, c.barred) for c in taken] == [("sip/2", False), ("sip/1", True)]


def test_outgoing_calls_take_channels_that_are_not_barred_from_them():
    rules = {
        "sip": Rules(count=2, extension="30"),
        "sip/1": Rules(bar=("external_out",)),
        "sip/2": Rules(bar=("internal_out",), extension="31"),
    }
    channels = Channels(rules)
    outside = channels.take_out("", "sip", "external_out")
    assert (outside.id, outside.extension) == ("sip/2", "31")
    with pytest.raises(NoChannel, match="the free channels of sip are barred from calls to numbers outside"):
        channels.take_out("", "sip", "external_out")
    inside = channels.take_out("", "sip", "internal_out")
    assert (inside.id, inside.extension) == ("sip/1", "30")
    with pytest.raises(NoChannel, match="all 2 channels of sip are taken"):
        channels.take_out("", "sip", "internal_out")


@pytest.mark.parametrize(
    ("to", "use"),
    [
        ("201", "internal_out"),
        ("sip:201@192.0.2.7:5060", "internal_out"),
        ("sip:reception@192.0.2.7", "internal_out"),
        ("+33 1 43 67 09 03", "external_out"),
        ("01 43 67 09 03", "external_out"),
        ("sip:+33143670903@192.0.2.7", "external_out"),
        ("sip:0143670903@192.0.2.7", "external_out"),
    ],
)
def test_what_is_outside(to: str, use: str):
    assert use_of(to) == use


def test_a_trunk_of_the_settings_is_a_line_whose_count_is_the_trunks(tmp_path: Path):
    file = tmp_path / "server.yaml"
    trunks = {"ovh": {"host": "192.0.2.1", "channels": 20}, "exchange": {"host": "192.0.2.2"}}
    rules = {"sip/ovh": {"bar": ["external_out"]}, "sip/exchange/7": {"bar": ["reception"]}}
    phones = {"users": {"201": {"password": "secret"}}}
    file.write_text(json.dumps({"sip": {"trunks": trunks, "phones": phones}, "channels": rules}))
    file.chmod(0o600)
    settings = Settings.load(file)
    assert rules_of(settings) == {
        "sip/phones": Rules(),
        "sip/ovh": Rules(count=20, bar=("external_out",)),
        "sip/exchange": Rules(),
        "sip/exchange/7": Rules(bar=("reception",)),
    }


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"sip/ohv": {"count": 3}}, "channels.sip/ohv: there is no such line; there are sip, sip/ovh"),
        ({"isdn/1": {"bar": ["reception"]}}, "channels.isdn/1: there is no such line"),
        ({"sip/ovh/21": {"bar": ["reception"]}}, "channels.sip/ovh/21: sip/ovh has 20 channels only"),
    ],
)
def test_a_line_that_does_not_exist_is_refused(tmp_path: Path, rules: object, said: str):
    file = tmp_path / "server.yaml"
    trunks = {"ovh": {"host": "192.0.2.1", "channels": 20}}
    file.write_text(json.dumps({"sip": {"trunks": trunks}, "channels": rules}))
    settings = Settings.load(file)
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        rules_of(settings)


def test_the_list_says_the_state_of_every_channel():
    channels = Channels({"sip": Rules(count=4), "sip/4": Rules(bar=("reception", "internal_out"))})
    channels.take_in("sip/x", "sip").answered = lambda: True
    channels.take_in("sip/x", "sip")
    assert [(c.id, c.state) for c in channels.list()] == [
        ("sip/1", "busy"),
        ("sip/2", "ringing"),
        ("sip/3", "free"),
        ("sip/4", "barred"),
    ]
    assert [c.bar for c in channels.list()][3] == ("reception", "internal_out")


def test_rules_that_change_hold_for_the_next_call_and_take_no_channel_away():
    channels = Channels({"sip": Rules(count=3)})
    kept = [channels.take_in("sip/x", "sip") for _ in range(3)]
    channels.configure({"sip": Rules(count=1)})
    channels.release(kept[1])
    with pytest.raises(AllBusy):
        channels.take_in("sip/x", "sip")
    channels.release(kept[0])
    assert channels.take_in("sip/x", "sip").id == "sip/1"
    channels.configure({"sip": Rules(count=4)})
    assert [channels.take_in("sip/x", "sip").id for _ in range(2)] == ["sip/2", "sip/4"]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"sip/3": Rules(count=2)}, "sip/3: count belongs to the line: write it under sip"),
        ({"sip/3": Rules(full="busy")}, "sip/3: full belongs to the line"),
        ({"sip": Rules(count=2), "sip/3": Rules()}, "sip/3: sip has 2 channels only"),
    ],
)
def test_rules_that_make_no_sense_are_refused(rules: dict[str, Rules], said: str):
    with pytest.raises(ValueError, match=said):
        check_rules(rules)


def test_a_warning_at_four_fifths_and_a_word_when_there_is_room_again(caplog: pytest.LogCaptureFixture):
    channels = Channels({"sip": Rules(count=10)})
    with caplog.at_level(logging.INFO, "flowctl.server"):
        taken = [channels.take_in("sip/x", "sip") for _ in range(9)]
        assert caplog.messages == ["channels of sip: 8 of 10 are in use"]
        for channel in taken[:4]:
            channels.release(channel)
        assert caplog.messages[1:] == ["channels of sip: 6 of 10 are in use, there is room again"]


def test_calls_have_their_channel_in_the_record_and_one_too_many_is_refused_at_once(tmp_path: Path):
    async def story(house: House) -> None:
        house.services.lines.channels.configure({"virtual": Rules(count=2)})
        for cli in ("first", "second"):
            house.driver.call("32", cli)
        late = house.driver.call("32", "late")
        await asyncio.sleep(0.001)
        assert late.leg.rejected is Cause.CONGESTION
        await house.settle()
        house.driver.call("32", "after")
        await house.settle()

    records = in_house(tmp_path, {"w.yaml": WAITING}, story).records()
    assert {r["cli"]: r["channel"] for r in records} == {
        "first": "virtual/1",
        "second": "virtual/2",
        "after": "virtual/1",
    }


def test_a_flood_of_refused_calls_is_one_line_of_the_log_in_ten_seconds(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async def story(house: House) -> None:
        house.services.lines.channels.configure({"virtual": Rules(count=0)})
        with caplog.at_level(logging.WARNING, "flowctl"):
            for _ in range(11):
                for _ in range(100):
                    house.driver.call("32", "1")
                await asyncio.sleep(1)

    in_house(tmp_path, {"w.yaml": WAITING}, story)
    said = [line for line in caplog.messages if "refused" in line]
    assert said == [
        "all 0 channels of virtual are taken: 1 calls refused with congestion",
        "all 0 channels of virtual are taken: 1000 calls refused with congestion",
    ]


def test_a_call_to_a_barred_channel_rings_until_the_caller_gives_up(tmp_path: Path):
    async def story(house: House) -> None:
        channels = house.services.lines.channels
        channels.configure({"virtual": Rules(count=1, bar=("reception",))})
        party = house.driver.call("32", "1")
        await asyncio.sleep(100)
        assert party.leg.alive
        assert party.leg.ringing
        assert not party.answered
        assert [c.state for c in channels.list()] == ["ringing"]
        party.hang_up()
        await house.settle()
        assert channels.busy == 0
        assert party.leg.rejected is None

    assert in_house(tmp_path, {"w.yaml": WAITING}, story).records() == []


def test_of_calls_left_ringing_the_one_whose_channel_is_unbarred_is_answered(tmp_path: Path):
    async def story(house: House) -> None:
        channels = house.services.lines.channels
        barred = Rules(bar=("reception",))
        channels.configure({"virtual/1": barred, "virtual/2": barred, "virtual": Rules(count=2)})
        first, second = (house.driver.call("32", cli) for cli in ("first", "second"))
        await asyncio.sleep(100)
        channels.configure({"virtual/1": barred, "virtual": Rules(count=2)})
        await asyncio.sleep(1)
        assert (first.answered, second.answered) == (False, True)
        first.hang_up()
        await house.settle()

    (record,) = in_house(tmp_path, {"w.yaml": ANSWERING}, story).records()
    assert (record["cli"], record["channel"]) == ("second", "virtual/2")


def test_a_server_that_stops_refuses_the_calls_that_it_leaves_ringing_and_waits_for_the_others(tmp_path: Path):
    async def story(house: House) -> None:
        channels = house.services.lines.channels
        channels.configure({"virtual": Rules(count=2), "virtual/2": Rules(bar=("reception",))})
        house.driver.call("32", "served")
        ringing = house.driver.call("32", "ringing")
        await asyncio.sleep(1)
        stopping = asyncio.ensure_future(house.server.stop(120))
        await asyncio.sleep(1)
        assert not ringing.leg.alive
        assert house.server.calls == 1
        await stopping

    (record,) = in_house(tmp_path, {"w.yaml": WAITING}, story).records()
    assert (record["cli"], record["result"]) == ("served", "ended")


@pytest.mark.parametrize(
    ("bar", "to", "outcome"),
    [
        ("external_out", "sip:0143670903@gateway", "failed"),
        ("external_out", "sip:201@phone", "ended"),
        ("internal_out", "sip:201@phone", "failed"),
        ("internal_out", "sip:0143670903@gateway", "ended"),
    ],
)
def test_a_bridge_meets_the_bars_and_presents_the_extension_of_its_channel(
    tmp_path: Path, bar: str, to: str, outcome: str
):
    presented: list[str] = []

    async def story(house: House) -> None:
        channels = house.services.lines.channels
        channels.configure({"virtual": Rules(bar=(bar,), extension="30")})  # type: ignore[arg-type]

        def ring(party: object) -> None:
            leg = party.leg  # type: ignore[attr-defined]
            presented.append(leg.info.cli)
            asyncio.get_running_loop().call_later(1, leg.accept)
            asyncio.get_running_loop().call_later(3, leg.party.hang_up)
            asyncio.get_running_loop().call_later(2, lambda: seen.append([(c.id, c.state) for c in channels.list()]))

        seen: list[list[tuple[str, str]]] = []
        house.driver.elsewhere = ring
        house.driver.call("33", "0143670903")
        await house.settle()
        if outcome == "ended":
            assert seen == [[("virtual/1", "busy"), ("virtual/2", "busy")]]
        assert channels.busy == 0

    (record,) = in_house(tmp_path, {"b.yaml": BRIDGED.replace("TO", to)}, story).records()
    assert record["path"][0]["outcome"] == outcome
    assert presented == ([] if outcome == "failed" else ["30"])
    assert bool(record["warnings"]) == (outcome == "failed")


class Dated:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = datetime(2027, 7, 13, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


async def test_counters_are_of_today_and_for_ever_and_survive_a_restart(tmp_path: Path):
    clock, path = Dated(), tmp_path / "counters.json"
    counters = await asyncio.to_thread(Counters, path, clock)
    channels = Channels({"sip": Rules(count=2), "sip/2": Rules(bar=("reception",))}, tally=counters)
    channels.take_in("sip/x", "sip")
    channels.take_in("sip/x", "sip")
    with pytest.raises(AllBusy):
        channels.take_in("sip/x", "sip")
    await counters.save(channels.busy)
    document = json.loads(path.read_text())
    assert document["busy"] == 2
    assert document["today"] == document["ever"]
    assert document["ever"] == {"incoming": 2, "outgoing": 0, "refused": 1, "left_ringing": 1, "most_busy": 2}

    clock.time += timedelta(days=1)
    again = await asyncio.to_thread(Counters, path, clock)
    again.outgoing(1)
    assert (again.today.outgoing, again.today.incoming, again.today.most_busy) == (1, 0, 1)
    assert (again.ever.outgoing, again.ever.incoming, again.ever.most_busy) == (1, 2, 2)
    await again.save(0)
    assert json.loads(path.read_text())["since"] == document["since"]


@pytest.mark.parametrize("text", ["", "[]", '{"ever": 3}', '{"since": "", "date": "", "today": {"incoming": "x"}}'])
async def test_a_file_of_counters_that_cannot_be_read_is_complained_of_and_counting_goes_on(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
):
    path = tmp_path / "counters.json"
    path.write_text(text)
    counters = await asyncio.to_thread(Counters, path, Dated())
    counters.incoming(1)
    assert counters.ever.incoming == 1
    assert "counting begins anew" in caplog.text
