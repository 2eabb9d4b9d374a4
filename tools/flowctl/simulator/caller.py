"""The caller of a simulated call: a script of steps, or a list of keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from drivers.virtual import Heard, Party
from engine.audio.clip import RATE, Clip
from engine.errors import ConfigurationError
from engine.lines.digits import KEYS
from engine.nodes.fields import parse_duration


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the caller does. `kind` is hears, presses, speaks, waits or hangs_up."""

    kind: str
    text: str = ""
    seconds: float = 0.0
    to_the_end: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.text or (f'{self.seconds:g}s' if self.seconds else '')}".strip()


def _presses(value: Any) -> Step:
    if not isinstance(value, str) or not value or any(key not in KEYS for key in value):
        raise ValueError(f'{value!r} are not keys: write 0-9, *, # and A-D in quotes, such as "1"')
    return Step("presses", text=value)


def _hangs_up(value: Any) -> Step:
    if value is not True:
        raise ValueError("write true")
    return Step("hangs_up")


_STEPS: dict[str, Callable[[Any], Step]] = {
    "hears": lambda value: Step("hears", text=str(value)),
    "presses": _presses,
    "speaks": lambda value: Step("speaks", seconds=parse_duration(value)),
    "waits": lambda value: Step("waits", seconds=parse_duration(value)),
    "hangs_up": _hangs_up,
}


def from_document(document: Any) -> list[Step]:
    """The `caller` list of a script file. Raises ConfigurationError naming the step."""
    if not isinstance(document, list):
        raise ConfigurationError("caller: write a list of steps")
    steps: list[Step] = []
    for number, item in enumerate(document, 1):
        kinds = [kind for kind in item if kind != "to_the_end"] if isinstance(item, dict) else []
        if not kinds or not set(kinds) <= _STEPS.keys():
            raise ConfigurationError(f"caller, step {number}: one of {', '.join(_STEPS)}, not {item!r}")
        for kind in kinds:
            try:
                step = _STEPS[kind](item[kind])
            except (ValueError, TypeError) as error:
                raise ConfigurationError(f"caller, step {number}: {kind}: {error}") from error
            steps.append(replace(step, to_the_end=bool(item.get("to_the_end")) and kind == "hears"))
    return steps


def from_keys(keys: str) -> list[Step]:
    """`--press 12`: each key when a node next takes input."""
    wanted = [key for key in keys if key not in ", "]
    for key in wanted:
        if key not in KEYS:
            raise ConfigurationError(f"--press {key!r}: keys are 0-9, *, # and A-D")
    return [Step("presses", text=key) for key in wanted]


class Caller:
    """Plays a script on a virtual party."""

    def __init__(self, party: Party, steps: list[Step]) -> None:
        self._party = party
        self._steps = steps
        self._begun: asyncio.Queue[Heard] = asyncio.Queue()
        self._ended: dict[int, asyncio.Event] = {}
        self._wants_speech = asyncio.Event()
        self._since = 0.0
        """When the present step began, in loop seconds."""
        self.done = 0
        """Steps that came about; one that speaks, once it has begun to."""
        party.on_heard.append(self._on_heard)
        party.on_listening.append(self._wants_speech.set)

    @property
    def stuck_at(self) -> Step | None:
        """The step that never came about, when the call ended before the script."""
        return self._steps[self.done] if self.done < len(self._steps) else None

    async def run(self) -> None:
        """Carry out the steps in order; then keep silent."""
        cued = False
        for step in self._steps:
            self._since = asyncio.get_running_loop().time()
            heard, cued = cued, step.kind == "hears"
            match step.kind:
                case "hears":
                    await self._hear(step)
                case "presses":
                    await self._press(step.text, cued=heard)
                case "speaks":
                    await self._wants_speech.wait()
                    self._wants_speech.clear()
                    self.done += 1
                    await self._party.say(_murmur(step.seconds))
                    continue
                case "waits":
                    await asyncio.sleep(step.seconds)
                case "hangs_up":
                    self._party.hang_up()
            self.done += 1

    async def _hear(self, step: Step) -> None:
        while True:
            heard = await self._begun.get()
            # What was over before the caller began to listen for it is not what they wait for.
            if step.text in heard.clip.label and (heard.until is None or heard.until >= self._since):
                break
        if step.to_the_end:
            await self._ended.setdefault(id(heard), asyncio.Event()).wait()

    async def _press(self, keys: str, *, cued: bool) -> None:
        if cued:
            self._party.press(keys)
            return
        for key in keys:
            await self._party.key_wanted.wait()
            self._party.press(key)

    def _on_heard(self, heard: Heard) -> None:
        if heard.until is None:
            self._begun.put_nowait(heard)
        else:
            self._ended.setdefault(id(heard), asyncio.Event()).set()


def _murmur(seconds: float) -> Clip:
    """Sound that no silence detector takes for silence."""
    return Clip((b"\x00\x20\x00\xe0" * round(seconds * RATE / 2)), label="caller speaks")
