"""The mailboxes that may be listened to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import CallError, ConfigurationError
from engine.messages import N_, _, _n
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, skipped, warning, wrong

if TYPE_CHECKING:
    from engine.outside.mailboxes import KeptMailboxes

SHORT = 4
"""A PIN of less digits is guessed within a day, though ten wrong ones shut a mailbox for ten minutes."""


async def run(patient: Patient) -> list[Finding]:
    """PINs are read, and messages counted."""
    from engine.audio.recordings import FOLDER
    from engine.outside.mailboxes import KeptMailboxes
    from engine.server.mailboxes import pins_of

    settings = patient.settings
    if not settings.mailboxes:
        return [skipped(_("none may be listened to: name them in the setting mailboxes"))]
    try:
        pins = await asyncio.to_thread(pins_of, settings.mailboxes, settings.folder)
    except (ConfigurationError, OSError) as error:
        return [wrong(str(error), _("a server does not start like this"))]
    boxes = KeptMailboxes(settings.data / FOLDER, pins)
    found = [await _look(boxes, settings.data / FOLDER / name, name) for name in pins]
    for name, pin in pins.items():
        if len(pin) < SHORT:
            message = _("{mailbox}: a PIN of {digits} digits is guessed within a day").format(
                mailbox=name, digits=len(pin)
            )
            found.append(warning(message, _("take one of 6 digits")))
    return found


async def _look(boxes: KeptMailboxes, folder: Path, name: str) -> Finding:
    try:
        messages = await boxes.messages(name)
    except CallError as error:
        return wrong(f"{name}: {error}", _("give {folder} to the user that runs the server").format(folder=folder))
    new = sum(not message.heard for message in messages)
    said = _n("{mailbox}: {count} message, {new} new", "{mailbox}: {count} messages, {new} new", len(messages))
    return ok(said.format(mailbox=name, count=len(messages), new=new))


CHECK = Check("mailboxes", N_("Mailboxes"), 67, run)
