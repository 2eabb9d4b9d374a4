"""The client library on a real server's agent link."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from support.agentclients import got, proxy
from support.linkhouse import LinkHouse, link_house, people

from drivers.virtual import Party
from engine.centres.desk import AgentState
from engine.server.link.service import LinkService
from tools.agent import AgentClient, Event, Lost, Refused, State
from tools.agent import client as timing


async def log_in(client: AgentClient, code: str, **more: str) -> AgentClient:
    assert await client.open(code, "secret", **more)
    await got(client, "A")
    await got(client, State)
    return client


async def until(house: LinkHouse, code: str, state: AgentState, timeout: float = 5) -> None:
    async with asyncio.timeout(timeout):
        while house.services.centres.desk(code).state is not state:
            await asyncio.sleep(0.01)


async def test_a_call_is_shown_accepted_and_taken_from_the_others(tmp_path: Path) -> None:
    directory = people(ring="support.wav", screen_pop=["crm", "{caller}"])
    async with (
        link_house(tmp_path, directory) as house,
        AgentClient(port=house.port) as anne,
        AgentClient(port=house.port) as hugo,
    ):
        await log_in(anne, "1")
        await log_in(hugo, "2", language="fr")
        party = house.driver.call("32", "0143670903")
        shown = await got(anne, "P")
        assert (shown.cli, shown.caller, shown.did) == ("0143670903", "+33143670903", "32")
        assert (shown.centre, shown.ring, shown.variables["client"]) == ("support", "support.wav", "4711")
        assert await anne.accept(shown.channel)
        await got(anne, "H", call=shown.call)
        assert (await got(anne, "X")).command == ("crm", "{caller}")
        assert (await got(hugo, "T", call=shown.call)).reason == "pris par Agent1"
        await got(anne, State, state="on_call")
        party.hang_up()
        await got(anne, State, state="available")
        assert await anne.close()
        assert not house.services.centres.desk("1").logged_in


async def test_who_is_asked_alone_rejects(tmp_path: Path) -> None:
    async with link_house(tmp_path, method="sequential") as house, AgentClient(port=house.port) as anne:
        await log_in(anne, "1")
        house.driver.call("32", "1")
        shown = await got(anne, "?")
        assert await anne.reject(shown.call)
        await got(anne, "T", call=shown.call)


@pytest.mark.parametrize(("code", "password", "letter"), [("9", "secret", "U"), ("1", "wrong", "B")])
async def test_who_is_not_let_in_is_told_and_the_session_is_over(
    tmp_path: Path, code: str, password: str, letter: str
) -> None:
    async with link_house(tmp_path) as house, AgentClient(port=house.port) as client:
        assert await client.open(code, password)
        assert [message.letter async for message in client if isinstance(message, Event)] == [letter]
        assert not await client.available()
        assert not await client.open("1", "secret")


async def test_without_a_server_nothing_can_be_sent() -> None:
    async with AgentClient(port=1) as client:
        assert not await client.open("1", "secret")
        assert client.error
        assert not await client.accept("x")
        assert not await client.close()


async def test_a_number_is_called_and_the_end_is_told(tmp_path: Path) -> None:
    called: list[Party] = []

    def answer(party: Party) -> None:
        called.append(party)
        party.leg.accept()

    async with link_house(tmp_path) as house, AgentClient(port=house.port) as client:
        house.driver.phones["0143670903"] = answer
        await log_in(client, "1")
        assert await client.call("0892123456", record=True)
        assert (await got(client, "F", number="0892123456")).reason
        assert await client.call("0143670903")
        connected = await got(client, "C", number="0143670903")
        called[0].hang_up()
        assert (await got(client, "T", number="0143670903")).call == connected.call


async def test_what_the_server_refuses_is_told(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, AgentClient(port=house.port) as client:
        await log_in(client, "1")
        assert await client.accept("x" * 201)
        assert (await got(client, Refused)).error == "bad_request"


async def test_who_is_thrown_out_does_not_come_back(tmp_path: Path) -> None:
    async with (
        link_house(tmp_path) as house,
        AgentClient(port=house.port) as first,
        AgentClient(port=house.port) as second,
    ):
        await log_in(first, "1")
        await log_in(second, "1")
        letters = [message.letter async for message in first if isinstance(message, Event)]
        assert letters == ["D"]
        assert house.services.centres.desk("1").state is AgentState.AVAILABLE


async def test_a_lost_connection_comes_back_and_the_server_knows_what_was_said(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, proxy(house.port) as between, AgentClient(port=between.port) as client:
        await log_in(client, "1", extension="17")
        assert await client.unavailable("lunch")
        await got(client, State, state="unavailable")
        between.cut()
        await got(client, Lost)
        await got(client, "A")
        await got(client, State, state="unavailable", reason="lunch")
        assert house.services.centres.desk("1").phone == "17"


async def test_a_server_that_has_forgotten_is_told_again_that_the_agent_is_not_to_be_disturbed(
    tmp_path: Path,
) -> None:
    async with link_house(tmp_path) as house, AgentClient(port=house.port) as client:
        await log_in(client, "1")
        await client.unavailable("lunch")
        await got(client, State, state="unavailable")
        port = house.port
        await house.agents.stop()
        assert (await got(client, Refused)).error == "stopping"
        await got(client, Lost)
        assert not await client.available()
        house.services.centres.desk("1").disturb(None)
        house.agents = LinkService(house.settings.model_copy(update={"listen": f"127.0.0.1:{port}"}),
                                   house.services.centres, tmp_path)  # fmt: skip
        await house.agents.start()
        await got(client, "A")
        await got(client, State, state="available")
        await got(client, State, state="unavailable", reason="lunch")


async def test_calls_that_wait_are_shown_again(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, proxy(house.port) as between, AgentClient(port=between.port) as client:
        await log_in(client, "1")
        house.driver.call("32", "1")
        shown = await got(client, "P")
        between.cut()
        await got(client, Lost)
        assert (await got(client, "P")).call == shown.call


async def test_silence_means_that_the_connection_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.server.link.protocol.TIMEOUT", 1.0)
    monkeypatch.setattr("engine.server.link.protocol.PING", 0.3)
    async with link_house(tmp_path) as house, proxy(house.port) as between, AgentClient(port=between.port) as client:
        await log_in(client, "1")
        between.deaf = True
        lost = await got(client, Lost)
        assert lost == Lost("nothing was heard for 1 s", "silent")
        await until(house, "1", AgentState.LOGGED_OUT)
        between.deaf = False
        await got(client, "A")
        await until(house, "1", AgentState.AVAILABLE)


async def test_one_who_comes_back_before_the_server_has_noticed_tries_until_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.server.link.protocol.TIMEOUT", 1.2)
    monkeypatch.setattr("engine.server.link.protocol.PING", 0.3)
    async with (
        link_house(tmp_path, second_login="refused") as house,
        proxy(house.port) as between,
        proxy(house.port) as ghost,
        AgentClient(port=between.port) as client,
    ):
        between.target = ghost.port
        await log_in(client, "1")
        ghost.deaf = True
        between.target = house.port
        between.cut()
        assert (await got(client, Lost)).reason != "logged in elsewhere"
        assert (await got(client, Lost)).reason == "logged in elsewhere"
        await got(client, "A")


async def test_a_lost_connection_is_looked_for_at_growing_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 8:
            await asyncio.Event().wait()

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'{"type":"hello","protocol":1,"ping":5,"timeout":15}\n')
        await reader.readline()
        server.close()
        writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with AgentClient(port=port, chance=lambda low, high: (low + high) / 2) as client:
        monkeypatch.setattr(timing, "pause", sleep)
        assert await client.open("1", "secret")
        await got(client, Lost)
        async with asyncio.timeout(5):
            while len(waits) < 8:
                await asyncio.sleep(0.01)
    assert waits == [0.5, 1, 2, 4, 8, 15, 15, 15]


def test_the_folder_works_where_it_is_copied_with_the_standard_library_alone(tmp_path: Path) -> None:
    import shutil

    shutil.copytree(Path(timing.__file__).parent, tmp_path / "desk")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import desk; print(*desk.__all__)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    assert "AgentLink" in done.stdout
