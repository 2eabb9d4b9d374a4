"""Mails that were given up, kept for people; and files of mails that are no more."""

from __future__ import annotations

import json
import sqlite3
from email.utils import formatdate
from pathlib import Path

from engine.outside.mail.enclosures import Form
from engine.outside.mail.letter import Letter, compose, pieces
from engine.outside.mail.spool import KIND, forget
from engine.records.files import replace_text
from engine.records.outbox import Waiting

REFUSED = "refused"
"""Folder, beside those of the mails that wait: of each mail that was given up `ID.eml`, which mail programs open, and
`ID.txt`, which says why; of one that cannot be written `ID.json`, and its files as `ID-0` …"""

UNLIMITED = 1 << 40


def put_aside(folder: Path, entry: Waiting, letter: Letter | None, sender: tuple[str, str], why: str) -> Path:
    """Keep a mail that is not sent; where. The files go with it. Blocking; raises OSError."""
    place = folder / REFUSED
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = place / (f"{entry.id}.eml" if letter is not None else f"{entry.id}.json")
    if letter is None:
        replace_text(target, json.dumps(entry.body), mode=0o600)
        for file in (folder / entry.id).glob("*"):
            file.replace(place / f"{entry.id}-{file.name}")
    else:
        message = b"".join(pieces(compose(letter, sender, folder / entry.id, Form(limit=UNLIMITED))))
        replace_text(target, message.decode("ascii", "surrogateescape"), mode=0o600)
    note = (
        f"{formatdate(localtime=True)}\nto: {letter.to if letter else '?'}\nattempts: {entry.attempts + 1}\n{why}\n"
    )
    replace_text(place / f"{entry.id}.txt", note, mode=0o600)
    forget(folder, entry.id)
    return target


def sweep(outbox: Path, folder: Path) -> None:
    """Delete the folders of mails that are not in the outbox. Blocking; raises sqlite3.Error, OSError."""
    if not folder.is_dir():
        return
    connection = sqlite3.connect(f"file:{outbox}?mode=ro", uri=True, timeout=5)
    try:
        waiting = {row[0] for row in connection.execute("SELECT id FROM entries WHERE kind = ?", (KIND,))}
    finally:
        connection.close()
    for place in folder.iterdir():
        if place.name not in waiting and place.name != REFUSED:
            forget(folder, place.name)
