"""The field types that node parameters are made of.

Marked strings (`Cel`, `Text`, `NodeName`) are ordinary `str` at run time; the markers let the compiler and the
rules find every expression and every reference in a scenario without knowing the node types.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

DURATION = r"^\d+(\.\d+)?(ms|s|m|h)$"
LANGUAGE = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*$"
"""A language by its code, such as en or fr-CA: folders, voices and words for numbers go by it."""
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class ExpressionMark:
    """The string is a CEL expression; `type` is what it must give ("bool", "any", …)."""

    type: Literal["any", "bool", "string"] = "any"


@dataclass(frozen=True, slots=True)
class TemplateMark:
    """The string is text that may hold `${CEL expression}` parts."""


@dataclass(frozen=True, slots=True)
class TargetMark:
    """The string is the name of a node (or `end`)."""


@dataclass(frozen=True, slots=True)
class AssignMark:
    """The string is the name of a variable that the node assigns; `type` is the type it gets (`map`: a mapping of
    texts to anything; `value`: that of the expression of which it is the key). With `name`, the node assigns that
    variable when the field is given, whatever the string says. `outcomes` are those at which it is certain to have
    been assigned; None: all but `error`."""

    type: Literal["string", "integer", "number", "boolean", "map", "any", "value"] = "string"
    name: str | None = None
    outcomes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class PromptMark:
    """The list is a prompt: its strings are audio files."""


@dataclass(frozen=True, slots=True)
class JsonMark:
    """The value is JSON of any shape: the strings in it are texts that may hold `${CEL expression}` parts."""


def parse_duration(text: Any) -> float:
    """`"500ms"`, `"30s"`, `"2m"`, `"1h"` → seconds. Raises ValueError, for a number without a unit too."""
    if not isinstance(text, str) or not re.fullmatch(DURATION, text, re.ASCII):
        raise ValueError(f"{text!r} is not a duration: write 500ms, 30s, 2m or 1h")
    unit = "ms" if text.endswith("ms") else text[-1]
    return float(text[: -len(unit)]) * _SECONDS[unit]


RESERVED_NAMES = frozenset(
    (  # noqa: SIM905 - as a list, forty words are a page
        "bool bytes double dyn int list map null_type string type uint "
        "as break const continue else false for function if import in let loop namespace null package return "
        "true var void while call centre contact now"
    ).split()
)
"""Words that CEL, or the engine, has taken: no variable can have such a name."""


def _free_name(name: str) -> str:
    if name in RESERVED_NAMES:
        raise ValueError(f"`{name}` is a word of the expressions: give the variable another name")
    return name


Duration = Annotated[
    float,
    BeforeValidator(parse_duration, json_schema_input_type=Annotated[str, Field(pattern=DURATION)]),
]
"""Seconds at run time; `500ms`, `30s`, `2m` in the file."""

Cel = Annotated[str, ExpressionMark()]
Condition = Annotated[str, ExpressionMark("bool")]
Text = Annotated[str, TemplateMark()]
Json = Annotated[Any, JsonMark()]
NodeName = Annotated[str, TargetMark()]
VariableName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="A name: letters, digits and _, not a digit first."),
    AfterValidator(_free_name),
]
Key = Annotated[str, Field(pattern=r"^[0-9*#A-D]$", description="A telephone key: 0-9, *, # or A-D.")]


class Item(BaseModel):
    """Base of the prompt items that are mappings."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Say(Item):
    """Text spoken by the voice."""

    say: Text = Field(description="Text to speak; may hold ${expressions}.")


class Digits(Item):
    """A value spoken digit by digit."""

    digits: Cel = Field(description="Expression whose value is read digit by digit.")


class Number(Item):
    """A value spoken as a number."""

    number: Cel = Field(description="Expression whose value is read as a number.")


class Date(Item):
    """A value spoken as a date."""

    date: Cel = Field(description="Expression (a timestamp) read as a date.")


class Time(Item):
    """A value spoken as a time of day."""

    time: Cel = Field(description="Expression (a timestamp) read as a time of day.")


class Silence(Item):
    """A pause."""

    silence: Duration = Field(description="Length of the pause, such as 500ms.")


class Tone(Item):
    """A tone of the telephone network."""

    tone: Literal["beep", "ringback", "busy", "congestion"] = Field(description="Name of the tone.")


AudioFile = Annotated[Text, Field(description="Audio file below the scenario's prompts folder.")]
PromptItem = AudioFile | Say | Digits | Number | Date | Time | Silence | Tone
Prompt = Annotated[list[PromptItem], PromptMark()]
"""What the caller hears, item after item."""
