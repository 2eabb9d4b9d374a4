"""A CSV file of contacts: what of it can be taken, and why the rest cannot."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from engine.messages import N_, _
from engine.records.contacts.spelling import Spelling
from engine.records.contacts.table import DATE, LENGTH, NUMBERS, TEXTS
from engine.scenario.suggest import did_you_mean

COLUMNS = (*TEXTS, DATE)
"""What a file may give; the key of the table is its own."""

_HEADINGS = {
    "strIdent": ("ident", "identifiant", "id", "identifier", "code", "reference"),
    "strLastName": ("lastname", "name", "nom", "surname", "nomdefamille"),
    "strFirstName": ("firstname", "prenom", "givenname"),
    "strCompany": ("company", "societe", "entreprise", "organisation", "organization"),
    "strPhoneNumber1": ("phone", "phone1", "telephone", "telephone1", "tel", "tel1", "fixe", "phonenumber1"),
    "strPhoneNumber2": ("phone2", "telephone2", "tel2", "fixe2", "phonenumber2"),
    "strGsmNumber1": ("mobile", "mobile1", "gsm", "gsm1", "portable", "portable1", "gsmnumber1"),
    "strGsmNumber2": ("mobile2", "gsm2", "portable2", "gsmnumber2"),
    "strWho": ("who", "qui", "fonction", "role"),
    DATE: ("date", "updated", "lastupdate", "datedemiseajour", "lastdateupdate"),
}
"""How such columns are called elsewhere, in small letters, without accents and blanks."""

_DELIMITERS = ";,\t|"
_SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
"""What spreadsheets write into a line before the headings."""
_DAY_FIRST = re.compile(r"(\d\d?)[/.](\d\d?)[/.](\d{4})(?: (\d\d?):(\d\d)(?::(\d\d))?)?", re.ASCII)
"""31/01/2027 10:00, as most of the world writes it; 01/31/2027 is refused for its month, or was not meant."""
_QUOTES = N_('its quotes do not match: a text with quotes or the separator in it is written "like ""this"", say"')


class NoFeed(Exception):
    """The file as a whole cannot be taken; the message says why."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that cannot be taken. `line` counts from 1, the heading is the first; `column` is the file's own name of
    it, empty where it is the line as a whole."""

    line: int
    column: str
    why: str


@dataclass(slots=True)
class Feed:
    """`rows` by line: column of the table → value, None where the file has none. `ignored`: headings that mean
    nothing to us."""

    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def read_feed(data: bytes, spelling: Spelling, reading: Callable[[int], object] = lambda _line: None) -> Feed:
    """Read a file. Numbers become E.164 with +. reading: told each line. What is wrong is said in the language of
    `engine.messages`. Raises NoFeed."""
    text = _decoded(data)
    # As csv wants them: not all that Unicode calls a line break ends a line.
    lines = list(io.StringIO(text, newline=""))
    given = _SEPARATOR.fullmatch(lines[0]) if lines else None
    first = 1 if given else 0
    if len(lines) <= first or not lines[first].strip():
        raise NoFeed(_("the first line must name the columns: {columns}").format(columns=", ".join(COLUMNS)))
    delimiter = given[1] if given else max(_DELIMITERS, key=lines[0].count)
    feed = Feed()
    table = _numbered(lines, first, delimiter)
    number, names = next(table)
    if names is None:
        raise NoFeed(f"{_('line {line}').format(line=number)}: {_(_QUOTES)}")
    headings = [heading.strip() for heading in names]
    columns = _columns(headings, feed)
    idents: dict[str, int] = {}
    for number, cells in table:
        reading(number)
        if cells is None:
            feed.refused.append(Refused(number, "", _(_QUOTES)))
        elif any(cell.strip() for cell in cells):
            row = _row(number, cells, headings, columns, spelling, feed)
            if row is not None and _is_first(number, row, idents, feed):
                feed.rows[number] = row
    return feed


def _numbered(lines: Sequence[str], begins: int, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """The cells of each row, with the line (from 1) where it begins, as cells may hold line breaks; None for a line
    whose quotes do not match."""
    while begins < len(lines):
        reader = csv.reader((lines[at] for at in range(begins, len(lines))), delimiter=delimiter, strict=True)
        start = read = begins
        try:
            for cells in reader:
                yield read + 1, cells
                read = start + reader.line_num
            return
        except csv.Error:
            yield read + 1, None
            # A quote that is never closed takes what follows along, which is read once more.
            begins = read + 1


def _decoded(data: bytes) -> str:
    """UTF-8, with or without a mark; else what spreadsheets of Western Europe write. Raises NoFeed."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    if "\0" in text:
        raise NoFeed(_("this is no text file"))
    return text


