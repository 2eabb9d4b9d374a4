"""Measures how soon agents see a call: `python -m tools.bench.offers`.

150 agents are logged in on the agent link, in a process of their own. 50 calls come by SIP, one after another, and
wait; then as many at once; then more, and every agent accepts calls as fast as they can. A delay is that from the
moment a call began to look for an agent until an agent's computer has read of it, or, when the agent had a call then,
from the moment it read that they are free.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from engine.centres.passwords import hashed
from tools.bench.house import children, tone
from tools.bench.loads import build

SIP_PORT, LINK_PORT, CALLERS_PORT, PHONES_PORT = 17360, 17361, 17362, 17363
SETTLE = 2.0
"""Seconds after the last call of a wave."""

SCENARIO = """\
format: 1
name: offers
did: ["32"]
start: find
nodes:
  find:
    type: agent_search
    centre: support
    method: broadcast
    timeout: 120s
    music: [music.wav]
    on: {transferred: end, nobody: end, timeout: end}
"""


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.offers", description=__doc__)
    parser.add_argument("--agents", type=int, default=150)
    parser.add_argument("--calls", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flowctl-bench-") as name, ExitStack() as stack:
        run(Path(name), options.agents, options.calls, stack)


def run(folder: Path, agents: int, calls: int, stack: ExitStack) -> None:
    """One measurement, printed as it goes."""
    generator = build(folder)
    _write_house(folder, agents)
    pids = stack.enter_context(_server(folder))
    phones: list[str | Path] = [generator, "-uas", "-nortp", "-p", str(PHONES_PORT), "-n", str(agents)]
    stack.enter_context(_running(*phones, "-base", "50000"))
    desks = stack.enter_context(_running(sys.executable, "-m", "tools.bench.desks", str(LINK_PORT), str(agents)))
    assert desks.stdin is not None and desks.stdout is not None
    _say(f"{agents} agents logged in after {json.loads(desks.stdout.readline())['logged_in_after']:.2f} s")
    phases = []
    for number, (what, rate, stay, storm) in enumerate(
        (
            (f"{calls} calls, 10 a second", 10, 5.0, False),
            (f"{calls} calls at once", 1000, 60.0, False),
            (f"{calls} more, 10 a second, while every agent accepts what waits", 10, 60.0, True),
        )
    ):
        begun, cpu, idle = time.monotonic(), _cpu(pids), _idle()
        if storm:
            desks.stdin.write("storm\n")
            desks.stdin.flush()
        stack.enter_context(_callers(generator, number, calls, rate, stay))
        time.sleep(calls / rate + SETTLE + (0.0 if stay > SETTLE * 10 else stay))
        seconds = time.monotonic() - begun
        used = f"CPU {_cpu(pids) - cpu:.2f} s in {seconds:.0f} s, idle {(_idle() - idle) / seconds:.2f}"
        phases.append((what, begun, begun + seconds, used))
    desks.stdin.close()
    seen = json.loads(desks.stdout.readline())
    searches = dict(line.split() for line in (folder / "stamps").read_text().splitlines())
    for what, begun, end, used in phases:
        mine = {call: float(at) for call, at in searches.items() if begun <= float(at) < end}
        _say(f"{what}: {_delays(mine, seen)}; {used}")
    _say(f"calls taken: {sum(desk['taken'] for desk in seen.values())}")


def _delays(searches: dict[str, float], seen: dict[str, Any]) -> str:
    delays = []
    for desk in seen.values():
        for call, at in desk["shown"]:
            if call in searches:
                free = max((moment for moment in desk["free"] if moment <= at), default=0.0)
                delays.append(at - max(searches[call], free))
    if not delays:
        return "nothing was seen"
    delays.sort()
    half, most = delays[len(delays) // 2], delays[int(len(delays) * 0.99)]
    return f"{len(delays)} offers, median {half * 1000:.1f} ms, p99 {most * 1000:.1f}, worst {delays[-1] * 1000:.1f}"


def _write_house(folder: Path, agents: int) -> None:
    flows = folder / "flows"
    (flows / "prompts").mkdir(parents=True)
    (flows / "offers.yaml").write_text(SCENARIO)
    tone(flows / "prompts" / "music.wav", 5.0)
    password = hashed("secret")
    codes = [str(number) for number in range(1, agents + 1)]
    people = [
        {"code": code, "password_hash": password, "phone": f"sip:{code}@127.0.0.1:{PHONES_PORT}"} for code in codes
    ]
    centres = [{"name": "support", "agents": codes, "ring": "support.wav"}]
    (folder / "directory.yaml").write_text(json.dumps({"agents": people, "centres": centres}))
    (folder / "server.yaml").write_text(
        json.dumps(
            {
                "sip": {"listen": f"127.0.0.1:{SIP_PORT}"},
                "rtp": {"ports": "24000-29999"},
                "agent_link": {"listen": f"127.0.0.1:{LINK_PORT}"},
            }
        )
    )


@contextmanager
def _server(folder: Path) -> Iterator[list[int]]:
    command = [sys.executable, "-m", "tools.bench.stamped", str(folder / "stamps"), "serve"]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603
            [*command, "--config", str(folder / "server.yaml")], stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert process.stdout is not None
    try:
        if "ready" not in process.stdout.readline():
            raise SystemExit(f"the server did not start:\n{(folder / 'server.log').read_text()}")
        yield [process.pid, *children(process.pid)]
    finally:
        for number in (signal.SIGTERM, signal.SIGTERM):
            process.send_signal(number)
            time.sleep(0.5)
        process.wait(60)


def _callers(generator: Path, number: int, calls: int, rate: int, stay: float) -> Any:
    """Callers who wait, without sound: what it costs is measured elsewhere."""
    words: list[object] = [generator, "-nortp", "-t", SIP_PORT, "-p", CALLERS_PORT + 10 + number, "-s", "32"]
    words += ["-n", calls, "-r", rate, "-m", calls, "-H", round(stay * 1000), "-base", 30000 + 2000 * number]
    return _running(*map(str, words))


@contextmanager
def _running(*command: str | Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _cpu(pids: list[int]) -> float:
    """Seconds of user and system time."""
    spent = 0
    for pid in pids:
        fields = re.sub(r".*\) ", "", Path(f"/proc/{pid}/stat").read_text()).split()
        spent += int(fields[11]) + int(fields[12])
    return spent / os.sysconf("SC_CLK_TCK")


def _idle() -> float:
    """Seconds that the machine has been idle, by processor on average."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK") / (os.cpu_count() or 1)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the figures are the output


if __name__ == "__main__":
    main()
