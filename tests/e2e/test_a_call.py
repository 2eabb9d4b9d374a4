"""Real calls to a real server: `flowctl serve` in its own process, SIP and RTP over loopback sockets."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import wave
from pathlib import Path

import pytest
from support.served import dial, run, served
from support.sip_bench import SipFarEnd
from support.sipua import SipUa
from support.sound import contains, locate, speech
from support.wav import write_wav

MENU = """
format: 1
name: menu
did: ["32"]
start: choice
nodes:
  choice:
    type: menu
    prompt: [long.wav]
    options: {"1": thanks}
    timeout: 1s
    attempts: 1
    on: {no_input: end, no_match: end}
  thanks: {type: play, prompt: [thanks.wav], next: end}
"""

CENTRE = """
format: 1
name: centre
did: ["33"]
start: find
nodes:
  find:
    type: agent_search
    centre: support
    method: METHOD
    timeout: 8s
    music: [long.wav]
    on: {transferred: end, nobody: end, timeout: sorry}
  sorry: {type: play, prompt: [thanks.wav], next: end}
"""

LONG, THANKS = speech(4.0, seed=11), speech(0.6, seed=12)


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    folder = tmp_path / "flows" / "prompts"
    folder.mkdir(parents=True)
    write_wav(folder / "long.wav", LONG)
    write_wav(folder / "thanks.wav", THANKS)
    return folder


@pytest.mark.usefixtures("prompts")
async def test_a_key_during_the_menu_stops_it_and_the_thanks_are_heard_sample_by_sample(tmp_path: Path):
    heard = tmp_path / "heard.wav"
    async with served(tmp_path, {"menu.yaml": MENU}) as server:
        call = await dial(server.uri("32"), "--press", "1@1s", "--record", heard, "--from", "0143670903")
        (record,) = await server.recorded(1)
    assert (call["status"], call["exit"]) == ("answered", 0)
    assert [(s["node"], s["outcome"]) for s in record["path"]] == [("choice", "1"), ("thanks", "next")]
    assert (record["did"], record["cli"], record["caller"]) == ("32", "0143670903", "+33143670903")
    assert (record["keys"], record["result"]) == ("1", "ended")
    with wave.open(str(heard)) as wav:
        samples = wav.readframes(wav.getnframes())
    _, menu_snr = locate(samples, LONG.samples[: 2 * 6400])
    thanks_at, thanks_snr = locate(samples, THANKS.samples)
    assert menu_snr >= 35
    assert thanks_snr >= 35
    # The key was pressed one second after the answer, by the clock of another process; the 60 ms from its first
    # packet are measured where both ends have one clock, in the tests of the media workers.
    assert 8000 <= thanks_at <= 8000 + 8 * 250


@pytest.mark.usefixtures("prompts")
@pytest.mark.parametrize("method", ["broadcast", "sequential"])
async def test_a_caller_and_an_agent_talk_to_each_other(tmp_path: Path, method: str):
    async with SipUa.open() as phones:
        (tmp_path / "directory.yaml").write_text(
            f"""
agents:
  - {{code: "201", phone: "{phones.uri("201")}"}}
  - {{code: "202", phone: "{phones.uri("202")}"}}
centres:
  - {{name: support, agents: ["201", "202"], answer_delay: 1s}}
