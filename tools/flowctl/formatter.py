"""One layout for all scenario files; what is written, its order and its comments stay.

Lines stay lines: only their indentation, the blanks between words, and empty lines change.
"""

from __future__ import annotations

from ruamel.yaml.error import YAMLError

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.document import Document
from engine.scenario.load import load
from tools.flowctl.yaml_pieces import Piece, comments, pieces


class Refused(Exception):
    """A file that is left as it is. `findings` say why, unless the message does."""

    def __init__(self, message: str, findings: list[Diagnostic] | None = None) -> None:
        super().__init__(message)
        self.findings = findings or []


def formatted(source: bytes, file: str) -> str:
    """The content of a YAML file in its layout.

    Raises Refused for a file that is no YAML document (with its E0001), and when the result would not say the same,
    would lose a comment, or would be changed by formatting it again.
    """
    document, findings = load(source, file)
    if document is None:
        raise Refused(f"{file} is no YAML document", findings)
    text = document.text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        result = _Layout(text).result
        unchanged = _says(document) == _says(load(result.encode(), file)[0])
        if unchanged and list(comments(text)) == list(comments(result)) and _Layout(result).result == result:
            return result
    except (ValueError, IndexError, AttributeError, YAMLError):
        # The library has its own accidents; then the file stays as it is.
        pass
    raise Refused(f"{file} cannot be laid out anew without changing what it says; it stays as it is")


def _says(document: Document | None) -> str | None:
    """The data, with their types and order, and what is given twice."""
    if document is None:
        return None
    return repr((document.data, [twice.path for twice in document.duplicates]))


class _Layout:
    """Puts the pieces of a text together again."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: list[str] = []
        self._line = ""
        found = pieces(text)
        self._long = _long_nodes(text, found)
        previous: Piece | None = None
        for piece in found:
            self._between(previous, piece, text[previous.end if previous else 0 : piece.start])
            *above, self._line = (self._line + piece.text).split("\n")
            self._lines += above
            previous = piece
        self._between(previous, None, text[previous.end if previous else 0 :])
        self._lines.append(self._line)
        while self._lines and not self._lines[-1]:
            self._lines.pop()
        self.result = "\n".join(self._lines) + "\n"

    def _between(self, previous: Piece | None, piece: Piece | None, gap: str) -> None:
        """White space and comments between two pieces, or before the first or after the last."""
        same, *below = gap.split("\n")
        if previous is None:
            below, same = [same, *below], ""
        elif same.strip():
            self._line += self._trailing(previous, same)
        if previous is not None and piece is not None and not below:
            self._line += _space(previous, piece, gap)
            return
        if previous is not None:
            self._lines.append(self._line)
        own = below[:-1] if piece is not None else below
        self._lines += self._own_lines(previous, piece, own)
        self._line = " " * piece.indent if piece is not None else ""

    def _trailing(self, previous: Piece, rest: str) -> str:
        """A comment behind something. It moves with its line and no further, for comments below each other."""
        width = len(rest) - len(rest.lstrip())
        begin = self._text.rfind("\n", 0, previous.end) + 1
        moved = _indent(self._line) - _indent(self._text[begin : previous.end])
        column = previous.end + width - begin + moved
        blanks = 2 if width < 2 else max(2, column - len(self._line))
        return " " * blanks + rest.strip()

    def _own_lines(self, previous: Piece | None, piece: Piece | None, lines: list[str]) -> list[str]:
        """Comments on lines of their own, and at most one empty line in a row."""
        found: list[str] = []
        for line in lines:
            comment = line.strip()
            if comment:
                found.append(" " * self._comment_indent(previous, piece, line) + comment)
            elif (found and found[-1]) or (not found and previous is not None):
                found.append("")
        if piece is not None and piece.start in self._long and "" not in found:
            # The empty line between two nodes goes before the comments on the second.
            index = len(found)
            while index and found[index - 1].startswith(" " * piece.indent + "#"):
                index -= 1
            found.insert(index, "")
        return found

    def _comment_indent(self, previous: Piece | None, piece: Piece | None, line: str) -> int:
        """A comment stays with what it is aligned with: what follows it, or something that is open."""
        column = _indent(line)
        if piece is not None and column == piece.start - (self._text.rfind("\n", 0, piece.start) + 1):
            return piece.indent
        for level in reversed(previous.levels if previous is not None else ()):
            if level.kind != "flow" and level.old == column:
                return level.new
        return piece.indent if piece is not None else 0


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _space(previous: Piece, piece: Piece, gap: str) -> str:
    """The blanks between two pieces on one line."""
    if piece.kind == ":":
        # An alias may end with a colon.
        return " " if previous.kind in ("alias", "-", "?", ",") else ""
    if previous.kind == ":" or previous.kind in ("-", "?", "property", "document"):
        return " "
    if piece.kind in (",", "close") or previous.kind == "open":
        return ""
    return " " if previous.kind == "," or gap else ""


def _long_nodes(text: str, found: list[Piece]) -> set[int]:
    """Where the nodes begin that an empty line goes before: they, or the one before, take several lines."""
    begins = [index for index, piece in enumerate(found) if piece.node]
    if not begins:
        return set()
    last = begins[-1]
    inside = found[last].levels
    after = next((i for i in range(last, len(found)) if found[i].levels[: len(inside)] != inside), len(found))
    ends = [*begins[1:], after]
    several = ["\n" in text[found[first].start : found[end - 1].end] for first, end in zip(begins, ends, strict=True)]
    return {
        found[begin].start for index, begin in enumerate(begins) if index and (several[index] or several[index - 1])
    }
