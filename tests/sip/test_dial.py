"""`flowctl dial` as people run it: a process of its own, calling the test's phone or driver."""

from __future__ import annotations

import asyncio
import json
import sys
import wave

import pytest
from support.siprtp import FRAME

from engine.audio import g711

A_LAW_TONE = bytes((0x80 | (17 * n) % 128) for n in range(FRAME))


async def dial(*arguments: str) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "tools.flowctl.main", "dial", *arguments]
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)


async def finished(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    out, err = await asyncio.wait_for(process.communicate(), 20)
    return process.returncode, out.decode(), err.decode()


async def test_a_call_with_keys_and_a_recording(phone, tmp_path):
    heard = tmp_path / "heard.wav"
    process = await dial(
        phone.uri("32"), "--press", "1@0.2s,#@500ms", "--record", str(heard), "--from", "0143670903",
        "--format", "json",
    )  # fmt: skip
    call = await phone.next_call(10)
    assert "sip:0143670903@" in call.requests[0].get("From")
    await call.answer()
    await asyncio.sleep(0.1)
    said = A_LAW_TONE * 40
    await call.rtp.stream(said)
    await asyncio.sleep(0.1)
    await call.bye()
    status, out, err = await finished(process)
    assert (status, err) == (0, "")
    result = json.loads(out)
    assert (result["status"], result["ended_by"], result["recording"]) == ("answered", "remote", str(heard))
    assert [key["key"] for key in result["keys"]] == ["1", "#"]
    assert [key["at"] for key in result["keys"]] == pytest.approx([0.2, 0.5], abs=0.1)
    events = {packet.payload[0] for packet in call.rtp.received if packet.payload_type == 101}
    assert events == {1, 11}
    with wave.open(str(heard)) as wav:
        assert (wav.getframerate(), wav.getsampwidth(), wav.getnchannels()) == (8000, 2, 1)
        assert g711.decode(said, "PCMA") in wav.readframes(wav.getnframes())


async def test_what_it_prints_and_its_own_hang_up(phone):
    process = await dial(phone.uri("32"), "--press", "5@100ms", "--duration", "400ms")
    call = await phone.next_call(10)
    call.ring()
    await asyncio.sleep(0.05)
    await call.answer()
    await asyncio.wait_for(call.over.wait(), 5)
    status, out, _ = await finished(process)
    lines = out.splitlines()
    assert status == 0
    assert lines[0] == "ringing"
    assert lines[1].startswith("answered after ")
    assert lines[2:] == ["pressed 5", "hung up after 0.4 s"]


async def test_a_refusal_is_status_1_and_says_why(phone):
    process = await dial(phone.uri("32"), "--format", "json")
    (await phone.next_call(10)).reject(486)
    status, out, _ = await finished(process)
    assert status == 1
    result = json.loads(out)
    assert (result["status"], result["cause"]) == ("busy", "busy")
    assert "486" in result["detail"]


async def test_nobody_answers(phone):
    process = await dial(phone.uri("32"), "--wait-answer", "300ms")
    call = await phone.next_call(10)
    call.ring()
    await call.request("CANCEL")
    status, out, _ = await finished(process)
    assert status == 1
    assert "nobody answered for 0.3 s" in out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["32"], "not a SIP address"),
        (["sip:32@127.0.0.1", "--press", "E@1s"], "--press"),
        (["sip:32@127.0.0.1", "--duration", "long"], "--duration"),
        (["sip:32@127.0.0.1", "--format", "xml"], "--format"),
        (["sip:32@127.0.0.1", "--record", "/nowhere/at/all.wav"], "--record"),
    ],
)
async def test_what_cannot_be_run_is_status_2(arguments, complaint):
    status, out, err = await finished(await dial(*arguments))
    assert (status, out) == (2, "")
    assert complaint in err
    assert "Traceback" not in err
