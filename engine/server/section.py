"""What the sections of the settings are made of."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, WithJsonSchema


def _listen(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not colon or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise ValueError(f"{value!r} is not an address and a port: write 127.0.0.1:5060")
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        raise ValueError(f"{host!r} is not an IP address: write 127.0.0.1:5060") from None
    return value


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise ValueError(f"{value!r} is not an address or network: write 192.0.2.10/32") from None
    return value


def _ports(value: str) -> str:
    first, dash, last = value.partition("-")
    if not (dash and first.isdecimal() and last.isdecimal() and 1024 <= int(first) < int(last) <= 65535):
        raise ValueError(f"{value!r} is not a range of ports: write 20000-23999")
    return value


def range_of(ports: str) -> range:
    """The ports of a `PortRange`, the last included."""
    first, last = ports.split("-")
    return range(int(first), int(last) + 1)


def shaped(pattern: str, expected: str) -> AfterValidator:
    """Text of that pattern, all of it; the mistake says what is `expected` instead."""
    shape = re.compile(pattern)

    def check(value: str) -> str:
        if not shape.fullmatch(value):
            raise ValueError(f"{value!r}: expected {expected}")
        return value

    return AfterValidator(check)


NAME = WithJsonSchema({"type": "string", "pattern": "^[a-z]"})
"""Of a key that is a name of one's own: by a pattern of the schema it is known as one."""

Listen = Annotated[str, AfterValidator(_listen)]
Network = Annotated[str, AfterValidator(_network)]
PortRange = Annotated[str, AfterValidator(_ports)]
SourceName = Annotated[
    str,
    shaped("[a-z][a-z0-9]*(_[a-z0-9]+)*", "a name in small letters, digits and single _, such as operator_2"),
    NAME,
]
"""Lower case, so that it can be a part of an environment variable."""


class Section(BaseModel):
    """Base of the sections: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
