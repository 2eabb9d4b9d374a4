"""The server that is measured: its settings, its scenarios, its processes."""

from __future__ import annotations

import math
import re
import signal
import struct
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIP_PORT = 17060
GENERATOR_PORT = 17160
CALLED_PORT = 17260
RTP_PORTS = "24000-29999"

MENU_SECONDS, PROMPT_SECONDS, DIGIT_AT_MS = 5.0, 2.0, 4000

SCENARIOS = {
    "ivr": """\
start: choice
nodes:
  choice:
    type: menu
    prompt: [menu.wav]
    options: {"1": thanks}
    attempts: 1
    on: {no_input: end, no_match: end}
  thanks: {type: play, prompt: [thanks.wav], next: end}
""",
    "digit": """\
start: choice
nodes:
  choice:
    type: menu
    prompt: [menu.wav]
    options: {"1": end}
    attempts: 1
    on: {no_input: end, no_match: end}
""",
    "bridge": f"""\
start: connect
nodes:
  connect:
    type: bridge
    to: "sip:agent@127.0.0.1:{CALLED_PORT}"
    on: {{ended: end, busy: end, no_answer: end, rejected: end, failed: end}}
""",
    "answer": """\
start: pick_up
nodes:
  pick_up: {type: answer, next: pause}
  pause: {type: wait, duration: 60s, next: end}
""",
}
NUMBERS = {name: str(number) for number, name in enumerate(SCENARIOS, 100)}
"""What is dialled for each scenario."""


def write_house(folder: Path) -> None:
    """Settings, scenarios and prompts."""
    prompts = folder / "flows" / "prompts"
    prompts.mkdir(parents=True)
    for name, text in SCENARIOS.items():
        head = f'format: 1\nname: {name}\ndid: ["{NUMBERS[name]}"]\n'
        (folder / "flows" / f"{name}.yaml").write_text(head + text)
    settings = f'sip: {{listen: "127.0.0.1:{SIP_PORT}"}}\nrtp: {{ports: "{RTP_PORTS}"}}\nagent_link: null\n'
    (folder / "server.yaml").write_text(settings)
    tone(prompts / "menu.wav", MENU_SECONDS)
    tone(prompts / "thanks.wav", PROMPT_SECONDS)


@contextmanager
def server(folder: Path) -> Iterator[list[int]]:
    """A server on its own; yields the ids of all its processes."""
    command = [sys.executable, "-m", "tools.flowctl.main", "serve", "--config", str(folder / "server.yaml")]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "ready" in line:
                break
        else:
            raise SystemExit(f"the server did not start:\n{(folder / 'server.log').read_text()}")
        yield [process.pid, *children(process.pid)]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def children(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            parent = re.search(r"^PPid:\s+(\d+)", status.read_text(), re.M)
        except OSError:
            continue
        if parent and int(parent[1]) == pid:
            found.append(int(status.parent.name))
    return found


def tone(path: Path, seconds: float) -> None:
    samples = (round(9000 * math.sin(i * 0.3)) for i in range(round(seconds * 8000)))
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
