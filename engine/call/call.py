"""What a node may do with its call."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from engine.audio.clip import Clip
from engine.audio.library import PromptLibrary
from engine.call.caller import Caller
from engine.call.pace import Pace
from engine.call.record import CallRecord, Result
from engine.call.recording import CallRecording
from engine.call.redact import redacted
from engine.clock import Clock
from engine.errors import AudioError, CallError
from engine.lines import Cause, Leg
from engine.nodes.fields import Date, Digits, Number, Prompt, Say, Silence, Time, Tone
from engine.tasks import cancel

if TYPE_CHECKING:
    import logging

    from engine.call.services import Services
    from engine.scenario.compile import CompiledScenario


MAX_WARNINGS = 50
"""More of them in one record say nothing new."""

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (float, int),
    "boolean": (bool,),
}


class CallOver(BaseException):
    """Raised through a node to end its call; not an error, and not to be caught by `except Exception`."""

    def __init__(self, result: Result, cause: Cause) -> None:
        super().__init__(result)
        self.result: Result = result
        self.cause = cause


@dataclass(slots=True)
class Call:
    """One call while it runs: its leg, its variables, its record, and the services of the server."""

    leg: Leg
    scenario: CompiledScenario
    services: Services
    record: CallRecord
    log: logging.Logger | logging.LoggerAdapter[Any]
    language: str
    started_monotonic: float
    variables: dict[str, Any] = field(default_factory=dict)
    catalogue: Mapping[str, CompiledScenario] = field(default_factory=dict)
    """The scenarios that this one may call, as they were when the call began."""
    who: Caller = field(default_factory=Caller)
    pace: Pace = field(default_factory=Pace)
    recording: CallRecording = field(default_factory=CallRecording)
    """Of the whole call."""
    masked: set[str] = field(default_factory=set)
    loops: dict[str, int] = field(default_factory=dict)
    """Node of this scenario → how often it has answered `again` in a row."""

    def __post_init__(self) -> None:
        declared = self.scenario.scenario.variables
        self.masked |= {name for name, variable in declared.items() if variable.masked}

    @property
    def clock(self) -> Clock:
        """Source of the date and time."""
        return self.services.clock

    def now(self) -> datetime:
        """The present, UTC."""
        return self.clock.now()

    def elapsed(self) -> float:
        """Seconds since the call began, on a clock that never jumps."""
        return asyncio.get_running_loop().time() - self.started_monotonic

    # Values ------------------------------------------------------------------------------------------------

    def names(self) -> Mapping[str, Any]:
        """Everything that expressions can see, by name."""
        return {
            "call.id": self.record.id,
            "call.cli": self.record.cli,
            "call.caller": self.record.caller,
            "call.did": self.record.did,
            "call.channel": self.record.channel,
            "call.started": self.record.started,
            "call.language": self.language,
            "call.scenario": self.record.scenario,
            "contact": self.who.contact,
            "centre": self.services.centres.snapshot(),
            "now": self.now(),
            **self.variables,
        }

    def evaluate(self, expression: str) -> Any:
        """Value of a CEL expression of the scenario; raises ExpressionError."""
        return self.scenario.expression(expression).evaluate(self.names())

    def render(self, text: str) -> str:
        """Text with its `${…}` parts replaced; raises ExpressionError."""
        return self.scenario.template(text).render(self.names())

    def assign(self, name: str, value: Any, *, masked: bool = False) -> None:
        """Give a variable a value. Raises CallError when it is declared with another type."""
        declared = self.scenario.scenario.variables.get(name)
        if declared is not None and not isinstance(value, _TYPES[declared.type]):
            raise CallError(f"variable {name!r} is declared {declared.type}; its new value is {type(value).__name__}")
        self.variables[name] = value
        if masked:
            self.masked.add(name)

    def is_masked(self, name: str) -> bool:
        """True when the variable's values are not to be seen in records and logs."""
        return name in self.masked

    def mentions_masked(self, expression: str) -> bool:
        """True when an expression may look at a masked variable."""
        return any(self.is_masked(word) for word in _WORD.findall(expression))

    def redacted(self, text: str) -> str:
        """A text for records and logs: what masked variables hold is replaced by x."""
        return redacted(text, [self.variables.get(name) for name in self.masked])

    # The line ----------------------------------------------------------------------------------------------

    async def answer(self) -> None:
        """Answer the caller, if that has not been done."""
        if self.record.answered is None:
            await self.leg.answer()
            self.record.answered = self.elapsed()

    def end(self, result: Result, cause: Cause = Cause.NORMAL) -> NoReturn:
        """End the call from inside a node."""
        raise CallOver(result, cause)

    def warn(self, message: str) -> None:
        """Something went wrong that the call survives: it goes to the log and to the record."""
        message = self.redacted(message)
        self.log.warning("%s", message)
        if len(self.record.warnings) < MAX_WARNINGS:
            self.record.warnings.append(message)

    def note(self, message: str) -> None:
        """Something worth a line in the log."""
        self.log.info("%s", self.redacted(message))

    # Sound -------------------------------------------------------------------------------------------------

    async def play(self, prompt: Prompt, *, barge_in: bool = False, loop: bool = False) -> bool:
        """Play a prompt to the caller; True when a key stopped it."""
        return await self.play_clips(await self.clips(prompt), barge_in=barge_in, loop=loop)

    async def play_clips(self, clips: Sequence[Clip], *, barge_in: bool = False, loop: bool = False) -> bool:
        """Play clips to the caller; True when a key stopped them. Nothing to play is no error."""
        if barge_in and self.leg.digits.pending:
            return True
        if not clips:
            return False
        result = await self.leg.play(clips, barge_in=barge_in, loop=loop)
        return result.interrupted

    async def clips(self, prompt: Prompt) -> list[Clip]:
        """A prompt as sound. What cannot be had (file missing, no voice) is left out, with a warning."""
        library = self.services.prompts
        clips: list[Clip] = []
        for item in prompt:
            try:
                clips.extend(await self._item(library, item))
            except (AudioError, CallError) as error:
                self.warn(f"node {self.record.path[-1].node}: prompt left out: {error}")
        return clips

    async def _item(self, library: PromptLibrary, item: Any) -> Sequence[Clip]:
        from engine.audio import spoken

        match item:
            case str():
                return [await library.file(self.scenario.prompts_dir, self.language, self.render(item))]
            case Say():
                return [await library.say(self.render(item.say), self.language, self._voice())]
            case Digits():
                return await library.digits(spoken.plain(self.evaluate(item.digits)), self.language)
            case Number():
                text = spoken.number(self.evaluate(item.number), self.language)
                return [await library.say(text, self.language, self._voice())]
            case Date() | Time():
                return [await self._moment(library, item)]
            case Silence():
                return [library.silence(item.silence)]
            case Tone():
                return [library.tone(item.tone, self.language)]
        raise TypeError(f"unknown prompt item {item!r}")

    def _voice(self) -> str | None:
        """The scenario's `voice` speaks the scenario's language; another language has a voice of its own."""
        own = self.scenario.scenario
        return own.voice if self.language.partition("-")[0] == own.language.partition("-")[0] else None

    async def _moment(self, library: PromptLibrary, item: Date | Time) -> Clip:
        from engine.audio import spoken
        from engine.audio.moments import day, time_of_day

        zone = self.scenario.scenario.time_zone
        if isinstance(item, Date):
            words = spoken.date(day(self.evaluate(item.date), zone), self.language)
        else:
            words = spoken.time(time_of_day(self.evaluate(item.time), zone), self.language)
        return await library.say(words, self.language, self._voice())

    async def play_sound(self, name: str, *, barge_in: bool = False) -> bool:
        """Play one of the engine's own sounds (`apology`, `confirm`) in the call's language."""
        try:
            clip = await self.services.prompts.sound(name, self.language)
        except AudioError as error:
            self.warn(str(error))
            return False
        return await self.play_clips([clip], barge_in=barge_in)

    async def speak_digits(self, keys: str, *, barge_in: bool = False) -> bool:
        """Read keys one by one in the call's language."""
        return await self.play_clips(await self.services.prompts.digits(keys, self.language), barge_in=barge_in)

    @asynccontextmanager
    async def background(self, clips: Sequence[Clip]) -> AsyncIterator[None]:
        """Play clips over and over while the body runs."""
        if not clips:
            yield
            return
        task = asyncio.ensure_future(self.leg.play(clips, loop=True))
        try:
            yield
        finally:
            await cancel(task)

    # Keys --------------------------------------------------------------------------------------------------

    async def read_key(self, timeout: float | None, *, masked: bool = False) -> str | None:
        """The next key, or None when none came within `timeout` seconds (None: no limit)."""
        try:
            async with asyncio.timeout(timeout):
                key = await self.leg.digits.get()
        except TimeoutError:
            return None
        self.record.keys += "x" if masked else key
        return key


__all__ = ["Call", "CallOver"]
