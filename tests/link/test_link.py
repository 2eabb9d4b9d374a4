"""Agents' computers on real sockets: logging in, being shown calls, taking them."""

from __future__ import annotations

from pathlib import Path

from support.linkclient import clients
from support.linkhouse import link_house, people

from engine.centres.desk import AgentState


async def test_a_call_is_shown_to_all_and_taken_by_one(tmp_path: Path) -> None:
    directory = people(ring="support.wav", screen_pop=["crm", "{caller}"])
    async with link_house(tmp_path, directory) as house, clients(house.port, 2) as (anne, hugo):
        anne.send(type="open", protocol=1, id=7, code="1", password="secret")
        await anne.got(type="ok", id=7)
        await anne.got(type="event", event="A")
        await anne.got(type="state", state="available")
        await hugo.log_in("2", language="fr")

        party = house.driver.call("32", "0143670903")
        shown = await anne.got(event="P")
        await hugo.got(event="P", call=shown["call"])
        assert shown == {
            "type": "event",
            "event": "P",
            "call": party.leg.info.id,
            "cli": "0143670903",
            "caller": "+33143670903",
            "did": "32",
            "channel": shown["channel"],
            "centre": "support",
            "ring": "support.wav",
            "variables": shown["variables"],
        }
        assert (shown["variables"]["client"], shown["variables"]["CLI"]) == ("4711", "0143670903")

        anne.send(type="accept", call=shown["channel"], id="yes")
        await anne.got(type="ok", id="yes")
        await anne.got(event="H", call=shown["call"])
        assert (await anne.got(event="X"))["command"] == ["crm", "{caller}"]
        await anne.got(event="T", call=shown["call"])
        assert (await hugo.got(event="T"))["reason"] == "pris par Agent1"
        await anne.got(type="state", state="connecting")
        await anne.got(type="state", state="on_call")
        party.hang_up()
        await anne.got(type="state", state="available")
    assert house.records()[0]["agent"] == "1"


async def test_who_is_asked_alone_may_reject(tmp_path: Path) -> None:
    async with link_house(tmp_path, method="sequential") as house, clients(house.port, 2) as (anne, hugo):
        await anne.log_in("1")
        await hugo.log_in("2")
        house.driver.call("32", "1")
        call = (await anne.got(event="?"))["call"]
        anne.send(type="reject", call=call)
        await hugo.got(event="?", call=call)
        await anne.got(event="T", call=call)


async def test_do_not_disturb_and_back(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, clients(house.port) as (anne,):
        await anne.log_in("1")
        anne.send(type="unavailable", reason="lunch")
        await anne.got(type="state", state="unavailable", reason="lunch")
        anne.send(type="available")
        await anne.got(type="state", state="available")


async def test_an_agent_calls_a_number_and_is_told_what_becomes_of_it(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, clients(house.port) as (anne,):
        house.driver.phones["0143670903"] = lambda party: party.leg.accept()
        await anne.log_in("1")
        anne.send(type="call", number="0143670903", id=1)
        await anne.got(type="ok", id=1)
        connected = await anne.got(event="C", number="0143670903")
        anne.send(type="call", number="0143670903", record=True)
        assert (await anne.got(event="F"))["reason"]
        await house.server.stop(0)
        assert (await anne.got(event="T"))["call"] == connected["call"]


async def test_a_refused_log_in_says_why_and_may_be_tried_again(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, clients(house.port) as (client,):
        for code, password, letter in (("9", "secret", "U"), ("1", "wrong", "B")):
            client.send(type="open", protocol=1, code=code, password=password)
            await client.got(type="event", event=letter)
        client.send(type="accept", call="x", id=1)
        await client.got(type="error", error="not_open", id=1)
        await client.log_in("1")
        client.send(type="open", protocol=1, code="1", password="secret", id=2)
        await client.got(type="error", error="bad_request", id=2)


async def test_what_is_asked_before_the_answer_to_open_is_done_after_it(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, clients(house.port) as (client,):
        client.send(type="open", protocol=1, code="1", password="secret")
        client.send(type="unavailable", reason="meeting")
        await client.got(type="state", state="unavailable")


async def test_closing_logs_out_at_once(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, clients(house.port) as (client,):
        await client.log_in("1")
        client.send(type="close", id=3)
        await client.got(type="ok", id=3)
        await client.over()
        assert not house.services.centres.desk("1").logged_in


async def test_a_lost_connection_is_no_log_out_and_who_comes_back_finds_what_they_had_said(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, clients(house.port, 2) as (first, again):
        desk = house.services.centres.desk("1")
        await first.log_in("1", extension="17")
        first.send(type="unavailable", reason="lunch")
        await first.got(type="state", state="unavailable")
        await first.close()
        again.send(type="open", protocol=1, code="1", password="secret", extension="17")
        await again.got(type="state", state="unavailable", reason="lunch")
        assert (desk.state, desk.phone) == (AgentState.UNAVAILABLE, "17")


async def test_a_second_log_in_takes_over(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, clients(house.port, 2) as (first, second):
        await first.log_in("1")
        await second.log_in("1")
        await first.got(event="D")
        await first.over()
        assert house.services.centres.desk("1").state is AgentState.AVAILABLE


async def test_or_is_refused(tmp_path: Path) -> None:
    settings = {"second_login": "refused"}
    async with link_house(tmp_path, **settings) as house, clients(house.port, 2) as (first, second):
        await first.log_in("1")
        second.send(type="open", protocol=1, code="1", password="secret")
        assert (await second.got(event="D"))["reason"] == "logged in elsewhere"
        second.send(type="accept", call="x")
        await second.got(type="error", error="not_open")


async def test_when_the_server_stops_everybody_is_told(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, clients(house.port, 2) as (agent, stranger):
        await agent.log_in("1")
        await house.agents.stop()
        for client in (agent, stranger):
            await client.got(type="error", error="stopping")
            await client.over()
