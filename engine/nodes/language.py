"""`language`: speak another language from here on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from engine.nodes.base import Node
from engine.nodes.fields import LANGUAGE

if TYPE_CHECKING:
    from engine.call.call import Call


class Language(Node):
    """Changes the language of the call: which recordings are played, how numbers, dates and times are said, which
    voice speaks, and what `call.language` is. It stays so across sub-scenarios."""

    type: Literal["language"]
    language: str = Field(pattern=LANGUAGE, description="Language of the call from here on, such as en or fr.")

    async def run(self, call: Call) -> str:
        call.language = self.language
        return "next"
