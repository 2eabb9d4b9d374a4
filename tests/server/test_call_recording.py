"""Recording the call itself: what is in the file, and what happens when there can be none."""

from __future__ import annotations

import asyncio
import wave
from array import array
from pathlib import Path
from typing import Any

import pytest
from support.house import House, in_house
from support.scenarios import scenario
from support.sound import contains, speech
from support.wav import write_wav

from drivers.virtual import Party

GREETING, CALLER, AGENT = speech(1.0, seed=51), speech(1.0, seed=52), speech(1.0, seed=53)

TALK = scenario(
    """
    a: {type: record, action: start, announce: [greeting.wav], next: b}
    b: {type: play, prompt: [greeting.wav], next: c}
    c:
      type: bridge
      to: "sip:201@somewhere"
      record: true
      on: {ended: d, failed: d, busy: d, no_answer: d, rejected: d}
    d: {type: hangup}
    """
)


def channels(path: str) -> tuple[bytes, bytes]:
    with wave.open(path) as wav:
        frames = array("h", wav.readframes(wav.getnframes()))
    return frames[0::2].tobytes(), frames[1::2].tobytes()


def test_the_file_has_both_sides_across_nodes_and_while_they_talk(tmp_path: Path) -> None:
    (tmp_path / "flows" / "prompts").mkdir(parents=True)
    write_wav(tmp_path / "flows" / "prompts" / "greeting.wav", GREETING)

    async def story(house: House) -> None:
        others: list[Party] = []

        def ring(party: Party) -> None:
            others.append(party)
            party.leg.accept()

        house.driver.phones["sip:201@somewhere"] = ring
        caller = house.driver.call("32", "1")
        await asyncio.sleep(3.5)
        await caller.say(CALLER)
        await others[0].say(AGENT)
        others[0].hang_up()
        await house.settle()

    (record,) = in_house(tmp_path, {"a.yaml": TALK}, story).records()
    conversation, call = record["recordings"]
    assert (conversation["kind"], call["kind"]) == ("conversation", "call")
    for file in (conversation, call):
        left, right = channels(file["file"])
        assert contains(left, CALLER.samples, lossy=False)
        assert contains(right, AGENT.samples, lossy=False)
    # The announcement came before; the prompt of the next node is in the call and not in the conversation.
    _, right = channels(call["file"])
    assert right.count(GREETING.samples[:4000]) == 1
    assert call["duration"] == pytest.approx(conversation["duration"] + 1.0, abs=0.1)
    assert Path(call["file"]).parent.name == "calls"


@pytest.mark.parametrize(
    ("wiring", "path", "warnings"), [("next: c", ["a", "c"], 1), ("on: {next: c, error: e}", ["a", "e"], 1)]
)
def test_without_a_folder_the_call_goes_on_or_takes_its_error_branch(
    tmp_path: Path, wiring: str, path: list[str], warnings: int
) -> None:
    (tmp_path / "recordings").write_text("a file where a folder should be")
    text = scenario(
        f"""
        a: {{type: record, action: start, announce: [{{say: recorded}}], {wiring}}}
        c: {{type: wait, duration: 1s, next: end}}
        e: {{type: wait, duration: 1s, next: end}}
        """
    )

    async def story(house: House) -> None:
        house.driver.call("32", "1")
        await house.settle()

    (record,) = in_house(tmp_path, {"a.yaml": text}, story).records()
    seen: dict[str, Any] = {"path": [step["node"] for step in record["path"]], "result": record["result"]}
    assert seen == {"path": path, "result": "ended"}
    assert len(record["warnings"]) == warnings
    assert "cannot be made" in record["warnings"][0]
    assert record["recordings"] == []
