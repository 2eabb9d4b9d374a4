"""`agent_link` in the settings: where agents' computers connect."""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path
from typing import Literal

from pydantic import Field

from engine.errors import ConfigurationError
from engine.nodes.fields import Duration
from engine.server.section import Listen, Section


class Tls(Section):
    """TLS, 1.2 or later."""

    certificate: Path = Field(
        description="File with the certificate and those that it needs, PEM; read again when it changes."
    )
    key: Path = Field(description="File with its private key, PEM, without a password.")

    def context(self, folder: Path, name: str = "agent_link.tls") -> ssl.SSLContext:
        """For a server; paths are relative to `folder`, `name` is the key of the settings. Blocking. Raises
        ConfigurationError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        certificate, key = folder / self.certificate, folder / self.key
        try:
            context.load_cert_chain(certificate, key, password=lambda: b"")
        except OSError as error:
            raise ConfigurationError(
                f"{name}: {certificate} and {key} are not a certificate and its key: {error}"
            ) from error
        return context


class AgentLinkSettings(Section):
    """Where agents' computers connect."""

    listen: Listen = Field(default="127.0.0.1:2957", description="Address and TCP port of the agent link.")
    tls: Tls | None = Field(default=None, description="TLS on the agent link; without, its lines are in clear.")
    second_login: Literal["takes_over", "refused"] = Field(
        default="takes_over",
        description="What becomes of an agent's log-in while they are logged in elsewhere. takes_over: the one "
        "before is logged out. refused: the new one is.",
    )
    linger: Duration = Field(
        default=30.0,
        description="How long an agent whose connection is lost still counts as logged in: who comes back within "
        "this time finds what they had said, such as not to be disturbed. They get no call meanwhile.",
    )

    @property
    def exposed(self) -> bool:
        """True when passwords travel in clear, and not on this machine alone."""
        host = self.listen.rpartition(":")[0].strip("[]")
        return self.tls is None and not ipaddress.ip_address(host).is_loopback