"""
        )
        async with served(tmp_path, {"centre.yaml": CENTRE.replace("METHOD", method)}) as server:
            caller = await phones.invite("33", server.address)
            await caller.answered()
            first = await phones.next_call()
            first.ring()
            second = await phones.next_call(timeout=5)
            second.ring()
            if method == "sequential":
                await asyncio.wait_for(first.over.wait(), 3)
            await second.answer()
            agent = SipFarEnd(second)
            if method == "broadcast":
                await asyncio.wait_for(first.over.wait(), 3)
            await asyncio.sleep(0.2)
            words, answer = speech(0.7, seed=21), speech(0.8, seed=22)
            await asyncio.gather(SipFarEnd(caller).say(words), agent.say(answer))
            await asyncio.sleep(0.2)
            assert contains(agent.heard(), words.samples, lossy=True)
            assert contains(SipFarEnd(caller).heard(), answer.samples, lossy=True)
            await second.bye()
            await asyncio.wait_for(caller.over.wait(), 3)
            (record,) = await server.recorded(1)
    assert (record["result"], record["agent"]) == ("transferred", "202")


@pytest.mark.usefixtures("prompts")
async def test_a_scenario_saved_during_a_call_serves_the_next_one(tmp_path: Path):
    async with served(tmp_path, {"menu.yaml": MENU}) as server:
        file = tmp_path / "flows" / "menu.yaml"
        first = asyncio.ensure_future(dial(server.uri("32")))
        await server.logged("calls 32")
        changed = MENU.replace('"1": thanks', '"1": thanks, "2": end')
        await asyncio.to_thread(file.write_text, changed)
        await server.logged(str(file) + ": version", timeout=5)
        async with asyncio.timeout(5):
            while server.log().count("is in service for 32") < 2:
                await asyncio.sleep(0.05)
        await asyncio.to_thread(file.write_text, changed.replace("type: play", "type: plya"))
        await server.logged("last good version")
        assert f"{file}:14:18: E0003" in server.log()
        second = await dial(server.uri("32"), "--press", "2@0.5s")
        assert second["status"] == "answered"
        await first
        records = await server.recorded(2)
    assert records[0]["keys"] == "2"
    assert [s["outcome"] for s in records[1]["path"]] == ["no_input"]
    assert records[0]["version"] != records[1]["version"]


@pytest.mark.usefixtures("prompts")
async def test_an_unknown_number_gets_404_and_garbage_nothing(tmp_path: Path):
    async with served(tmp_path, {"menu.yaml": MENU}) as server, SipUa.open() as ua:
        rng = random.Random(7)
        for size in (0, 1, 3, 40, 400, 1400):
            for _ in range(30):
                ua.send(rng.randbytes(size), server.address)
        for text in (
            "INVITE\r\n\r\n",
            "INVITE sip:x SIP/2.0\r\nVia: \r\n\r\n" + "x" * 200,
            "SIP/2.0 200 OK\r\n\r\n" * 9,
        ):
            ua.send(text.encode(), server.address)
        refused = await dial(server.uri("0799"))
        assert (refused["status"], refused["exit"]) != ("answered", 0)
        assert refused["exit"] == 1
        assert "404" in str(refused)
        assert "0799" in server.log()
        assert "Traceback" not in server.log()
        assert (await dial(server.uri("32"), "--press", "1@0.2s"))["status"] == "answered"


@pytest.mark.usefixtures("prompts")
async def test_a_sipp_caller_presses_a_key(tmp_path: Path):
    xml = Path(__file__).parents[1] / "sip" / "sipp" / "uac_digit.xml"
    async with served(tmp_path, {"menu.yaml": MENU}) as server:
        status, _, errors = await run(
            "sipp", "-sf", xml, "-s", "32", "-key", "digit", "1", "-d", "500", "-m", "3", "-r", "3",
            "-i", "127.0.0.1", "-nostdin", f"127.0.0.1:{server.port}", cwd=tmp_path,
        )  # fmt: skip
        assert status == 0, errors
        records = await server.recorded(3)
    assert [record["keys"] for record in records] == ["1"] * 3


@pytest.mark.usefixtures("prompts")
async def test_a_thousand_calls_leave_nothing_behind(tmp_path: Path):
    """Callers hang up at any moment: before the answer, during the prompt, after it."""
    rng = random.Random(3)

    async with served(tmp_path, {"menu.yaml": MENU}) as server, SipUa.open() as ua:

        async def call(index: int) -> None:
            call = await ua.invite("32", server.address, cli=str(index))
            try:
                if index % 10 == 0:
                    call.cancel()
                    final = await call.response(*range(200, 700), timeout=10)
                    if final.status == 200:
                        await call.answered()
                        await call.bye(timeout=10)
                    return
                await call.answered(timeout=10)
                if index % 7 == 0:
                    call.repeat_invite()
                await asyncio.sleep(rng.uniform(0, 0.6))
                await call.bye(timeout=10)
            finally:
                call.rtp.close()

        async def round_of(count: int) -> None:
            for start in range(0, count, 25):
                await asyncio.gather(*(call(start + n) for n in range(25)))

        await round_of(50)
        await server.drained()
        await asyncio.sleep(0.5)
        before, threads = server.descriptors(), server.threads()
        await round_of(1000)
        await server.recorded(1050)
        # The database's pool may have one connection more than before, which is a file and its journal.
        grown = [before[0] + 2, *before[1:]]
        for _ in range(50):
            if (after := server.descriptors()) in (before, grown):
                break
            await asyncio.sleep(0.2)
        assert after in (before, grown)
        # The pool of threads for blocking work may still have been growing; it has a limit.
        pool = min(32, (os.cpu_count() or 1) + 4)
        assert all(now <= then + pool for now, then in zip(server.threads(), threads, strict=True))
        records = server.records()
        assert {record["result"] for record in records} == {"caller_hung_up"}
        assert len({record["id"] for record in records}) == len(records) == 1050
        assert "Traceback" not in server.log()
        assert "Error" not in server.log()


@pytest.mark.usefixtures("prompts")
async def test_stopping_finishes_the_call_in_progress(tmp_path: Path):
    async with served(tmp_path, {"menu.yaml": MENU}, drain="15s") as server:
        call = asyncio.ensure_future(dial(server.uri("32")))
        await server.logged("calls 32")
        server.process.send_signal(signal.SIGTERM)
        assert (await call)["status"] == "answered"
        await asyncio.wait_for(server.process.wait(), 10)
        (record,) = server.records()
    assert record["result"] == "ended"
