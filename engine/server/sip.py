"""The `sip` section of the settings."""

from __future__ import annotations

from pydantic import Field

from engine.server.section import Listen, Network, Section


class Sip(Section):
    """SIP lines."""

    listen: Listen = Field(default="127.0.0.1:5060", description="Address and UDP port on which SIP is answered.")
    allow: list[Network] = Field(
        default=["127.0.0.1/32"], description="Addresses and networks whose calls are answered; others get silence."
    )
