"""Transfers by the keys of an exchange: what is pressed, and how it ends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from support.house import House, in_house
from support.scenarios import scenario

from drivers.virtual import Party
from engine.call.services import Transfers
from engine.centres.directory import Directory
from engine.lines.dialling import DialPlan
from engine.lines.feature_code import FeatureCode
from engine.lines.lines import Lines
from engine.server.settings import Settings


def transfer(**options: str) -> str:
    extra = "".join(f", {name}: {value}" for name, value in options.items())
    return scenario(
        f"""
        a: {{type: transfer, to: "201"{extra}, on: {{transferred: end, busy: b, no_answer: b, failed: b}}}}
        b: {{type: wait, duration: 1s, next: end}}
        """,
        top="did: ['32']",
    )


def call(root: Path, code: FeatureCode | None, text: str = "", act: Any = None, **rules: Any) -> tuple[dict, Party]:
    """The record of a call that is transferred, and its caller, with whom `act` is done."""
    parties: list[Party] = []

    async def story(house: House) -> None:
        house.services.lines = Lines([house.driver], plan=DialPlan(internal_digits=3))
        house.services.transfers = Transfers(**rules)
        if code is not None:
            house.services.exchange = code
        house.driver.phones["201"] = answers
        parties.append(house.driver.call("32"))
        if act is not None:
            await act(parties[0])
        await house.settle()

    root.mkdir(exist_ok=True)
    house = in_house(root, {"a.yaml": text or transfer(method="exchange")}, story, Directory())
    (record,) = house.records()
    return record, parties[0]


def answers(party: Party) -> None:
    party.leg.accept()
    asyncio.get_running_loop().call_later(5, party.hang_up)


def test_the_exchange_connects_them_when_we_hang_up(tmp_path: Path):
    record, party = call(tmp_path, FeatureCode("!,", "#", wait=2.0))
    assert party.keys_heard == "!201#"
    assert (record["result"], record["transferred_to"]) == ("transferred", "201")
    assert record["duration"] == pytest.approx(5 * 0.2 + 1 + 2)


@pytest.mark.parametrize("then_hang_up", [True, False])
def test_the_exchange_hangs_up_when_it_has_connected_them(tmp_path: Path, then_hang_up: bool):
    async def lets_go(party: Party) -> None:
        while party.keys_heard != "*2201":
            await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        party.hang_up()

    record, _ = call(tmp_path, FeatureCode("*2", wait=10.0, then_hang_up=then_hang_up), act=lets_go)
    assert (record["result"], record["path"][0]["outcome"]) == ("transferred", "transferred")
    assert record["duration"] < 3


def test_a_caller_who_hangs_up_before_the_number_is_dialled(tmp_path: Path):
    async def gives_up(party: Party) -> None:
        await asyncio.sleep(0.5)
        party.hang_up()

    record, _ = call(tmp_path, FeatureCode("!,,,"), act=gives_up)
    assert (record["result"], record["transferred_to"]) == ("caller_hung_up", None)


def test_an_exchange_that_does_not_hang_up_has_not_transferred(tmp_path: Path):
    record, party = call(tmp_path, FeatureCode("!", wait=3.0, then_hang_up=False, back="!"))
    assert party.keys_heard == "!201!"
    assert [step["outcome"] for step in record["path"]] == ["failed", "next"]
    assert (record["result"], record["transferred_to"]) == ("ended", None)


def test_the_setting_says_what_auto_means(tmp_path: Path):
    record, party = call(tmp_path, FeatureCode("!"), transfer(), method="exchange")
    assert (record["result"], party.keys_heard) == ("transferred", "!201")
    record, party = call(tmp_path / "b", FeatureCode("!"), transfer(), method="bridge")
    assert (record["duration"], party.keys_heard) == (5.0, "")


def test_without_a_feature_code_auto_bridges_and_exchange_fails(tmp_path: Path):
    record, _ = call(tmp_path, None, transfer(), method="exchange")
    assert record["duration"] == 5.0
    record, _ = call(tmp_path / "b", None)
    assert [step["outcome"] for step in record["path"]] == ["failed", "next"]


def test_keys_that_the_line_does_not_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async def refuses(_: object, keys: str) -> None:
        raise ValueError(f"{keys!r}: not telephone keys")

    monkeypatch.setattr("drivers.virtual.leg.VirtualLeg.send_digits", refuses)
    record, _ = call(tmp_path, FeatureCode("!"))
    assert record["path"][0]["outcome"] == "failed"
    assert "does not take these keys" in record["warnings"][0]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{code: '!,'}", FeatureCode("!,")),
        (
            "{code: '*2', end: '#', wait: 8s, then: fail, back: '!'}",
            FeatureCode("*2", "#", 8.0, then_hang_up=False, back="!"),
        ),
    ],
)
def test_the_settings(tmp_path: Path, text: str, code: FeatureCode):
    file = tmp_path / "server.yaml"
    file.write_text(f"telephony: {{transfer: {{method: exchange, exchange: {text}}}}}")
    how = Settings.load(file).telephony.transfer
    assert (how.rules().method, how.by_exchange()) == ("exchange", code)


def test_the_line_transfers_with_the_help_of_a_second_one(tmp_path: Path):
    """As the settings say; what the caller hears meanwhile is a ring tone."""
    record, party = call(tmp_path, None, transfer(), method="driver", second=True)
    assert (record["result"], record["transferred_to"], record["duration"]) == ("transferred", "201", 0.0)
    assert record["answered"] is not None
    assert not party.leg.alive
