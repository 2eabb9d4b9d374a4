"""Saving a file puts it in service; a broken one is refused and the last good version serves."""

from __future__ import annotations

import asyncio
import logging
import re
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.scenarios import scenario

from engine.centres.directory import Agent, Centre, Directory
from engine.scenario.reload import ScenarioStore


def text(number: str, seconds: int = 1) -> str:
    return scenario(f"a: {{type: wait, duration: {seconds}s, next: end}}", top=f'did: ["{number}"]')


BROKEN = text("32").replace("duration", "durration")


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[ScenarioStore]:
    store = ScenarioStore(folder)
    await store.load()
    stop = asyncio.Event()
    task = asyncio.create_task(store.watch(stop))
    try:
        yield store
    finally:
        stop.set()
        await asyncio.wait_for(task, 5)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(8):
        while not condition():
            await asyncio.sleep(0.02)


def version(store: ScenarioStore, number: str = "32") -> str | None:
    found = store.table.find(number)
    return None if found is None else found.version


async def test_a_broken_file_at_the_start_stops_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "good.yaml").write_text(text("32"))
    (tmp_path / "bad.yaml").write_text(BROKEN)
    (tmp_path / "good.test.yaml").write_text("not: a scenario")
    store = ScenarioStore(tmp_path)
    await store.load()
    assert len(store.table) == 1
    assert version(store) is not None
    assert f"{tmp_path / 'bad.yaml'}:6:19: E0003 unknown key `durration` (did you mean `duration`?)" in caplog.text
    assert "no version of it is in service" in caplog.text


async def test_the_life_of_a_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    file = tmp_path / "one.yaml"
    file.write_text(text("32"))
    async with watched(tmp_path) as store:
        first, first_scenario = version(store), store.table.find("32")

        file.write_text(BROKEN)
        await until(lambda: "keeps serving" in caplog.text)
        assert f"last good version {first} keeps serving" in caplog.text
        assert store.table.find("32") is first_scenario

        # Many editors write another file and rename it.
        draft = tmp_path / ".one.yaml.swp"
        draft.write_text(text("32", 2))
        draft.rename(file)
        await until(lambda: version(store) != first)
        assert first_scenario is not None
        assert first_scenario.begin().node == "a"

        (tmp_path / "deeper").mkdir()
        (tmp_path / "deeper" / "two.yaml").write_text(text("33"))
        await until(lambda: version(store, "33") is not None)

        file.unlink()
        await until(lambda: version(store) is None)
        assert version(store, "33") is not None


