"""The phones that may register with us, as the settings describe them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

PHONES = "phones"
"""Stands for the name of a trunk in the calls of phones."""

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phones:
    """Their meaning key by key is in the settings (`sip.phones`). Times are in seconds."""

    users: Mapping[str, str] = field(repr=False)
    """Passwords by extension."""
    realm: str = "flowctl"
    allow: Sequence[str] = PRIVATE
    algorithms: Sequence[str] = ("MD5",)
    contacts: int = 5
    min_expires: float = 60.0
    max_expires: float = 600.0
