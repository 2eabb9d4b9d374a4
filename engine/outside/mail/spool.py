"""Takes mails from calls: each goes to the outbox, its files to a folder of its own, so that whatever becomes of a
recording or of the mail server, the mail is sent."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.clock import Clock
from engine.errors import CallError
from engine.outside.mail.addresses import sendable
from engine.outside.mail.letter import Letter
from engine.outside.ports import Mail, Trouble
from engine.records.outbox import Entry, Outbox

log = logging.getLogger("flowctl.mail")

KIND = "mail"
"""Of the entries in the outbox."""

FOLDER = "mail"
"""Below the server's data folder: a folder for each mail that has files, named by the id of its entry."""


class SpooledMail:
    """`Mailer` that hands over to the outbox. It waits for our own disk alone, never for the mail server."""

    def __init__(
        self,
        outbox: Outbox,
        folder: Path,
        sender: str,
        clock: Clock,
        *,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        """sender: the address that mails come from."""
        self._outbox = outbox
        self._folder = folder
        self._domain = sender.rpartition("@")[2]
        self._clock = clock
        self._new_id = new_id

    async def send(self, mail: Mail) -> None:
        """See `Mailer.send`. Each recipient is an entry of its own, tried again by itself. Raises CallError for what
        is no address, and for a file that is missing."""
        addresses = list(dict.fromkeys(sendable(address) for address in mail.to))
        date = self._clock.now().isoformat(timespec="seconds")
        message_id = f"<{self._new_id()}@{self._domain}>"
        entries = []
        for address in addresses:
            entry = self._new_id()
            letter = Letter(
                to=address,
                all_to=addresses,
                subject=mail.subject,
                text=mail.text,
                message_id=message_id,
                date=date,
                language=mail.language,
                attach=await asyncio.to_thread(_keep, self._folder / entry, mail.attach),
                alert=isinstance(mail, Trouble),
            )
            entries.append(Entry(KIND, entry, letter.as_dict()))
        await self._outbox.put(*entries)


def forget(folder: Path, entry: str) -> None:
    """Delete the files of a mail that is not needed any more. Blocking."""
    shutil.rmtree(folder / entry, ignore_errors=True)


def _keep(folder: Path, files: Sequence[Path]) -> list[dict[str, str]]:
    """Put the files into the folder, durably: what `Letter.attach` says of them. Blocking; raises CallError for a
    file that is missing."""
    found = []
    for number, file in enumerate(files):
        kept = str(number)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _link(file, folder / kept)
        except FileNotFoundError:
            raise CallError(f"the file {file.name} that is to be attached is missing") from None
        except OSError as error:
            # A full disk: the mail goes out all the same, with the file as long as it is where it was.
            log.warning("%s could not be kept for a mail: %s", file, error.strerror)
            kept = str(file.absolute())
        found.append({"kept": kept, "name": file.name, "origin": str(file)})
    if found and folder.is_dir():
        for place in (folder, folder.parent):
            _sync(place)
    return found


def _link(file: Path, target: Path) -> None:
    """As a second name of the file, which costs nothing; a copy where that cannot be. Raises OSError."""
    try:
        # Not what leads to it: that may be relative to its own folder.
        os.link(file.resolve(), target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(file, target)
    _sync(target)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
