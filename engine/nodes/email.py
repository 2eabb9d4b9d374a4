"""`email`: write to somebody."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.errors import CallError
from engine.nodes.base import Node
from engine.nodes.fields import Text
from engine.outside.mail.addresses import sendable
from engine.outside.ports import Mail
from engine.tasks import uninterrupted

if TYPE_CHECKING:
    from engine.call.call import Call

RECORDING = "recording"
"""What is attached under this name is the call's last recording."""


class Email(Node):
    """Sends an e-mail. The mail is handed over; whether it arrives is not waited for."""

    outside: ClassVar[bool] = True

    type: Literal["email"]
    to: Text | list[Text] = Field(min_length=1, description="Address, or list of addresses.")
    subject: Text = Field(min_length=1, description="Subject, in one line.")
    text: Text = Field(default="", description="What the mail says.")
    attach: list[str] = Field(
        default_factory=list,
        description="What goes with it: `recording`, the last recording of the call, or a file, relative to the "
        "scenario.",
    )

    async def run(self, call: Call) -> str:
        # A caller who hangs up at this moment takes no mail away: it is handed over, which takes our own disk's time.
        await uninterrupted(self._send(call))
        return "next"

    async def _send(self, call: Call) -> None:
        await call.services.mailer.send(await make_mail(call, self.to, self.subject, self.text, self.attach))


async def make_mail(call: Call, to: str | list[str], subject: str, text: str, attach: list[str]) -> Mail:
    """A mail with its texts filled in. Raises CallError for what is no address, and for a file that is missing."""
    recipients = addresses(call, to)
    files = [await asyncio.to_thread(_file, call, name) for name in attach]
    # A line break would begin another header.
    return Mail(recipients, " ".join(call.render(subject).split()), call.render(text), tuple(files), call.language)


def addresses(call: Call, to: str | list[str]) -> tuple[str, ...]:
    """To whom: with the values of the call filled in. Raises CallError for what is no address."""
    found = tuple(call.render(address).strip() for address in ([to] if isinstance(to, str) else to))
    for address in found:
        sendable(address)
    return found


def _file(call: Call, name: str) -> Path:
    if name == RECORDING:
        if not call.record.recordings:
            raise CallError("there is no recording to attach")
        return Path(call.record.recordings[-1]["file"])
    path = call.scenario.path.parent / name
    if not path.is_file():
        raise CallError(f"the file {name} that is to be attached is missing")
    return path
