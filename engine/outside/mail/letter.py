"""A mail to one person on its way: what the outbox keeps of it, and how it is written for SMTP (RFC 5322)."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

from engine.outside.mail.enclosures import Enclosed, File, Form, enclose

PIECE = 57 * 1000
"""Bytes of a file that are written at a time: a thousand lines of base64 (RFC 2045 section 6.8)."""
_DOT = re.compile(rb"(?m)^\.")

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


@dataclass(frozen=True, slots=True)
class Composed:
    """A message in which a mark stands for each enclosed file, and the content of the file by its mark."""

    message: EmailMessage
    files: Mapping[str, bytes]


def compose(letter: Letter, sender: tuple[str, str], folder: Path, form: Form) -> Composed:
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
    bodies: dict[str, bytes] = {}
    for part in enclosed:
        if not part.notice:
            main, sub = part.kind
            message.add_attachment(b"", maintype=main, subtype=sub, filename=one_line(part.name))
            mark = uuid.uuid4().hex
            list(message.iter_attachments())[-1].set_payload(f"{mark}\r\n")
            bodies[mark] = part.data
    return Composed(message, bodies)


def pieces(composed: Composed) -> Iterator[bytes]:
    """The message as it is kept in a file, in pieces of some kilobytes. Blocking.

    The files are put in here: the library looks through them at once, in any thread: 150 ms for 10 MB, in which no
    call moves."""
    rest = composed.message.as_bytes()
    for mark, data in composed.files.items():
        before, _, rest = rest.partition(f"{mark}\r\n".encode())
        yield before
        for start in range(0, len(data), PIECE):
            yield base64.encodebytes(data[start : start + PIECE]).replace(b"\n", b"\r\n")
    yield rest


def stuffed(message: Iterable[bytes]) -> list[bytes]:
    """The same as DATA has it, without its last line: a dot at the start of a line is doubled (RFC 5321 section
    4.5.2). Each piece begins a line. Blocking."""
    return [_DOT.sub(b"..", piece) for piece in message]


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
