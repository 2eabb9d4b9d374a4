"""A mail to one person on its way: what the outbox keeps of it, and how it is written for SMTP (RFC 5322)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

from engine.outside.mail.enclosures import Enclosed, File, Form, enclose

PIECE = 64 * 1024
"""Bytes that are written to the connection at a time."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Letter:
    """`to` gets it, who is one of `all_to`; `date` is ISO 8601. `attach`: of each file `kept` (relative to the
    letter's folder, or absolute), `name` and `origin`. `alert`: it tells of trouble itself."""

    to: str
    all_to: Sequence[str]
    subject: str
    text: str
    message_id: str
    date: str
    language: str
    attach: Sequence[Mapping[str, str]]
    alert: bool = False

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Letter:
        """Raises TypeError for what is no letter."""
        return cls(**body)

    @property
    def written(self) -> datetime:
        """When it was handed over."""
        return datetime.fromisoformat(self.date)


def compose(letter: Letter, sender: tuple[str, str], folder: Path, form: Form) -> EmailMessage:
    """The message. sender: name and address. Blocking: reads, and perhaps encodes, what is enclosed."""
    files = [File(folder / file["kept"], file["name"], file["origin"]) for file in letter.attach]
    enclosed = enclose(files, form, letter.language)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(one_line(sender[0]), addr_spec=sender[1])
    message["To"] = [Address(addr_spec=address) for address in letter.all_to]
    message["Subject"] = one_line(letter.subject)
    message["Date"] = letter.written
    message["Message-ID"] = letter.message_id
    # Nobody's holiday shall answer it (RFC 3834 section 5).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text(letter.text, enclosed), charset="utf-8")
    for part in enclosed:
        if not part.notice:
            main, sub = part.kind
            message.add_attachment(part.data, maintype=main, subtype=sub, filename=one_line(part.name))
    return message


def pieces(message: EmailMessage) -> list[bytes]:
    """The message as DATA has it, without the last line: a dot at the start of a line is doubled (RFC 5321 section
    4.5.2). Blocking, line by line: one look through megabytes would hold up the event loop from another thread."""
    found, piece = [], bytearray()
    for line in message.as_bytes().removesuffix(b"\r\n").split(b"\r\n"):
        piece += b"." + line if line.startswith(b".") else line
        piece += b"\r\n"
        if len(piece) >= PIECE:
            found.append(bytes(piece))
            piece.clear()
    return [*found, bytes(piece)]


def one_line(text: str) -> str:
    """Without line breaks and control characters: a line break would begin another header."""
    return " ".join(_CONTROL.sub(" ", _encodable(text)).split())


def _text(text: str, enclosed: Sequence[Enclosed]) -> str:
    notices = "\n".join(part.notice for part in enclosed if part.notice)
    whole = "\n\n".join(part for part in (text.rstrip(), notices) if part)
    return _CONTROL.sub("", _encodable(whole).replace("\r\n", "\n").replace("\r", "\n")) + "\n"


def _encodable(text: str) -> str:
    """A lone half of a character, which JSON may hold, is a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")
