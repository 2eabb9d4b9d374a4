"""The `pyvoip` section of the settings: simple lines with one peer."""

from __future__ import annotations

from pydantic import Field

from engine.server.section import Listen, PortRange, Section


class PyVoip(Section):
    """SIP lines by pyVoIP (extra `pyvoip`), with its limits: docs/drivers.md. Without this section there are none."""

    listen: Listen = Field(
        default="127.0.0.1:5070", description="Address and UDP port on which pyVoIP's calls are answered."
    )
    peer: Listen = Field(description="Address and UDP port of the only far end: an exchange, or one phone.")
    channels: int = Field(default=25, ge=1, le=25, description="Most calls at once; more are refused with 503.")
    rtp_ports: PortRange = Field(
        default="24000-24099",
        description="UDP ports for the sound of these calls, none of `rtp.ports`; each leg takes two.",
    )
