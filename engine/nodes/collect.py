"""`collect`: keys become a variable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from engine.call.input import read_keys
from engine.call.patterns import full_match
from engine.nodes.base import Node
from engine.nodes.fields import AssignMark, Duration, Key, Prompt, VariableName

if TYPE_CHECKING:
    from engine.call.call import Call


class Collect(Node):
    """Asks for a number and stores the keys, as text, in a variable."""

    outcomes: ClassVar[tuple[str, ...]] = ("collected", "no_input", "invalid")
    lenient: ClassVar[frozenset[str]] = frozenset({"no_input", "invalid"})
    answers: ClassVar[bool] = True
    takes_input: ClassVar[bool] = True

    type: Literal["collect"]
    prompt: Prompt = Field(description="What the caller hears.")
    variable: Annotated[VariableName, AssignMark(outcomes=("collected",))] = Field(
        description="Variable that receives the keys."
    )
    barge_in: bool = Field(default=True, description="A key stops the prompt.")
    min_digits: int = Field(default=1, ge=0, le=64, description="Fewer keys are invalid.")
    max_digits: int | None = Field(
        default=None, ge=1, le=64, description="The input ends at once with this many keys."
    )
    terminator: Key | None = Field(default="#", description="Key that ends the input; null for none.")
    timeout: Duration = Field(default=5.0, description="Wait for the first key, after the prompt.")
    interdigit_timeout: Duration = Field(default=3.0, description="Wait for each further key.")
    pattern: str | None = Field(default=None, description="Regular expression (RE2) that the whole input must match.")
    attempts: int = Field(default=3, ge=1, le=10, description="How many times the caller is asked.")
    no_input_prompt: Prompt | None = Field(default=None, description="Heard before asking again: nothing typed.")
    no_match_prompt: Prompt | None = Field(default=None, description="Heard before asking again: invalid input.")
    confirm: bool = Field(
        default=False, description="Read the digits back; 1 accepts them, any other key asks again."
    )
    masked: bool = Field(default=False, description="Show the keys as x in records and logs.")

    async def run(self, call: Call) -> str:
        masked = self.masked or call.is_masked(self.variable)
        outcome = "no_input"
        for attempt in range(self.attempts):
            if attempt and (again := self.no_input_prompt if outcome == "no_input" else self.no_match_prompt):
                await call.play(again, barge_in=self.barge_in)
            await call.play(self.prompt, barge_in=self.barge_in)
            keys, terminated = await read_keys(
                call,
                timeout=self.timeout,
                interdigit_timeout=self.interdigit_timeout,
                max_digits=self.max_digits,
                terminator=self.terminator,
                masked=masked,
            )
            if not keys and not terminated and self.min_digits:
                outcome = "no_input"
                continue
            if not self._valid(keys):
                outcome = "invalid"
                continue
            if self.confirm and not await self._confirmed(call, keys):
                outcome = "invalid"
                continue
            call.assign(self.variable, keys, masked=masked)
            return "collected"
        return outcome

    def _valid(self, keys: str) -> bool:
        if len(keys) < self.min_digits:
            return False
        return self.pattern is None or full_match(self.pattern, keys)

    async def _confirmed(self, call: Call, keys: str) -> bool:
        """Read the digits back and ask for 1. What is said is the engine's own sound, in the call's language."""
        await call.play_clips([call.services.prompts.silence(0.2)], barge_in=True)
        await call.speak_digits(keys, barge_in=True)
        await call.play_sound("confirm", barge_in=True)
        return await call.read_key(self.timeout) == "1"
