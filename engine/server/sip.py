"""The `sip` section of the settings: where SIP is answered, and the trunks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from engine.server.section import Listen, Network, Section, SourceName

Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")]
DidFrom = Literal["request-uri", "to", "p-called-party-id", "diversion"]
CliFrom = Literal["p-asserted-identity", "remote-party-id", "from"]


class Trunk(Section):
    """Lines of an operator or of an exchange."""

    host: Host = Field(description="Name or IPv4 address of the far end; calls from there are answered.")
    port: int = Field(default=5060, ge=1, le=65535, description="Its UDP port.")
    peers: list[Network] = Field(
        default_factory=list, description="Other addresses and networks from which the trunk's calls come."
    )
    did_from: DidFrom = Field(
        default="request-uri",
        description="Where an incoming call's called number (DID) is read; a call without that header has the one of "
        "its request line.",
    )
    cli_from: list[CliFrom] = Field(
        default=["p-asserted-identity", "remote-party-id", "from"],
        min_length=1,
        description="Where an incoming call's calling number (CLI) is read: the first of these that the call has.",
    )


class Sip(Section):
    """SIP lines."""

    listen: Listen = Field(default="127.0.0.1:5060", description="Address and UDP port on which SIP is answered.")
    allow: list[Network] = Field(
        default=["127.0.0.1/32"], description="Addresses and networks whose calls are answered; others get silence."
    )
    trunks: dict[SourceName, Trunk] = Field(
        default_factory=dict, description="Lines of operators and exchanges, by a name of your own."
    )
