"""The mailboxes of a server: the folders into which `voicemail` records, opened by a PIN.

The WAV files are the truth: a message is there when its file is. What is known of it stands beside it, and may be
missing.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.audio.clip import Clip
from engine.audio.files import read_clip
from engine.audio.recordings import FACTS, SUFFIX
from engine.errors import AudioError, CallError
from engine.outside.ports import Message
from engine.records.files import replace_text

log = logging.getLogger("flowctl.mailboxes")

WRONG = 10
"""Wrong PINs, over all calls, after which a mailbox stays shut."""
SHUT_SECONDS = 600.0
"""How long; and how long a wrong PIN counts."""


class KeptMailboxes:
    """`Mailboxes` below the folder of recordings."""

    def __init__(self, root: Path, pins: Mapping[str, str]) -> None:
        """pins: of each mailbox, by its name."""
        self._root = root
        self._pins = pins
        self._wrong: dict[str, deque[float]] = {name: deque(maxlen=WRONG) for name in pins}
        """When somebody gave a wrong PIN."""
        self._shut_until = dict.fromkeys(pins, float("-inf"))

    def require(self) -> None:
        """See `Mailboxes`; these are there."""

    async def admits(self, mailbox: str, pin: str) -> bool:
        """See `Mailboxes`. Too many wrong PINs shut a mailbox for everybody, for ten minutes."""
        right = self._pins.get(mailbox)
        if right is None:
            return False
        wrong, now = self._wrong[mailbox], asyncio.get_running_loop().time()
        while wrong and wrong[0] <= now - SHUT_SECONDS:
            wrong.popleft()
        if now < self._shut_until[mailbox]:
            return False
        if hmac.compare_digest(right.encode(), pin.encode()):
            wrong.clear()
            return True
        wrong.append(now)
        if len(wrong) == WRONG:
            self._shut_until[mailbox] = now + SHUT_SECONDS
            wrong.clear()
            log.warning("mailbox %s: %d wrong PINs, it stays shut for %g s", mailbox, WRONG, SHUT_SECONDS)
        return False

    async def messages(self, mailbox: str) -> Sequence[Message]:
        """See `Mailboxes`."""
        return await asyncio.to_thread(_messages, self._folder(mailbox))

    async def sound(self, mailbox: str, message: str) -> Clip:
        """See `Mailboxes`."""
        try:
            return await asyncio.to_thread(_sound, self.path(mailbox, message))
        except AudioError as error:
            raise CallError(f"mailbox {mailbox}: message {message} is gone, or cannot be played: {error}") from None

    async def heard(self, mailbox: str, message: str) -> None:
        """See `Mailboxes`. A disk that refuses leaves the message new."""
        try:
            await asyncio.to_thread(_mark, self.path(mailbox, message))
        except (OSError, CallError) as error:
            log.error("mailbox %s: message %s could not be marked as heard: %s", mailbox, message, error)

    async def delete(self, mailbox: str, message: str) -> None:
        """See `Mailboxes`."""
        path = self.path(mailbox, message)
        try:
            # In one piece of work: a caller who hangs up meanwhile leaves no half of it.
            await asyncio.to_thread(_delete, path)
        except OSError as error:
            raise CallError(f"mailbox {mailbox}: {path.name} could not be deleted: {error.strerror}") from error

    def path(self, mailbox: str, message: str) -> Path:
        """The file of a message. Raises CallError for a name that none can have."""
        if not _is_id(message):
            raise CallError(f"mailbox {mailbox}: no message is called {message[:40]!r}")
        return self._folder(mailbox) / f"{message}{SUFFIX}"

    def _folder(self, mailbox: str) -> Path:
        if mailbox not in self._pins:
            raise CallError(f"no mailbox is called {mailbox!r}: name it in the setting mailboxes")
        return self._root / mailbox


def _messages(folder: Path) -> list[Message]:
    """Blocking."""
    try:
        # Pipes and devices would be read for ever.
        names = sorted(
            file.stem for file in folder.iterdir() if file.suffix == SUFFIX and _is_id(file.stem) and file.is_file()
        )
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CallError(f"{folder} cannot be read: {error.strerror}") from error
    messages = [_message(folder, name) for name in names]
    return sorted(messages, key=lambda message: message.heard)


def _message(folder: Path, name: str) -> Message:
    facts = _facts(folder / f"{name}{FACTS}")
    cli = facts.get("cli")
    number = "".join(char for char in str(cli) if char.isprintable()) if isinstance(cli, str | int) else ""
    return Message(name, _received(name), number, facts.get("heard") is True)


def _is_id(name: str) -> bool:
    """A name that a message can have: no path, nothing hidden, nothing that a terminal would obey."""
    return name.isprintable() and "/" not in name and not name.startswith(".") and bool(name)


def _sound(path: Path) -> Clip:
    """Blocking. Raises AudioError."""
    if not path.is_file():
        raise AudioError("there is no such file")
    return read_clip(path)


def _received(name: str) -> datetime | None:
    """When a recording began, as its name says."""
    try:
        return datetime.strptime(name.partition("-")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    except ValueError:
        return None


def _facts(path: Path) -> dict[str, Any]:
    """What is known; nothing where that cannot be read."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _mark(path: Path) -> None:
    beside = path.with_suffix(FACTS)
    facts = _facts(beside)
    if path.exists() and facts.get("heard") is not True:
        replace_text(beside, json.dumps({**facts, "heard": True}), mode=0o600)
        if not path.exists():
            # Somebody else has deleted it meanwhile.
            beside.unlink(missing_ok=True)


def _delete(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.with_suffix(FACTS).unlink(missing_ok=True)
