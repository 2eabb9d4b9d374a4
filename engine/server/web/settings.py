"""`web` in the settings: the web server."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, Field

from engine.server.agent_link import Tls
from engine.server.section import Listen, Network, Section


def _name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", value):
        raise ValueError(f"{value!r} is not a name: write calls.example.com, without https:// and without a port")
    return value.lower()


class WebSettings(Section):
    """The web server: click-to-call, REST, and the agent link for browsers."""

    listen: Listen = Field(default="127.0.0.1:8080", description="Address and TCP port of the web server.")
    tls: Tls | None = Field(
        default=None, description="TLS on the web server; without, tokens and passwords are in clear."
    )
    allow: list[Network] = Field(
        default_factory=list,
        description="Addresses and networks from which calls may be asked for without a token, for every agent. "
        "Behind a proxy every request comes from the proxy's address: leave it out then.",
    )
    monitors: list[Network] = Field(
        default=["127.0.0.0/8", "::1/128"],
        description="Addresses and networks that may read /metrics, and the reasons of /readyz, without a token; "
        "others need that of an application. Behind a proxy on the same machine every request comes from loopback: "
        "write [] then.",
    )
    names: list[Annotated[str, AfterValidator(_name)]] = Field(
        default_factory=list,
        description="Names by which the server is reached, such as calls.example.com, beside its addresses and "
        "localhost. Requests for other names are refused: pages of strangers could make them in the name of a user.",
    )

    @property
    def exposed(self) -> bool:
        """True when tokens travel in clear, and not on this machine alone."""
        host = self.listen.rpartition(":")[0].strip("[]")
        return self.tls is None and not ipaddress.ip_address(host).is_loopback
