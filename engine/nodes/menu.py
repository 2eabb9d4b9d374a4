"""`menu`: one key, or a short number, chooses what follows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.call.input import Matcher, read_choice
from engine.nodes.base import Edge, Node
from engine.nodes.bridge import Bridge
from engine.nodes.fields import AssignMark, Duration, NodeName, Prompt

if TYPE_CHECKING:
    from engine.call.call import Call

OptionPattern = Annotated[str, Field(pattern=r"^[0-9*#A-DX]+$", description="Keys; X is any digit.")]


class DirectDial(BaseModel):
    """Extensions that the caller may dial instead of choosing an option."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pattern: Annotated[OptionPattern, AssignMark(name="dialled", outcomes=("direct_dial",))] = Field(
        description='Extensions accepted, such as "2XX".'
    )
    next: NodeName | None = Field(
        default=None,
        description="Node taken with the extension in the variable `dialled`; by default it is called and "
        "connected, and the call ends with the conversation.",
    )


class Menu(Node):
    """Plays a prompt and branches on the key pressed. A pattern's `X` is any digit.

    Each attempt plays the prompt again, preceded by `no_input_prompt` or `no_match_prompt`.
    """

    outcomes: ClassVar[tuple[str, ...]] = ("no_input", "no_match")
    lenient: ClassVar[frozenset[str]] = frozenset({"no_input", "no_match", "direct_dial"})
    answers: ClassVar[bool] = True
    takes_input: ClassVar[bool] = True

    type: Literal["menu"]
    prompt: Prompt = Field(description="What the caller hears.")
    options: dict[OptionPattern, NodeName] = Field(
        description='Keys → node, such as "1": sales; "2X" matches 20 to 29.', min_length=1
    )
    timeout: Duration = Field(default=5.0, description="Wait for the first key, after the prompt.")
    interdigit_timeout: Duration = Field(default=3.0, description="Wait for each further key.")
    attempts: int = Field(default=3, ge=1, le=10, description="How many times the caller is asked.")
    no_input_prompt: Prompt | None = Field(default=None, description="Heard before asking again: nothing pressed.")
    no_match_prompt: Prompt | None = Field(default=None, description="Heard before asking again: wrong key.")
    barge_in: bool = Field(default=True, description="A key stops the prompt.")
    direct_dial: DirectDial | None = Field(default=None, description="Extensions that may be dialled here.")

    def possible(self) -> tuple[str, ...]:
        return (*self.outcomes, *(("direct_dial",) if self.direct_dial else ()))

    def edges(self) -> Iterator[Edge]:
        for pattern, target in self.options.items():
            yield Edge(pattern, target, ("options", pattern))
        if self.direct_dial is not None and self.direct_dial.next is not None:
            yield Edge("direct_dial", self.direct_dial.next, ("direct_dial", "next"))
        yield from super().edges()

    def _matcher(self) -> Matcher:
        patterns = {pattern: re.compile(_regex(pattern)) for pattern in self.options}
        if self.direct_dial is not None:
            patterns["direct_dial"] = re.compile(_regex(self.direct_dial.pattern))
        longest = max(len(p) for p in [*self.options, *([self.direct_dial.pattern] if self.direct_dial else [])])

        def match(keys: str) -> str | None:
            # An exact option wins over a pattern with X.
            if keys in self.options:
                return keys
            return next((outcome for outcome, regex in patterns.items() if regex.fullmatch(keys)), None)

        written = [*self.options, *([self.direct_dial.pattern] if self.direct_dial else [])]

        def more(keys: str) -> bool:
            return len(keys) < longest and any(
                len(p) > len(keys) and re.fullmatch(_regex(p[: len(keys)]), keys) for p in written
            )

        return Matcher(match, more)

    async def run(self, call: Call) -> str:
        matcher = self._matcher()
        outcome = "no_input"
        for attempt in range(self.attempts):
            if attempt and (again := self.no_input_prompt if outcome == "no_input" else self.no_match_prompt):
                await call.play(again, barge_in=self.barge_in)
            await call.play(self.prompt, barge_in=self.barge_in)
            keys = await read_choice(call, matcher, self.timeout, self.interdigit_timeout)
            if not keys:
                outcome = "no_input"
                continue
            matched = matcher.match(keys)
            if matched is None:
                outcome = "no_match"
                continue
            if matched == "direct_dial" and not await self._dialled(call, keys):
                outcome = "no_match"
                continue
            return matched
        return outcome

    async def _dialled(self, call: Call, extension: str) -> bool:
        """True when another node, or the extension itself, has taken the call."""
        call.assign("dialled", extension)
        if self.direct_dial is not None and self.direct_dial.next is not None:
            return True
        return await Bridge(type="bridge", to=extension).run(call) == "ended"


def _regex(pattern: str) -> str:
    return "".join(r"\d" if key == "X" else re.escape(key) for key in pattern)
