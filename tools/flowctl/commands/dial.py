"""`flowctl dial`: a telephone on the command line."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from drivers.sip import SipDriver
    from engine.lines import Leg, RecordingHandle

app = typer.Typer(add_completion=False)

RTP_PORTS = range(40000, 41000)
"""Where the caller's own RTP port is taken from, away from a server's on the same machine."""

_PRESS = re.compile(r"([0-9*#A-Da-d])@(\d+(?:\.\d+)?)(ms|s)?")


@dataclass
class Result:
    """What became of the call; times in seconds, from the answer on."""

    to: str
    status: str = "failed"
    """`answered`, or why not: busy, no_answer, rejected, not_found, congestion, failed."""
    cause: str = ""
    ended_by: str = ""
    """`remote` or `local`."""
    detail: str = ""
    wait: float = 0.0
    """From the INVITE to the answer."""
    duration: float = 0.0
    keys: list[dict[str, str | float]] = field(default_factory=list)
    heard_keys: str = ""
    recording: str | None = None
    recorded: float | None = None


@dataclass(frozen=True)
class Plan:
    """What to do in the call."""

    to: str
    caller_id: str
    keys: list[tuple[str, float]]
    record: Path | None
    duration: float
    wait_answer: float


@app.command(epilog='Example: flowctl dial sip:32@127.0.0.1 --press "1@3s,2@5s" --record heard.wav')
def dial(
    to: Annotated[str, typer.Argument(metavar="SIP-URI", help="Whom to call: sip:32@127.0.0.1:5060.")],
    press: Annotated[str, typer.Option(help="Keys and when, counted from the answer: 1@3s,2@5.5s.")] = "",
    record: Annotated[Path | None, typer.Option(help="WAV file for what is heard.")] = None,
    duration: Annotated[str, typer.Option(help="Hang up after that time; by default when they do.")] = "2m",
    caller_id: Annotated[str, typer.Option("--from", help="The number to present.")] = "",
    wait_answer: Annotated[str, typer.Option(help="Give up when nobody answers for so long.")] = "30s",
    output: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """Call a SIP address, press keys, record what is heard.

    Exit status: 0 answered, 1 not answered, 2 the call could not be made.
    """
    import asyncio

    from engine.errors import EngineError

    if output not in ("text", "json"):
        _cannot("--format is text or json")
    try:
        plan = Plan(
            to, caller_id, _keys(press), record, _seconds("--duration", duration),
            _seconds("--wait-answer", wait_answer),
        )  # fmt: skip
        if record is not None and not record.parent.is_dir():
            raise ValueError(f"--record: there is no folder {record.parent}")
        result = asyncio.run(_dial(plan, typer.echo if output == "text" else lambda _: None))
    except ImportError as error:
        _cannot(f"{error}; calling needs `pip install 'flowctl[sip]'`")
    except (ValueError, EngineError, OSError) as error:
        _cannot(str(error))
    except KeyboardInterrupt:
        _cannot("interrupted")
    if output == "json":
        import json

        typer.echo(json.dumps(asdict(result)))
    raise typer.Exit(0 if result.status == "answered" else 1)


def _cannot(message: str) -> NoReturn:
    typer.echo(f"flowctl dial: {message}", err=True)
    raise typer.Exit(2)


def _keys(text: str) -> list[tuple[str, float]]:
    """`1@3s,2@5.5s` → [("1", 3.0), ("2", 5.5)], in the order of time."""
    keys = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        match = _PRESS.fullmatch(item)
        if match is None:
            raise ValueError(f"--press: {item!r} is not a key and a time, such as 1@3s")
        keys.append((match[1].upper(), float(match[2]) / (1000 if match[3] == "ms" else 1)))
    return sorted(keys, key=lambda key: key[1])


def _seconds(option: str, text: str) -> float:
    from engine.nodes.fields import parse_duration

    try:
        return float(parse_duration(text))
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from None


async def _dial(plan: Plan, say: Callable[[str], None]) -> Result:
    """Make the call with a SIP driver of our own."""
    from drivers.sip import SipDriver
    from drivers.sip.uri import parse_uri, resolve

    target = await resolve(parse_uri(plan.to).host)
    driver = SipDriver(listen=f"{_address_towards(target)}:0", allow=(), rtp_ports=RTP_PORTS, media_workers=1)
    await driver.start(lambda _: None)  # nobody is allowed to call us
    try:
        return await _call(driver, plan, say)
    finally:
        await driver.stop()


async def _call(driver: SipDriver, plan: Plan, say: Callable[[str], None]) -> Result:
    import asyncio

    from engine.errors import OriginateError

    result = Result(to=plan.to)
    began = time.monotonic()
    try:
        async with asyncio.timeout(plan.wait_answer):
            leg = await driver.originate(plan.to, caller_id=plan.caller_id, on_ringing=lambda: say("ringing"))
    except OriginateError as error:
        result.status = result.cause = error.cause.value
        result.detail = str(error)
    except TimeoutError:
        result.status = result.cause = "no_answer"
        result.detail = f"call to {plan.to}: nobody answered for {plan.wait_answer:g} s"
    else:
        result.status, result.wait = "answered", round(time.monotonic() - began, 3)
        say(f"answered after {result.wait:.1f} s")
        await _converse(leg, plan, result, say)
        return result
    result.wait = round(time.monotonic() - began, 3)
    say(f"not answered: {result.detail}")
    return result


async def _converse(leg: Leg, plan: Plan, result: Result, say: Callable[[str], None]) -> None:
    """From the answer to the end of the call."""
    import asyncio

    began = time.monotonic()
    handle = await leg.record(plan.record) if plan.record is not None else None
    pressing = asyncio.ensure_future(_press(leg, plan.keys, began, result, say))
    await asyncio.wait([leg.ended], timeout=plan.duration)
    pressing.cancel()
    await asyncio.wait([pressing])
    result.duration = round(time.monotonic() - began, 3)
    if handle is not None:
        await _keep(handle, result)
    await leg.hangup()
    hangup = leg.ended.result()
    result.cause, result.ended_by = hangup.cause.value, hangup.by
    while leg.digits.pending:
        result.heard_keys += await leg.digits.get()
    who = "they hung up" if hangup.by == "remote" else "hung up"
    say(f"{who} after {result.duration:.1f} s")
    if result.recording is not None:
        say(f"recorded {result.recorded:.1f} s in {result.recording}")


async def _press(
    leg: Leg, keys: list[tuple[str, float]], began: float, result: Result, say: Callable[[str], None]
) -> None:
    import asyncio

    from engine.errors import LegGone

    for key, at in keys:
        await asyncio.sleep(max(0.0, began + at - time.monotonic()))
        result.keys.append({"key": key, "at": round(time.monotonic() - began, 3)})
        say(f"pressed {key}")
        try:
            await leg.send_digits(key)
        except LegGone:
            return


async def _keep(handle: RecordingHandle, result: Result) -> None:
    recording = await handle.stop()
    result.recording, result.recorded = str(recording.path), round(recording.duration, 3)


def _address_towards(target: str) -> str:
    """Our own address on the way to `target`: what the far end is told to send to."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((target, 9))  # sends nothing
        return str(probe.getsockname()[0])
