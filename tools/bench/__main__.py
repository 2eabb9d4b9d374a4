"""Measures a server under load and prints a row for each load.

The far ends are `callgen.c`: it answers its own RTP ticks, sends its digit in the stream and takes the kernel's
time-stamps, so that its own scheduling does not show in the figures. CPU is user and system time of all the
server's processes divided by call-seconds (`answer`: by calls); latencies are left out when the machine had no
time left, for then they are the scheduler's.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import tempfile
from pathlib import Path
from typing import Any

from tools.bench.house import server, write_house
from tools.bench.loads import KINDS, build, load

LOADS = ("ivr:150", "ivr:300", "ivr:600", "ivr:1000", "bridge:150", "digit:150", "answer:50", "answer:200")
IDLE = 0.05
"""Part of the machine's time that must have been left for latencies to mean something."""

HEADER = (
    f"{'load':>11}  {'CPU ms':>7}  {'failed':>6}  {'lost':>5}  {'late p99':>8}  {'pick-up p99':>11}  "
    f"{'digit p99':>9}  {'relay p99':>9}  {'RSS MB':>6}  {'idle':>5}"
)


def main() -> None:
    """Entry point of `python -m tools.bench`."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument(
        "loads", nargs="*", type=_load, default=[_load(text) for text in LOADS],
        help=f"KIND:AMOUNT, of {', '.join(KINDS)}; simultaneous calls, of answer calls a second",
    )  # fmt: skip
    parser.add_argument("--seconds", type=int, default=20, help="length of the measured window")
    parser.add_argument("--json", action="store_true", help="print the generator's own output")
    options = parser.parse_args()
    rows: list[tuple[str, int, dict[str, Any]]] = []
    with tempfile.TemporaryDirectory(prefix="flowctl-bench-") as name:
        folder = Path(name)
        generator = build(folder)
        write_house(folder)
        _say(f"{_machine()}\n{HEADER}" if not options.json else "")
        for kind, amount in options.loads:
            with server(folder) as pids:
                figures = load(generator, pids, kind, amount, options.seconds)
            rows.append((kind, amount, figures))
            _say(json.dumps({"load": f"{kind}:{amount}", **figures}) if options.json else _row(*rows[-1]))
    if not options.json:
        _say(_memory(rows))


def _load(text: str) -> tuple[str, int]:
    kind, _, amount = text.partition(":")
    if kind not in KINDS or not amount.isdecimal() or int(amount) == 0:
        raise argparse.ArgumentTypeError(f"{text!r}: write KIND:AMOUNT such as ivr:150; kinds: {', '.join(KINDS)}")
    return kind, int(amount)


def _row(kind: str, amount: int, figures: dict[str, Any]) -> str:
    idle = figures["sys_idle"]

    def latency(name: str, width: int) -> str:
        measured = idle >= IDLE and figures[name]["n"]
        return f"{figures[name]['p99']:{width}.2f}" if measured else "-".rjust(width)

    # The digit of an IVR call is answered by a prompt, not by the end of the call.
    digit = latency("digit_react_ms", 9) if kind == "digit" else "-".rjust(9)
    cost = figures["ms_cpu_per_call" if kind == "answer" else "ms_cpu_per_callsec"]
    return (
        f"{f'{kind}:{amount}':>11}  {cost:7.3f}  {figures['fail']:6}  {figures['lost']:5}  {latency('late_ms', 8)}  "
        f"{latency('pdd_ms', 11)}  {digit}  {latency('relay_ms', 9)}  {figures['rss_mb']:6.1f}  {idle:5.2f}"
    )


def _memory(rows: list[tuple[str, int, dict[str, Any]]]) -> str:
    """What a call more costs, from the fewest and the most IVR calls measured: a server of its own had each."""
    ivr = sorted((amount, figures["rss_mb"]) for kind, amount, figures in rows if kind == "ivr")
    if len(ivr) < 2 or ivr[0][0] == ivr[-1][0]:
        return ""
    (few, small), (many, large) = ivr[0], ivr[-1]
    return f"memory: {(large - small) / (many - few):.3f} MB a call ({few} to {many} calls)"


def _machine() -> str:
    cpus = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    model = cpus[0] if cpus else platform.machine()
    return f"{len(cpus)} × {model}, Linux {platform.release()}, Python {platform.python_version()}"


def _say(text: str) -> None:
    if text:
        print(text, flush=True)  # noqa: T201 - the figures are the output


if __name__ == "__main__":
    main()
