"""`answer`: take the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from engine.nodes.base import Node

if TYPE_CHECKING:
    from engine.call.call import Call


class Answer(Node):
    """Answers now. Otherwise the first node that speaks or listens answers."""

    answers: ClassVar[bool] = True

    type: Literal["answer"]

    async def run(self, call: Call) -> str:
        return "next"
