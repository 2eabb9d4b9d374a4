"""The loads: what the generator is told for each, and what it says afterwards."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from tools.bench.house import CALLED_PORT, DIGIT_AT_MS, GENERATOR_PORT, NUMBERS, PROMPT_SECONDS, SIP_PORT

HERE = Path(__file__).parent

KINDS = ("ivr", "bridge", "digit", "answer")
CALL_SECONDS = {"ivr": DIGIT_AT_MS / 1000 + PROMPT_SECONDS, "digit": DIGIT_AT_MS / 1000}
"""How long a call lasts; a bridge lasts as long as the measurement."""
FIRST_PACKET = 1
BRIDGES_PER_SECOND = 30
SETTLE = 3
"""Seconds between the last call that was missing and the measurement."""


def build(folder: Path) -> Path:
    """Compile the generator."""
    generator = folder / "callgen"
    subprocess.run(["gcc", "-O2", "-w", "-o", generator, HERE / "callgen.c"], check=True)  # noqa: S603, S607
    return generator


def load(generator: Path, pids: list[int], kind: str, amount: int, seconds: int) -> dict[str, Any]:
    """Put a server with these processes under load, and return what the generator has measured.

    amount: simultaneous calls; of `answer`, calls a second.
    """
    common: list[object] = ["-t", SIP_PORT, "-p", GENERATOR_PORT, "-s", NUMBERS[kind], "-P", ",".join(map(str, pids))]
    if kind == "answer":
        what: list[object] = ["-nortp", "-H", 100, "-n", max(50, amount), "-r", amount, "-m", amount * seconds]
    else:
        rate = amount / CALL_SECONDS[kind] if kind in CALL_SECONDS else BRIDGES_PER_SECOND
        what = ["-n", amount, "-r", f"{rate:.2f}", "-w", seconds, "-settle", SETTLE, "-base", 40000]
    if kind == "ivr":
        what += ["-d", DIGIT_AT_MS, "-prompt", round(PROMPT_SECONDS * 1000)]
    elif kind == "digit":
        what += ["-d", DIGIT_AT_MS, "-edge", FIRST_PACKET]
    command = [str(generator), *map(str, common + what)]
    with _called_side(generator, amount) if kind == "bridge" else nullcontext():
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


@contextmanager
def _called_side(generator: Path, calls: int) -> Iterator[None]:
    command: list[str | Path] = [generator, "-uas", "-p", str(CALLED_PORT), "-n", str(calls), "-base", "50000"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
