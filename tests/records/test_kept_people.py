"""A running server and its database of agents: it follows, and stands what happens to the file."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.ports import free_port
from support.served import FLOWCTL, run, served

from engine.centres.centres import Centres
from engine.centres.directory import Directory
from engine.errors import ConfigurationError, DatabaseError
from engine.records.applying import carry_out, plan
from engine.records.database import Database
from engine.records.people import People
from engine.server import people as module
from engine.server.people import KeptPeople
from engine.server.settings import Settings

ANNE = {"code": "1", "first_name": "Anne", "phone": "17"}


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(module, "EVERY", 0.01)
    caplog.set_level(logging.INFO)


def write(root: Path, *agents: dict[str, Any], mode: int = 0o600) -> Path:
    file = root / "directory.yaml"
    file.write_text(json.dumps({"agents": agents, "centres": [{"name": "a", "agents": [a["code"] for a in agents]}]}))
    file.chmod(mode)
    return file


@asynccontextmanager
async def kept(root: Path) -> AsyncIterator[Centres]:
    """The agents of a server that runs in `root`."""
    (root / "server.yaml").write_text("data: var\n")
    it = KeptPeople(await asyncio.to_thread(Settings.load, root / "server.yaml"))
    centres = None
    try:
        centres = Centres(await it.open())
        it.follow(centres)
        yield centres
    finally:
        await it.close()
        if centres is not None:
            centres.close()


async def apply(root: Path, *agents: dict[str, Any]) -> None:
    database = Database(root / "var" / "flowctl.db")
    given = Directory.model_validate({"agents": agents, "centres": [{"name": "a", "agents": ["1"]}]})
    await carry_out(People(database), await plan(People(database), given))
    await database.close()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.01)


async def test_the_file_is_stored_at_the_first_start_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = write(tmp_path, {**ANNE, "password": "s3cret"}, mode=0o644)
    async with kept(tmp_path) as centres:
        assert [(desk.code, desk.agent.logs_in, desk.agent.password) for desk in centres.desks] == [("1", True, None)]
    assert f"others may read the passwords in {file}" in caplog.text
    write(tmp_path, {**ANNE, "first_name": "Anna"}, {"code": "2"})
    caplog.clear()
    async with kept(tmp_path) as centres:
        assert [desk.agent.name for desk in centres.desks] == ["Anne"]
        await until(lambda: "is not what is in force: 3 agents and centres" in caplog.text)
    assert f"`flowctl apply {file}`" in caplog.text


async def test_a_file_like_the_database_is_no_news_and_a_spoilt_one_no_reason_to_stop(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = write(tmp_path, {**ANNE, "password": "s3cret"})
    async with kept(tmp_path):
        pass
    caplog.clear()
    async with kept(tmp_path) as centres:
        file.write_text("agents: [")
        await until(lambda: "their file cannot be used" in caplog.text)
        assert "in force" not in caplog.text
        write(tmp_path, {"code": "3"})
        await until(lambda: "in force" in caplog.text)
        assert [desk.code for desk in centres.desks] == ["1"]
    assert caplog.text.count("in force") == caplog.text.count("cannot be used") == 1


async def test_a_first_file_that_is_spoilt_is_refused(tmp_path: Path) -> None:
    (tmp_path / "directory.yaml").write_text("agents: [")
    with pytest.raises(ConfigurationError, match=r"directory\.yaml:1"):
        async with kept(tmp_path):
            pass
    assert not (tmp_path / "var").exists()


async def test_changes_hold_at_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with kept(tmp_path) as centres:
        assert centres.desks == []
        await apply(tmp_path, ANNE)
        await until(lambda: centres.available("a"))
        await apply(tmp_path, {**ANNE, "active": False}, {"code": "2"})
        await until(lambda: len(centres.desks) == 2)
        assert centres.available("a") == []
    assert "revision 2, 2 agents, 1 centres" in caplog.text


async def test_a_database_that_is_gone_or_damaged_leaves_the_last_directory_in_force(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, ANNE)
    file = tmp_path / "var" / "flowctl.db"
    async with kept(tmp_path) as centres:
        for path in await asyncio.to_thread(lambda: list(file.parent.iterdir())):
            path.unlink()
        await until(lambda: "flowctl.db is gone" in caplog.text)
        file.write_bytes(b"this is no database at all " * 100)
        await until(lambda: "not a database" in caplog.text)
        assert [desk.code for desk in centres.available("a")] == ["1"]
        file.unlink()
        await apply(tmp_path, ANNE, {"code": "2"})
        await until(lambda: len(centres.desks) == 2)
    assert caplog.text.count("not a database") == caplog.text.count("can be read again") == 1
    with file.open("r+b") as damaged:
        damaged.write(b"this is no database at all")
    with pytest.raises(DatabaseError, match="not a database"):
        async with kept(tmp_path):
            pass


async def open_session(port: int, code: str, password: str) -> dict[str, Any]:
    """The answer to an agent who logs in."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(json.dumps({"type": "open", "protocol": 1, "code": code, "password": password}).encode() + b"\n")
    try:
        async with asyncio.timeout(5):
            while (answer := json.loads(await reader.readline()))["type"] != "event":
                pass
    finally:
        writer.close()
    return answer


async def test_who_is_added_by_a_command_logs_in_within_a_second(tmp_path: Path) -> None:
    write(tmp_path, ANNE)
    async with served(tmp_path, {}, agent_link={"listen": f"127.0.0.1:{(port := free_port())}"}) as server:
        assert (await open_session(port, "2", "s3cret"))["event"] == "U"
        file = write(tmp_path, ANNE, {"code": "2", "password": "s3cret", "phone": "18"})
        status, out, err = await run(*FLOWCTL, "apply", file, "--config", tmp_path / "server.yaml")
        assert (status, out.splitlines()[-1], err) == (0, "applied: revision 2", "")
        await server.logged("revision 2, 2 agents", timeout=1)
        assert (await open_session(port, "2", "s3cret"))["event"] == "A"
        assert (await open_session(port, "2", "secret"))["event"] == "B"
