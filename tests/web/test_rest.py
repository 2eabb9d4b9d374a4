"""The REST interface over real HTTP."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.webhouse import PARIS, web_house

from engine.centres.directory import Directory

CALLS = "/api/v1/calls"


async def reached(client: httpx.AsyncClient, call: str, stage: str, headers: dict[str, str]) -> dict[str, Any]:
    """The state of a call once it is there."""
    async with asyncio.timeout(5):
        while (state := (await client.get(f"{CALLS}/{call}", headers=headers)).json())["stage"] != stage:
            await asyncio.sleep(0.02)
    return state


async def test_a_call_is_made_looked_at_and_ended(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (house, client):
        crm = await house.bearer("crm", "application")
        made = await client.post(CALLS, json={"agent": "201", "number": PARIS, "record": True}, headers=crm)
        assert (made.status_code, made.json()["agent"], made.json()["extension"]) == (201, "201", "27")
        call = made.json()["id"]
        await reached(client, call, "connected", crm)
        again = await client.post(CALLS, json={"agent": "201", "number": PARIS}, headers=crm)
        assert (again.status_code, again.json()["error"]) == (409, "busy")
        assert "DELETE" in again.json()["remedy"]
        assert (await client.delete(f"{CALLS}/{call}", headers=crm)).status_code == 202
        over = await reached(client, call, "ended", crm)
        assert over["reason"] == "the call was withdrawn"
        assert over["recording"].startswith(str(tmp_path))
        await house.settle()
        assert [party.leg.alive for party in house.parties] == [False, False]


async def test_an_agents_token_is_for_that_agent(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (house, client):
        anne, hugo = await house.bearer("201"), await house.bearer("202")
        made = await client.post(CALLS, json={"agent": "201", "number": PARIS}, headers=anne)
        assert made.status_code == 201
        call = f"{CALLS}/{made.json()['id']}"
        for answer, status, error in (
            (await client.post(CALLS, json={"agent": "201", "number": PARIS}, headers=hugo), 403, "not_yours"),
            (await client.get(call, headers=hugo), 404, "no_call"),
            (await client.delete(call, headers=hugo), 404, "no_call"),
            (await client.get(call), 401, "no_token"),
            (await client.get("/api/v1/agents", headers=anne), 403, "applications_only"),
            (await client.get("/api/v1/centres", headers=anne), 403, "applications_only"),
            (await client.get("/api/v1/agents"), 401, "no_token"),
        ):
            assert (answer.status_code, answer.json()["error"]) == (status, error)
            assert answer.json()["message"]
            assert answer.json()["remedy"]
        assert (await client.get(call, headers=anne)).status_code == 200


async def test_an_allowed_address_may_call_and_no_more(tmp_path: Path) -> None:
    async with web_house(tmp_path, allow=["127.0.0.0/8"]) as (_, client):
        order = {"agent": "201", "number": PARIS}
        assert (await client.post(CALLS, json=order, headers={"Origin": "https://evil"})).status_code == 403
        assert (await client.post(CALLS, json=order)).status_code == 201
        assert (await client.get("/api/v1/agents")).json()["error"] == "applications_only"
        assert (await client.post("/api/v1/agents/201/ticket")).json()["error"] == "no_token"


async def test_states_of_agents_and_centres(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (house, client):
        crm = await house.bearer("crm", "application")
        desk = house.services.centres.desk("202")
        assert desk is not None
        desk.disturb("lunch")
        agents = (await client.get("/api/v1/agents", headers=crm)).json()
        assert [agent["code"] for agent in agents] == ["201", "202"]
        assert agents[1]["state"] == "logged_out"
        assert agents[0] == {
            "code": "201",
            "name": "Anne",
            "active": True,
            "state": "logged_out",
            "reason": "",
            "rest": 0.0,
            "extension": "27",
            "calls": 0,
        }
        centres = (await client.get("/api/v1/centres", headers=crm)).json()
        assert centres == [
            {"name": "support", "logged_in": 0, "available": 0, "waiting": 0, "agents": ["201", "202"]}
        ]


async def test_what_is_wrong_is_said_and_no_value_is_repeated(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (house, client):
        crm = await house.bearer("crm", "application")
        wrong: list[Any] = [
            {"agent": "201"},
            {"agent": "201", "number": PARIS, "recrod": True},
            {"agent": ["s3cret"], "number": PARIS},
            "s3cret",
            None,
        ]
        for body in wrong:
            answer = await client.post(CALLS, json=body, headers=crm)
            assert (answer.status_code, answer.json()["error"]) == (422, "bad_request")
            assert "s3cret" not in answer.text
        for content in (b"{", b"\xff" * 100, b"[" * 10_000):
            answer = await client.post(CALLS, content=content, headers={**crm, "Content-Type": "application/json"})
            assert (answer.status_code in (400, 422), answer.json()["error"]) == (True, "bad_request")
        answer = await client.post(CALLS, content=b"x" * 20_000, headers=crm)
        assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
        answer = await client.post("/api/v1/agents/201/ticket", json={"password": {"s3cret": 1}})
        assert (answer.status_code, "s3cret" in answer.text) == (422, False)
        assert (await client.put(CALLS, headers=crm)).status_code == 405
        assert (await client.get("/api/v1/nothing")).json()["error"] == "not_found"
        assert house.parties == []


async def test_a_ticket_for_a_password_or_a_token_and_a_ban_for_guesses(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (house, client):
        path = "/api/v1/agents/201/ticket"
        ticket = await client.post(path, json={"password": "secret"})
        assert (ticket.status_code, ticket.json()["seconds"]) == (201, 60)
        assert house.agents.link.tickets.redeem(ticket.json()["ticket"]) == "201"
        anne = await house.bearer("201")
        assert (await client.post(path, headers=anne)).status_code == 201
        assert (await client.post("/api/v1/agents/202/ticket", headers=anne)).json()["error"] == "not_yours"
        crm = await house.bearer("crm", "application")
        assert (await client.post(path, headers=crm)).json()["error"] == "not_yours"
        for times in (9, 10):
            assert (await client.post(path, json={"password": "secret"})).status_code == 201
            for _ in range(times):
                wrong = await client.post(path, json={"password": "wrong"})
                assert (wrong.status_code, wrong.json()["error"]) == (401, "bad_password")
        assert (await client.post(path, json={"password": "secret"})).status_code == 429
        # The ban is that of the agent link, too, and of this code alone.
        assert house.agents.link.guesses.banned("127.0.0.1", "201")
        other = await client.post("/api/v1/agents/202/ticket", json={"password": "secret"})
        assert other.status_code == 201


async def test_an_agent_who_is_gone_has_a_token_that_is_good_for_nothing(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (house, client):
        anne = await house.bearer("201")
        house.services.centres.apply(Directory())
        answer = await client.post(CALLS, json={"agent": "201", "number": PARIS}, headers=anne)
        assert (answer.status_code, answer.json()["error"]) == (403, "not_active")


async def test_a_database_that_is_broken_is_said_and_no_token_is_good_then(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (house, client):
        crm = await house.bearer("crm", "application")
        await house.database.close()
        for file in tmp_path.glob("flowctl.db*"):  # noqa: ASYNC240 - a test
            file.write_bytes(b"not a database at all" * 500)
        answer = await client.get("/api/v1/agents", headers=crm)
        assert (answer.status_code, answer.json()["error"]) == (503, "no_database")


async def test_the_interface_describes_itself(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (_, client):
        described = (await client.get("/api/v1/openapi.json")).json()
        assert described["openapi"].startswith("3.1")
        assert set(described["paths"]) == {
            "/calls",
            "/calls/{identity}",
            "/agents",
            "/centres",
            "/agents/{code}/ticket",
        }
        assert all(described["paths"]["/calls"]["post"]["responses"][status] for status in ("201", "401", "409"))


async def test_half_a_surrogate_pair_is_no_password_and_no_code(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with web_house(tmp_path, allow=["127.0.0.1/32"]) as (_, client):
        json = {"Content-Type": "application/json"}
        password = b'{"password": "\\ud800"}'
        answer = await client.post("/api/v1/agents/201/ticket", content=password, headers=json)
        assert (answer.status_code, answer.json()["error"]) == (422, "bad_request")
        order = b'{"agent": "\\ud800", "number": "1"}'
        answer = await client.post("/api/v1/calls", content=order, headers=json)
        assert (answer.status_code, answer.json()["error"]) == (422, "bad_request")
    assert "Traceback" not in caplog.text


async def test_a_failure_is_said_as_json_and_logged_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with web_house(tmp_path, allow=["127.0.0.1/32"]) as (house, client):

        def fail(_: str) -> None:
            raise RuntimeError("a mistake")

        monkeypatch.setattr(house.calling, "find", fail)
        for _ in range(3):
            answer = await client.get("/api/v1/calls/1")
            assert (answer.status_code, answer.json()["error"]) == (500, "internal")
    assert caplog.text.count("a request has failed") == 1
