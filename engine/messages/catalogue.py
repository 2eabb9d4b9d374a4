"""Catalogues of gettext: a PO file is compiled as it is read, so that nothing generated lies about.

Read: `msgid`, `msgid_plural`, `msgstr`, `msgstr[n]`, with texts over several lines, and comments. The rest of the
format (contexts, fuzzy entries) is refused.
"""

from __future__ import annotations

import ast
import io
import re
import struct
from collections.abc import Mapping
from gettext import GNUTranslations
from pathlib import Path

_LINE = re.compile(r'(?:(msgid_plural|msgid|msgstr(?:\[\d+\])?)\s+)?("(?:[^"\\]|\\.)*")')


class BrokenCatalogue(ValueError):
    """A PO file that cannot be read; the message has the line."""


def read_po(path: Path) -> dict[str, str]:
    """msgid → msgstr, as a MO file has them: one and many, and the forms of each, are separated by NUL. Texts that
    are not translated yet are empty. Blocking. Raises BrokenCatalogue, OSError."""
    found: dict[str, str] = {}
    parts: dict[str, str] = {}
    keyword = ""
    for number, line in enumerate([*path.read_text(encoding="utf-8").splitlines(), ""], 1):
        text = line.strip()
        match = _LINE.fullmatch(text)
        if text.startswith("#, fuzzy") or (text and match is None and not text.startswith("#")):
            raise BrokenCatalogue(f"{path}, line {number}: {text[:60]}")
        if match is None or match[1] == "msgid":
            _keep(parts, found)
            parts, keyword = ({}, "msgid") if match else ({}, "")
        if match is not None:
            keyword = match[1] or keyword
            parts[keyword] = parts.get(keyword, "") + ast.literal_eval(match[2])
    return found


def _keep(parts: Mapping[str, str], found: dict[str, str]) -> None:
    if not parts:
        return
    ids = [parts[name] for name in ("msgid", "msgid_plural") if name in parts]
    forms = [parts[name] for name in sorted(parts) if name.startswith("msgstr")]
    found["\0".join(ids)] = "\0".join(forms) if all(forms) else ""


def compiled(texts: Mapping[str, str]) -> GNUTranslations:
    """Translations of what `read_po` has read; the entry with no msgid is the header."""
    entries = sorted((key.encode(), text.encode()) for key, text in texts.items() if text)
    keys, values = b"\0".join([*(key for key, _ in entries), b""]), b"\0".join([*(text for _, text in entries), b""])
    # The format of GNU gettext: magic, revision, count, where the two tables of (length, offset) are, no hash table.
    tables = 28 + 16 * len(entries)
    head = struct.pack("<7I", 0x950412DE, 0, len(entries), 28, 28 + 8 * len(entries), 0, tables)
    places = [
        *_places([key for key, _ in entries], tables),
        *_places([text for _, text in entries], tables + len(keys)),
    ]
    return GNUTranslations(io.BytesIO(head + struct.pack(f"<{len(places)}I", *places) + keys + values))


def _places(texts: list[bytes], start: int) -> list[int]:
    numbers: list[int] = []
    for text in texts:
        numbers += [len(text), start]
        start += len(text) + 1
    return numbers
