"""Takes a story or a test file apart: every mistake becomes a finding with its place, and the reading goes on."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path as FilePath
from typing import Any

from engine.errors import ConfigurationError
from engine.nodes.base import Path
from engine.nodes.fields import parse_duration
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.document import Document
from engine.scenario.load import load
from engine.scenario.shape_words import kind_of
from engine.scenario.suggest import did_you_mean


class Reader:
    """A document that is being read. Paths lead to values, as in `engine.scenario.document`."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.findings: list[Diagnostic] = [
            Diagnostic.at(twice.span, "E0002", f"`{twice.path[-1]}` is given twice", file=document.file)
            for twice in document.duplicates
        ]

    def wrong(self, path: Path, message: str, hint: str = "", *, key: bool = False) -> None:
        """Complain about the value at a path, or about its key."""
        span = self.document.key_span(path) if key else self.document.span(path)
        self.findings.append(Diagnostic.at(span, "E0003", message, file=self.document.file, hint=hint))

    def line(self, path: Path) -> int:
        """The line on which the value at a path begins."""
        return self.document.span(path).line

    def value(self, path: Path) -> Any:
        """The value at a path; None when there is none."""
        value: Any = self.document.data
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def mapping(self, path: Path, known: Collection[str] | None, what: str) -> dict[str, Any]:
        """The mapping at a path; keys that are not `known` are complained about and left out. Empty when it is
        none."""
        value = self.value(path)
        if not isinstance(value, dict):
            self.wrong(path, f"{what}: must be a mapping, not {kind_of(value)}")
            return {}
        for name in value:
            if known is not None and name not in known and not name.startswith("x-"):
                hint = did_you_mean(name, known) or f"known are {', '.join(known)}"
                self.wrong((*path, name), f"{what}: unknown key `{name}`", hint, key=True)
        return {name: item for name, item in value.items() if known is None or name in known}

    def items(self, path: Path, what: str) -> list[Any]:
        """The list at a path; empty when it is none."""
        value = self.value(path)
        if isinstance(value, list):
            return value
        self.wrong(path, f"{what}: must be a list, not {kind_of(value)}", "put it in brackets: [ ]")
        return []

    def text(self, path: Path, what: str) -> str:
        """The text at a path; a plain whole number is taken for the text it looks like."""
        value = self.value(path)
        if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
            return str(value)
        self.wrong(path, f"{what}: must be a text, not {kind_of(value)}")
        return ""

    def word(self, path: Path, known: Collection[str], what: str) -> str | None:
        """One of some words."""
        value = self.value(path)
        if isinstance(value, str) and value in known:
            return value
        hint = did_you_mean(value, known) if isinstance(value, str) else ""
        said = f"`{value}`" if isinstance(value, str) else kind_of(value)
        self.wrong(path, f"{what}: one of {', '.join(known)}, not {said}", hint)
        return None

    def duration(self, path: Path, what: str) -> float:
        """Seconds of the duration at a path."""
        try:
            return parse_duration(self.value(path))
        except ValueError as error:
            self.wrong(path, f"{what}: {error}")
            return 0.0

    def sorted_findings(self) -> list[Diagnostic]:
        """What was wrong, in document order."""
        return sorted(self.findings, key=lambda found: found.order)

    def require_sound(self) -> None:
        """Raises ConfigurationError with every mistake: file, line, column."""
        if self.findings:
            raise ConfigurationError("\n".join(in_a_line(found) for found in self.sorted_findings()))


def in_a_line(found: Diagnostic) -> str:
    """A finding without its snippet."""
    hint = f" ({found.hint})" if found.hint else ""
    return f"{found.file}:{found.line}:{found.column}: {found.message}{hint}"


def open_file(path: FilePath) -> Reader:
    """The reader of a file. Raises ConfigurationError when it cannot be read, or is no YAML."""
    try:
        source = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror or error}") from error
    document, findings = load(source, str(path))
    if document is None:
        raise ConfigurationError("\n".join(in_a_line(found) for found in findings))
    return Reader(document)


def of_mapping(data: dict[str, Any], name: str) -> Reader:
    """The reader of a mapping that was read before; its places are not known."""
    return Reader(Document(name, "", data, {}, {}, []))
