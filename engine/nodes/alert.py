"""`alert`: tell those in charge that something is wrong."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from engine.errors import CallError
from engine.nodes.base import Node
from engine.nodes.email import make_mail
from engine.nodes.fields import Text
from engine.tasks import uninterrupted

if TYPE_CHECKING:
    from engine.call.call import Call

log = logging.getLogger("flowctl.alert")


class Alert(Node):
    """Raises an alert: a warning in the log, and a message to whom the server's settings, or `to`, name.

    The call goes on whatever becomes of the message.
    """

    type: Literal["alert"]
    to: Text | list[Text] = Field(
        default_factory=list, description="Address, or list of addresses, besides those in the settings."
    )
    subject: Text = Field(min_length=1, description="What is wrong, in one line.")
    text: Text = Field(default="", description="What more there is to say.")
    attach: list[str] = Field(
        default_factory=list,
        description="What goes with it: `recording`, the last recording of the call, or a file, relative to the "
        "scenario.",
    )

    async def run(self, call: Call) -> str:
        subject = " ".join(call.render(self.subject).split())
        log.warning("%s (call %s)", call.redacted(subject), call.record.id)
        # A caller who hangs up at this moment takes no alert away.
        await uninterrupted(self._tell(call, subject))
        return "next"

    async def _tell(self, call: Call, subject: str) -> None:
        try:
            mail = await make_mail(call, self.to, self.subject, self.text, self.attach)
            await call.services.alerts.raise_alert(mail)
        except CallError as error:
            call.warn(f"the alert {subject!r} was not sent: {error}")
