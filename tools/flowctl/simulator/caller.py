"""The caller of a simulated call: a script of steps, or a list of keys."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from drivers.virtual import Heard, Party
from engine.audio.clip import RATE, Clip
from engine.errors import ConfigurationError
from engine.lines.digits import KEYS
from engine.nodes.base import Path
from tools.flowctl.simulator.reading import Reader


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the caller does. `kind` is hears, presses, speaks, waits or hangs_up."""

    kind: str
    text: str = ""
    seconds: float = 0.0
    to_the_end: bool = False
    line: int = field(default=0, compare=False)
    """Where it is written; 0 when it is in no file."""

    def __str__(self) -> str:
        return f"{self.kind} {self.text or (f'{self.seconds:g}s' if self.seconds else '')}".strip()


KINDS = ("hears", "presses", "speaks", "waits", "hangs_up")


def read_steps(reader: Reader, path: Path) -> list[Step]:
    """The `caller` list of a story."""
    steps: list[Step] = []
    for index in range(len(reader.items(path, "caller"))):
        here = (*path, index)
        what = f"caller, step {index + 1}"
        item = reader.mapping(here, (*KINDS, "to_the_end"), what)
        given = reader.value(here)
        # A misspelt step is told already.
        if isinstance(given, dict) and given.keys() <= {"to_the_end"}:
            reader.wrong(here, f"{what}: must have one of {', '.join(KINDS)}")
        if "to_the_end" in item and not isinstance(item["to_the_end"], bool):
            reader.wrong((*here, "to_the_end"), f"{what}: to_the_end is true or false")
        steps += [_step(reader, (*here, kind), kind, what) for kind in item if kind in KINDS]
    return steps


def _step(reader: Reader, path: Path, kind: str, what: str) -> Step:
    line = reader.line(path)
    match kind:
        case "hears":
            to_the_end = reader.value((*path[:-1], "to_the_end")) is True
            return Step(kind, reader.text(path, f"{what}: hears"), to_the_end=to_the_end, line=line)
        case "presses":
            return Step(kind, _keys(reader, path, what), line=line)
        case "hangs_up":
            if reader.value(path) is not True:
                reader.wrong(path, f"{what}: hangs_up: write true")
            return Step(kind, line=line)
        case _:
            return Step(kind, seconds=reader.duration(path, f"{what}: {kind}"), line=line)


def _keys(reader: Reader, path: Path, what: str) -> str:
    value = reader.value(path)
    if isinstance(value, str) and value and all(key in KEYS for key in value):
        return value
    reader.wrong(path, f'{what}: presses: {value!r} are not keys: write 0-9, *, # and A-D in quotes, such as "1"')
    return ""


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
                    await self._listened_to()
                    self.done += 1
                    await self._party.say(murmur(step.seconds))
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

    async def _listened_to(self) -> None:
        """Wait until somebody listens who has not been spoken to yet."""
        while True:
            await self._wants_speech.wait()
            self._wants_speech.clear()
            if self._party.listened_to:
                return

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


def murmur(seconds: float) -> Clip:
    """So many seconds of sound that no silence detector takes for silence."""
    return Clip((b"\x00\x20\x00\xe0" * round(seconds * RATE / 2)), label="caller speaks")
