"""The callback library: functions from any thread, a callback in one of its own, the variables file."""

from __future__ import annotations

import asyncio
import queue
import threading
from pathlib import Path

import pytest
from support.agentclients import fits
from support.linkhouse import link_house

from tools.agent import AgentLink, Event, Message, VariablesFile
from tools.agent.messages import Refused


class Told:
    """A callback that keeps what it is told."""

    def __init__(self) -> None:
        self.messages: queue.Queue[Message] = queue.Queue()
        self.threads: set[int] = set()

    def __call__(self, message: Message) -> None:
        self.threads.add(threading.get_ident())
        self.messages.put(message)

    async def got(self, *wanted: type | str, **values: object) -> Message:
        return await asyncio.to_thread(self._got, wanted, values)

    def _got(self, wanted: tuple[type | str, ...], values: dict[str, object]) -> Message:
        while True:
            message = self.messages.get(timeout=5)
            if fits(message, *wanted, **values):
                return message


async def test_a_call_from_log_in_to_log_out(tmp_path: Path) -> None:
    told, link, file = Told(), AgentLink(), tmp_path / "Variables.txt"
    async with link_house(tmp_path) as house:
        link.declare_callback(told)
        link.declare_variables_file(file)
        assert await asyncio.to_thread(link.open_session, "1", "secret", "", "127.0.0.1", house.port)
        await told.got("A")
        house.driver.call("32", "0143670903")
        shown = await told.got("P")
        assert isinstance(shown, Event)
        assert "client : 4711\n" in file.read_text()
        assert await asyncio.to_thread(link.accept_call, shown.channel)
        await told.got("H")
        await told.got("T")
        assert await asyncio.to_thread(link.unavailable, "lunch")
        assert await asyncio.to_thread(link.available)
        assert await asyncio.to_thread(link.close_session)
        assert not house.services.centres.desk("1").logged_in
    assert len(told.threads) == 1
    assert threading.get_ident() not in told.threads


async def test_the_callback_may_call_the_functions_and_log_out(tmp_path: Path) -> None:
    link, results, over = AgentLink(), [], threading.Event()

    def react(message: Message) -> None:
        match message:
            case Event(letter="?", call=call):
                results.append(link.reject_call(call))
            case Event(letter="T"):
                results.append(link.close_session())
                over.set()

    async with link_house(tmp_path, method="sequential") as house:
        link.declare_callback(react)
        assert await asyncio.to_thread(link.open_session, "1", "secret", port=house.port)
        async with asyncio.timeout(5):
            while not house.services.centres.desk("1").logged_in:
                await asyncio.sleep(0.01)
        house.driver.call("32", "1")
        assert await asyncio.to_thread(over.wait, 5)
        assert not house.services.centres.desk("1").logged_in
    assert results == [True, True]


async def test_what_cannot_be_sent_is_false(tmp_path: Path) -> None:
    link = AgentLink()
    assert not link.open_session("1", "secret", port=1)
    assert not any([link.accept_call("1"), link.reject_call("1"), link.unavailable(), link.available()])
    assert not link.call("0143670903", record=True)
    assert not link.close_session()
    async with link_house(tmp_path) as house:
        told = Told()
        link.declare_callback(told)
        assert not await asyncio.to_thread(link.open_session, "1", "x" * 20_000, port=house.port)
        assert await asyncio.to_thread(link.open_session, "1", "wrong", port=house.port)
        await told.got("B")
        assert not await asyncio.to_thread(link.available)
        assert await asyncio.to_thread(link.open_session, "1", "secret", "17", port=house.port)
        await told.got("A")
        assert house.services.centres.desk("1").phone == "17"
        assert await asyncio.to_thread(link.available)
        assert not await asyncio.to_thread(link.accept_call, "x" * 20_000)
        await house.agents.stop()
        await told.got(Refused, error="stopping")
        assert not await asyncio.to_thread(link.available)
        await asyncio.to_thread(link.close_session)


async def test_a_callback_that_fails_or_takes_its_time_does_not_lose_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.server.link.protocol.TIMEOUT", 1.0)
    monkeypatch.setattr("engine.server.link.protocol.PING", 0.2)
    link, slow, told = AgentLink(), threading.Event(), Told()

    def react(message: Message) -> None:
        told(message)
        if fits(message, "A"):
            slow.wait(1.5)
            raise ValueError("the application's own")

    async with link_house(tmp_path) as house:
        link.declare_callback(react)
        assert await asyncio.to_thread(link.open_session, "1", "secret", port=house.port)
        await told.got("A")
        await asyncio.sleep(1.5)
        assert house.services.centres.desk("1").session is not None
        house.driver.call("32", "1")
        await told.got("P")
        await asyncio.to_thread(link.declare_callback, None)
        assert await asyncio.to_thread(link.close_session)


async def test_nothing_is_told_of_a_session_that_was_closed_and_no_thread_stays(tmp_path: Path) -> None:
    link, told = AgentLink(), Told()
    async with link_house(tmp_path) as house:
        link.declare_callback(told)
        for _ in range(5):
            assert await asyncio.to_thread(link.open_session, "1", "secret", port=house.port)
        await told.got("A")
        assert await asyncio.to_thread(link.close_session)
        told.messages = queue.Queue()
        assert not house.services.centres.desk("1").logged_in
        async with asyncio.timeout(5):
            while any(thread.name.startswith("agent ") for thread in threading.enumerate()):
                await asyncio.sleep(0.05)
        assert told.messages.empty()


async def test_many_threads_may_ask_at_once(tmp_path: Path) -> None:
    link, told = AgentLink(), Told()
    async with link_house(tmp_path) as house:
        link.declare_callback(told)
        assert await asyncio.to_thread(link.open_session, "1", "secret", port=house.port)
        await told.got("A")
        sent = await asyncio.gather(*(asyncio.to_thread(link.available) for _ in range(20)))
        assert all(sent)
        await asyncio.to_thread(link.close_session)


def test_the_variables_of_one_call_are_lines_and_replace_those_of_another(tmp_path: Path) -> None:
    file = VariablesFile(tmp_path / "Variables.txt")
    file.write({"CLI": "0143670903", "long": "x" * 1000})
    file.write({"CLI": "", "note": "two\r\nlines: é\u2028and\0more"})
    assert (tmp_path / "Variables.txt").read_bytes().decode() == "CLI : \nnote : two lines: é and more\n"
    assert [path.name for path in tmp_path.iterdir()] == ["Variables.txt"]


def test_variables_that_cannot_be_written_leave_none_of_another_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = VariablesFile(tmp_path / "Variables.txt")
    file.write({"CLI": "1"})

    def full(path: Path, target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        file.write({"CLI": "2"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["sub/Variables.txt", "../Variables.txt", "", ".", ".."])
def test_a_path_is_whole_or_a_bare_name(path: str) -> None:
    with pytest.raises(ValueError, match="whole path"):
        VariablesFile(path)
    assert VariablesFile("Variables.txt").path == Path.cwd() / "Variables.txt"
