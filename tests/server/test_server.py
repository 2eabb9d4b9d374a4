"""What one call may do to the server and to other calls: nothing."""

from __future__ import annotations

import asyncio
import gc
import logging
from pathlib import Path

import pytest
from support.house import House, in_house
from support.wav import write_wav

from engine.audio.clip import Clip
from engine.lines import Cause
from engine.nodes.wait import Wait

HELLO = """
format: 1
name: hello
voice: en
did: ["32"]
start: hi
nodes:
  hi: {type: play, prompt: [{say: "a rather long greeting, for a test"}], next: ask}
  ask:
    type: collect
    prompt: [{say: "number"}]
    variable: number
    max_digits: 2
    on: {collected: bye, no_input: bye, invalid: bye}
  bye: {type: hangup}
"""


@pytest.fixture
def explosive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes of type `wait` fail, each duration in a way of its own."""

    async def explode(node: Wait, _: object) -> str:
        match node.duration:
            case 1:
                raise ZeroDivisionError("boom")
            case 2:
                return "no such outcome"
            case _:
                raise KeyError(node.duration)

    monkeypatch.setattr(Wait, "run", explode)


def exploding(how: int, *, on_error: str = "", wired: str = "next: end") -> str:
    return f"""
format: 1
name: exploding
voice: en
did: ["66"]
start: bad
{on_error}
nodes:
  bad: {{type: wait, duration: {how}s, {wired}}}
  rescue: {{type: play, prompt: [{{say: "rescued"}}], next: bad2}}
  bad2: {{type: wait, duration: {how}s, next: end}}
