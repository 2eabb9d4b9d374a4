"""`play`: speak to the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

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
    times: int | None = Field(
        default=None, ge=1, le=100, description="Former name of `repeat`.", deprecated="its name is `repeat` now"
    )
    barge_in: bool = Field(
        default=False, description="A key stops the prompt; it is kept for the next node that takes input."
    )

    @model_validator(mode="before")
    @classmethod
    def _former_names(cls, written: Any) -> Any:
        if isinstance(written, dict) and "times" in written:
            return {"repeat": written["times"], **written}
        return written

    async def run(self, call: Call) -> str:
        for _ in range(self.repeat):
            if await call.play(self.prompt, barge_in=self.barge_in):
                break
        return "next"