async def test_a_refused_file_goes_into_service_when_its_sound_arrives(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "a.yaml").write_text(scenario("a: {type: play, prompt: [hello.wav], next: end}", top='did: ["32"]'))
    async with watched(tmp_path) as store:
        assert len(store.table) == 0
        with wave.open(str(tmp_path / "prompts" / "hello.wav"), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(bytes(1600))
        await until(lambda: len(store.table) == 1)


async def test_a_refused_file_goes_into_service_when_its_centre_is_made(tmp_path: Path) -> None:
    """Whatever the file beside it says: the server knows who is there."""
    search = "a: {type: agent_search, centre: new, method: broadcast, timeout: 9s, on: {%s}}"
    (tmp_path / "directory.yaml").write_text('agents: [{code: "1"}]\ncentres: [{name: new, agents: ["1"]}]\n')
    (tmp_path / "search.yaml").write_text(
        scenario(search % "transferred: end, nobody: end, timeout: end", top='did: ["32"]')
    )
    people = Directory(agents=[Agent(code="1")], centres=[Centre(name="old", agents=["1"])])
    store = ScenarioStore(tmp_path, lambda: people)
    await store.load()
    assert version(store) is None
    people = Directory(agents=[Agent(code="1")], centres=[Centre(name="new", agents=["1"])])
    await store.load()
    assert version(store) is not None
    people = Directory()
    await store.load()
    assert version(store) is not None


async def test_a_file_that_is_away_for_a_moment_stays_in_service(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, aside = tmp_path / "one.yaml", tmp_path / "one.yaml~"
    file.write_text(text("32"))
    store = ScenarioStore(tmp_path)
    await store.load()
    file.rename(aside)
    looking = asyncio.create_task(store.load())
    await asyncio.sleep(0.1)
    assert version(store) is not None
    file.write_text(text("32", 2))
    await looking
    assert version(store) is not None
    assert "is gone" not in caplog.text


async def test_fifty_broken_saves_change_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "one.yaml"
    file.write_text(text("32"))
    store = ScenarioStore(tmp_path)
    await store.load()
    good = store.table.find("32")
    for number in range(50):
        file.write_text(BROKEN + "#" * number)
        await store.load()
        assert store.table.find("32") is good
    assert caplog.text.count("keeps serving") == 50


async def test_saving_the_same_content_keeps_the_version(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text(text("32"))
    store = ScenarioStore(tmp_path)
    await store.load()
    table = store.table
    file.write_text(text("32"))
    await store.load()
    assert store.table is table


async def test_a_number_claimed_twice_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(text("32"))
    store = ScenarioStore(tmp_path)
    await store.load()
    (tmp_path / "c.yaml").write_text(text("33"))
    await store.load()
    assert caplog.text.count("E1012") == 1
    found = store.table.find("32")
    assert found is not None
    assert found.path.name == "a.yaml"


async def test_the_folder_may_come_later(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "flows"
    async with watched(folder) as store:
        assert "does not exist" in caplog.text
        folder.mkdir()
        (folder / "a.yaml").write_text(text("32"))
        await until(lambda: len(store.table) == 1)


async def test_a_number_in_service_stays_where_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def holders() -> list[str]:
        return [found.path.name if (found := store.table.find(number)) else "" for number in ("32", "33")]

    middle, thief = tmp_path / "m.yaml", tmp_path / "a.yaml"
    middle.write_text(text("32"))
    (tmp_path / "z.yaml").write_text(text("33"))
    store = ScenarioStore(tmp_path)
    await store.load()
    thief.write_text(text("32"))
    await store.load()
    assert holders() == ["m.yaml", "z.yaml"]
    assert f"{thief}: E1012 the number 32 already leads to {middle}, which keeps it" in caplog.text
    # Another version of the holder is the holder; what it claims besides is not its own.
    middle.write_text(text("32").replace('["32"]', '["32", "33"]'))
    await store.load()
    assert holders() == ["m.yaml", "z.yaml"]
    middle.unlink()
    await store.load()
    assert holders() == ["a.yaml", "z.yaml"]


async def test_a_restored_file_is_in_service_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    file = tmp_path / "one.yaml"
    store = ScenarioStore(tmp_path)
    for content in (text("32"), BROKEN, text("32")):
        assert "again" not in caplog.text
        file.write_text(content)
        await store.load()
    assert f"version {version(store)} of test is in service again for 32" in caplog.text


def calling(outcomes: str = "{good: end}") -> str:
    return scenario(f"a: {{type: scenario, name: sub, on: {outcomes}}}", top='did: ["32"]')


def returning(*outcomes: str) -> str:
    cases = "\n".join(f"{outcome}: {{type: return, outcome: {outcome}}}" for outcome in outcomes)
    ways = ", ".join(f"{{when: 'call.cli == \"{outcome}\"', next: {outcome}}}" for outcome in outcomes)
    nodes = f"a: {{type: branch, cases: [{ways}], default: {outcomes[0]}}}\n{cases}"
    return scenario(nodes, top='did: ["99"]').replace("name: test", "name: sub")


async def test_the_order_of_the_files_does_not_matter(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.yaml").write_text(calling())
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "z.yaml").write_text(returning("good"))
    store = ScenarioStore(tmp_path)
    await store.load()
    assert caplog.text == ""
    assert sorted(store.table.by_name) == ["sub", "test"]


async def test_what_lacked_its_sub_scenario_goes_into_service_with_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.yaml").write_text(calling())
    store = ScenarioStore(tmp_path)
    for _ in range(2):
        await store.load()
    assert version(store) is None
    assert caplog.text.count("E1009") == 1
    (tmp_path / "other.yaml").write_text(text("33"))
    await store.load()
    assert caplog.text.count("E1009") == 1
    (tmp_path / "z.yaml").write_text(returning("good"))
    await store.load()
    assert version(store) is not None


async def test_a_sub_scenario_that_no_longer_fits_leaves_its_callers_in_service(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    caller, sub = tmp_path / "a.yaml", tmp_path / "z.yaml"
    caller.write_text(calling())
    sub.write_text(returning("good"))
    store = ScenarioStore(tmp_path)
    await store.load()
    served = store.table.find("32")
    assert served is not None

    sub.write_text(returning("good", "bad"))
    await store.load()
    assert store.table.find("32") is served
    assert re.search(rf"{caller}:\d+:\d+: E1005 the outcome `bad` of `a` leads nowhere", caplog.text)
    assert (
        f"{caller}: what it calls has changed and does not fit; version {served.version} keeps serving" in caplog.text
    )
    (tmp_path / "other.yaml").write_text(text("33"))
    await store.load()
    assert caplog.text.count("does not fit") == 1

    sub.unlink()
    await store.load()
    assert store.table.find("32") is served
    assert "E1009" in caplog.text

    sub.write_text(returning("good"))
    await store.load()
    assert store.table.find("32") is served
    assert f"version {served.version} of test is in service again for 32" in caplog.text
