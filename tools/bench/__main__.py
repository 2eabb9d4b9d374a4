"""Measures a server under load and prints one row for each number of calls.

The caller is `callgen.c`: it answers its own RTP ticks, sends its digit in the stream and takes the kernel's
time-stamps, so that its own scheduling does not show in the figures. CPU is user and system time of all the
server's processes divided by call-seconds; latencies count only while the machine has idle time left.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import signal
import struct
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SIP_PORT = 15060
RTP_PORTS = "30000-37999"

SCENARIO = """\
format: 1
name: bench
did: ["100"]
start: choice
nodes:
  choice:
    type: menu
    prompt: [menu.wav]
    options: {"1": thanks}
    attempts: 1
    on: {no_input: end, no_match: end}
  thanks: {type: play, prompt: [thanks.wav], next: end}
"""
MENU_SECONDS, DIGIT_AT_MS, THANKS_MS = 5.0, 4000, 2000


def main() -> None:
    """Entry point of `python -m tools.bench`."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("calls", nargs="*", type=int, default=[50, 150], help="simultaneous calls of each run")
    parser.add_argument("--seconds", type=int, default=20, help="length of the measured window")
    parser.add_argument("--json", action="store_true", help="print the generator's own output")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flowctl-bench-") as name:
        folder = Path(name)
        generator = _build(folder)
        _write_house(folder)
        if not options.json:
            print(HEADER)  # noqa: T201 - the figures are the output
        for calls in options.calls:
            with _server(folder) as pids:
                figures = _load(generator, pids, calls, options.seconds)
            print(json.dumps(figures) if options.json else _row(figures), flush=True)  # noqa: T201


def _build(folder: Path) -> Path:
    generator = folder / "callgen"
    subprocess.run(["gcc", "-O2", "-w", "-o", generator, HERE / "callgen.c"], check=True)  # noqa: S603, S607
    return generator


def _write_house(folder: Path) -> None:
    prompts = folder / "flows" / "prompts"
    prompts.mkdir(parents=True)
    (folder / "flows" / "bench.yaml").write_text(SCENARIO)
    (folder / "server.yaml").write_text(f'sip: {{listen: "127.0.0.1:{SIP_PORT}"}}\nrtp: {{ports: "{RTP_PORTS}"}}\n')
    _tone(prompts / "menu.wav", MENU_SECONDS)
    _tone(prompts / "thanks.wav", THANKS_MS / 1000)


def _tone(path: Path, seconds: float) -> None:
    samples = (round(9000 * math.sin(i * 0.3)) for i in range(round(seconds * 8000)))
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))


@contextmanager
def _server(folder: Path) -> Iterator[list[int]]:
    """A server on its own; yields the ids of all its processes."""
    command = [sys.executable, "-m", "tools.flowctl.main", "serve", "--config", str(folder / "server.yaml")]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603
    try:
        assert server.stdout is not None
        for line in server.stdout:
            if "ready" in line:
                break
        else:
            raise SystemExit(f"the server did not start:\n{(folder / 'server.log').read_text()}")
        yield [server.pid, *_children(server.pid)]
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def _children(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            parent = re.search(r"^PPid:\s+(\d+)", status.read_text(), re.M)
        except OSError:
            continue
        if parent and int(parent[1]) == pid:
            found.append(int(status.parent.name))
    return found


def _load(generator: Path, pids: list[int], calls: int, seconds: int) -> dict[str, Any]:
    # A call lasts about six seconds: this rate keeps `calls` of them up.
    rate = calls / (DIGIT_AT_MS / 1000 + THANKS_MS / 1000)
    output = subprocess.run(  # noqa: S603
        [
            generator, "-t", str(SIP_PORT), "-p", str(SIP_PORT + 100), "-s", "100", "-n", str(calls),
            "-r", f"{rate:.2f}", "-d", str(DIGIT_AT_MS), "-prompt", str(THANKS_MS), "-w", str(seconds),
            "-settle", "3", "-P", ",".join(map(str, pids)), "-base", "40000",
        ],
        check=True, stdout=subprocess.PIPE, text=True,
    ).stdout  # fmt: skip
    figures: dict[str, Any] = json.loads(output)
    return figures


HEADER = (
    f"{'calls':>5}  {'ms CPU/call-s':>13}  {'failed':>6}  {'lost':>5}  {'late p99 ms':>11}  {'late max':>8}  "
    f"{'pick-up p99':>11}  {'digit p99':>9}  {'RSS MB':>6}  {'idle':>5}"
)


def _row(figures: dict[str, Any]) -> str:
    late, pickup, digit = (figures[key] for key in ("late_ms", "pdd_ms", "digit_react_ms"))
    return (
        f"{figures['n']:5}  {figures['ms_cpu_per_callsec']:13.3f}  {figures['fail']:6}  {figures['lost']:5}  "
        f"{late['p99']:11.2f}  {late['max']:8.2f}  {pickup['p99']:11.2f}  {digit['p99']:9.2f}  "
        f"{figures['rss_mb']:6.1f}  {figures['sys_idle']:5.2f}"
    )


if __name__ == "__main__":
    main()
