"""The rules of channels, as the settings give them: how many, barred from what, presenting what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Use = Literal["reception", "external_out", "internal_out"]

SINGLE = re.compile(r"(?P<line>.+)/(?P<number>[1-9]\d{0,4})")
"""The id of a channel."""


class Rules(BaseModel):
    """What holds for a line (`sip`, `sip/ovh`), or for one channel (`sip/3`), whose bars are added to the line's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int | None = Field(
        default=None,
        ge=0,
        le=10_000,
        description="How many channels the line has; by default as many as there are RTP ports. Not for one channel.",
    )
    bar: tuple[Use, ...] = Field(
        default=(),
        description="What it is barred from: `reception` (a call that comes in is left ringing, neither answered nor "
        "refused), `external_out`, `internal_out`.",
    )
    extension: str = Field(
        default="",
        pattern=r"^\+?[0-9A-Za-z*#._-]{0,32}$",
        description="Number that calls going out on it present; empty: as the call says.",
    )
    full: Literal["congestion", "busy"] = Field(
        default="congestion",
        description="How a call is refused while all channels are taken: `congestion` (SIP 503) lets the exchange "
        "try elsewhere, `busy` (SIP 486) tells the caller. Not for one channel.",
    )


def use_of(to: str) -> Use:
    """What calling `to`, a number or a SIP URI, is for a channel: a number with + or of more than six digits is
    outside, anything else an extension."""
    user = to.partition(":")[2].partition("@")[0] if to.startswith(("sip:", "sips:", "tel:")) else to
    digits = re.sub(r"[ .()/-]", "", user)
    return "external_out" if re.fullmatch(r"\+\d+|\d{7,}", digits) else "internal_out"


def check_rules(rules: Mapping[str, Rules]) -> None:
    """Raises ValueError, which names the key, for rules that make no sense."""
    for name, one in rules.items():
        single = SINGLE.fullmatch(name)
        if single is None:
            continue
        for key in ("count", "full"):
            if key in one.model_fields_set:
                raise ValueError(f"{name}: {key} belongs to the line: write it under {single['line']}")
        count = rules[single["line"]].count if single["line"] in rules else None
        if count is not None and int(single["number"]) > count:
            raise ValueError(f"{name}: {single['line']} has {count} channels only")
