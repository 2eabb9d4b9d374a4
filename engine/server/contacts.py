"""The `contacts` section of the settings."""

from __future__ import annotations

from pydantic import Field

from engine.nodes.fields import Duration
from engine.server.section import Section


class ContactsSettings(Section):
    """The table of contacts."""

    timeout: Duration = Field(
        default=0.3,
        gt=0,
        le=2,
        description="How long a call that needs to know who calls waits for the table; then it is a stranger.",
    )
    expires: Duration = Field(
        default=300.0, description="How long it is remembered who has a number, strangers included."
    )