def _columns(headings: Sequence[str], feed: Feed) -> dict[str, int]:
    """Column of the table → its place in the file. Raises NoFeed."""
    known = {name: column for column, names in _HEADINGS.items() for name in names}
    known |= {column.lower(): column for column in COLUMNS}
    places: dict[str, int] = {}
    for place, heading in enumerate(headings):
        column = known.get(_plain(heading))
        if column is None:
            feed.ignored.append(heading)
        elif column in places:
            both = _("{one} and {other} are both {column}")
            raise NoFeed(both.format(one=repr(headings[places[column]]), other=repr(heading), column=column))
        else:
            places[column] = place
    if not any(name in places for name in NUMBERS):
        hints = (did_you_mean(heading, COLUMNS) for heading in feed.ignored)
        hint = next(filter(None, hints), "")
        missing = _("no column of telephone numbers: name one {columns}").format(columns=", ".join(NUMBERS))
        raise NoFeed(f"{missing} ({hint})" if hint else missing)
    return places


def _plain(heading: str) -> str:
    bare = "".join(char for char in unicodedata.normalize("NFD", heading) if char.isalnum())
    return bare.lower()


def _row(
    number: int,
    cells: Sequence[str],
    headings: Sequence[str],
    columns: Mapping[str, int],
    spelling: Spelling,
    feed: Feed,
) -> dict[str, Any] | None:
    """The row of a line, or None when it is refused: the feed says why then."""
    if any(cell.strip() for cell in cells[len(headings) :]):
        why = _("{cells} cells below {headings} headings: is a text with the separator in quotes?")
        feed.refused.append(Refused(number, "", why.format(cells=len(cells), headings=len(headings))))
        return None
    row: dict[str, Any] = {}
    for column, place in columns.items():
        try:
            # Spreadsheets leave empty cells at the end out.
            row[column] = _value(column, cells[place].strip() if place < len(cells) else "", spelling)
        except ValueError as error:
            feed.refused.append(Refused(number, headings[place], str(error)))
            return None
    return row


def _value(column: str, text: str, spelling: Spelling) -> str | datetime | None:
    """Raises ValueError."""
    if not text:
        return None
    if column == DATE:
        try:
            return _moment(text)
        except ValueError:
            said = _("{text} is not a date: write 2027-01-31 or 2027-01-31 10:00:00")
            raise ValueError(said.format(text=repr(text))) from None
    if column in NUMBERS:
        found = spelling.number(text)
        if found is None:
            said = _("{text} is no telephone number that can be called from everywhere")
            raise ValueError(said.format(text=repr(text)))
        return f"+{found}"
    if len(text) > LENGTH:
        raise ValueError(_("{count} characters: {most} at most").format(count=len(text), most=LENGTH))
    return text


def _moment(text: str) -> datetime:
    """As the table has dates: UTC where the file names a zone, else as it is. Raises ValueError."""
    found = _DAY_FIRST.fullmatch(text)
    if found is not None:
        day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - without a zone, as in the file
    moment = datetime.fromisoformat(text)
    return (moment.astimezone(UTC) if moment.tzinfo else moment).replace(tzinfo=None, microsecond=0)


def _is_first(number: int, row: Mapping[str, Any], idents: dict[str, int], feed: Feed) -> bool:
    """Refuses a line whose ident another one has."""
    ident = row.get("strIdent")
    if ident is None:
        return True
    # As MariaDB compares them.
    first = idents.setdefault(ident.casefold(), number)
    if first != number:
        why = _("the ident {ident} is in line {line} already").format(ident=repr(ident), line=first)
        feed.refused.append(Refused(number, "", why))
    return first == number