"""


@pytest.mark.usefixtures("explosive")
@pytest.mark.parametrize("how", [1, 2, 3])
def test_a_failing_call_ends_with_an_apology_and_a_record_and_no_other_call_notices(tmp_path: Path, how: int) -> None:
    heard: list[str] = []

    async def story(house: House) -> None:
        good = [house.driver.call("32", f"010000000{n}") for n in range(3)]
        await asyncio.sleep(0.5)
        bad = house.driver.call("66", "0199999999")
        bad.on_heard.append(lambda item: heard.append(item.clip.label) if item.until is None else None)
        await asyncio.sleep(30)
        for party in good:
            party.press("12")
        await house.settle()

    house = in_house(tmp_path, {"hello.yaml": HELLO, "bad.yaml": exploding(how)}, story)
    records = {r["cli"]: r for r in house.records()}
    assert records["0199999999"]["result"] == "failed"
    assert "bad" in records["0199999999"]["reason"]
    assert heard == ["apology.wav"]
    assert [records[f"010000000{n}"]["result"] for n in range(3)] == ["ended"] * 3
    assert house.driver.usage() == {"legs": 0}


@pytest.mark.usefixtures("explosive")
def test_on_error_is_taken_once_then_the_call_apologises(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.driver.call("66", "1")
        await house.settle()

    (record,) = in_house(tmp_path, {"bad.yaml": exploding(1, on_error="on_error: rescue")}, story).records()
    assert [step["node"] for step in record["path"]] == ["bad", "rescue", "bad2"]
    assert record["result"] == "failed"
    assert "ZeroDivisionError" in record["reason"]
    assert "ZeroDivisionError" in record["warnings"][0]


@pytest.mark.usefixtures("explosive")
def test_a_wired_error_branch_is_an_ordinary_way_on(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.driver.call("66", "1")
        await house.settle()

    text = exploding(1, wired="on: {next: end, error: rescue}").replace("next: bad2", "next: end")
    (record,) = in_house(tmp_path, {"bad.yaml": text}, story).records()
    assert [(step["node"], step["outcome"]) for step in record["path"]] == [("bad", "error"), ("rescue", "next")]
    assert record["result"] == "ended"


def test_a_number_without_scenario_is_refused_and_the_log_names_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(house: House) -> None:
        with caplog.at_level(logging.WARNING, "flowctl"):
            party = house.driver.call("0799", "0143670903")
            await house.settle()
        assert party.leg.rejected is Cause.NOT_FOUND

    house = in_house(tmp_path, {"hello.yaml": HELLO}, story)
    assert house.records() == []
    assert any("0799" in line and "404" in line for line in caplog.messages)


def test_a_scenario_saved_while_a_call_is_up_serves_the_next_call(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        file = house.root / "flows" / "hello.yaml"
        first = house.driver.call("32", "first")
        await asyncio.sleep(1)
        await asyncio.to_thread(
            file.write_text, HELLO.replace("bye: {type: hangup}", "bye: {type: wait, duration: 5s, next: end}")
        )
        await house.store.load()
        second = house.driver.call("32", "second")
        await asyncio.sleep(1)
        await asyncio.to_thread(file.write_text, HELLO.replace("type: hangup", "type: hangupp"))
        await house.store.load()
        third = house.driver.call("32", "third")
        await asyncio.sleep(10)
        for party in (first, second, third):
            party.press("12")
        await house.settle()

    records = {r["cli"]: r for r in in_house(tmp_path, {"hello.yaml": HELLO}, story).records()}
    assert records["first"]["path"][-1]["type"] == "hangup"
    assert records["second"]["path"][-1]["type"] == "wait"
    assert records["third"]["version"] == records["second"]["version"] != records["first"]["version"]


def test_a_missing_prompt_is_said_in_the_record_and_the_call_goes_on(tmp_path: Path) -> None:
    prompt = tmp_path / "flows" / "prompts" / "lost.wav"
    prompt.parent.mkdir(parents=True)
    write_wav(prompt, Clip(bytes(1600)))

    async def story(house: House) -> None:
        await asyncio.to_thread(prompt.unlink)
        house.driver.call("32", "1")
        await house.settle()

    text = HELLO.replace('[{say: "number"}]', "[lost.wav]")
    (record,) = in_house(tmp_path, {"hello.yaml": text}, story).records()
    assert record["result"] == "ended"
    assert "lost.wav" in record["warnings"][0]
    assert [step["node"] for step in record["path"]] == ["hi", "ask", "bye"]


def test_stopping_lets_calls_finish_and_refuses_new_ones(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.driver.call("32", "slow")
        await asyncio.sleep(1)
        stopping = asyncio.ensure_future(house.server.stop(60))
        await asyncio.sleep(0.1)
        late = house.driver.call("32", "late")
        await stopping
        assert late.leg.rejected is Cause.CONGESTION

    (record,) = in_house(tmp_path, {"hello.yaml": HELLO}, story).records()
    assert (record["cli"], record["result"]) == ("slow", "ended")


def test_a_server_that_cannot_wait_ends_the_calls_and_writes_their_records(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.driver.call("32", "slow")
        await asyncio.sleep(1)
        await house.server.stop(0)

    (record,) = in_house(tmp_path, {"hello.yaml": HELLO}, story).records()
    assert record["result"] == "failed"
    assert record["reason"] == "the server stopped"


@pytest.mark.parametrize("after", [0.0, 0.5, 2.5, 4.0])
def test_hanging_up_anywhere_ends_the_session_once(tmp_path: Path, after: float) -> None:
    async def story(house: House) -> None:
        party = house.driver.call("32", "1")
        await asyncio.sleep(after)
        party.hang_up()
        party.hang_up()
        await house.settle()

    (record,) = in_house(tmp_path, {"hello.yaml": HELLO}, story).records()
    assert record["result"] == "caller_hung_up"
    assert record["duration"] == pytest.approx(after, abs=0.01)


def test_thousands_of_calls_leave_nothing_behind(tmp_path: Path) -> None:
    counts: list[int] = []

    async def story(house: House) -> None:
        for _ in range(4):
            for n in range(1000):
                party = house.driver.call("32", str(n))
                asyncio.get_running_loop().call_later(1 + n % 7, party.hang_up)
            await house.settle()
            del party
            gc.collect()
            counts.append(len(gc.get_objects()))
            assert len(asyncio.all_tasks()) == 1

    assert len(in_house(tmp_path, {"hello.yaml": HELLO}, story).records()) == 4000
    assert counts[3] - counts[1] < 2000, counts


def test_a_scenario_that_runs_in_circles_ends_with_an_apology_and_holds_up_nobody(tmp_path: Path) -> None:
    heard: list[str] = []
    circles = """
format: 1
name: circles
voice: en
did: ["77"]
start: a
nodes:
  a: {type: set, values: {x: "int('x' + call.cli)"}, on: {next: b, error: b}}
  b: {type: loop, times: 1000, on: {again: a, exhausted: end}}
"""

    async def story(house: House) -> None:
        party = house.driver.call("77", "1")
        party.on_heard.append(lambda item: heard.append(item.clip.label))
        await house.settle()

    (record,) = in_house(tmp_path, {"c.yaml": circles}, story).records()
    assert record["result"] == "failed"
    assert "circles" in record["reason"]
    assert "apology.wav" in heard
    assert len(record["path"]) <= 300
    assert len(record["warnings"]) <= 50


def test_a_caller_who_is_gone_before_the_first_node_meets_none(tmp_path: Path) -> None:
    text = HELLO.replace("start: hi", "start: bye")

    async def story(house: House) -> None:
        house.driver.call("32", "1").hang_up()
        await house.settle()

    (record,) = in_house(tmp_path, {"hello.yaml": text}, story).records()
    assert (record["result"], record["path"]) == ("caller_hung_up", [])
