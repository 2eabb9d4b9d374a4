"""`play`: speak to the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.nodes.base import Node
from engine.nodes.fields import Prompt

if TYPE_CHECKING:
    from engine.call.call import Call


class Play(Node):
    """Plays a prompt, then goes on."""

    answers: ClassVar[bool] = True

    type: Literal["play"]
    prompt: Prompt = Field(description="What the caller hears, item after item.")
    repeat: int = Field(default=1, ge=1, le=100, description="How many times the prompt is played.")
    barge_in: bool = Field(
        default=False, description="A key stops the prompt; it is kept for the next node that takes input."
    )

    async def run(self, call: Call) -> str:
        for _ in range(self.repeat):
            if await call.play(self.prompt, barge_in=self.barge_in):
                break
        return "next"
