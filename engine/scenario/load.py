"""Bytes → text → YAML events → a `Document`. Whatever is wrong is a diagnostic (E0001), never a traceback."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from engine.errors import ConfigurationError
from engine.scenario.diagnostics import START, Diagnostic, Span
from engine.scenario.document import Document
from engine.scenario.events import MAX_VALUES, Defect, compose
from engine.scenario.tree import build

MAX_BYTES = 2 * 1024 * 1024
"""A scenario file is a text written by hand; more than this is a mistake."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def load(source: bytes, file: str, most: int = MAX_VALUES) -> tuple[Document | None, list[Diagnostic]]:
    """Read a YAML document of at most so many keys and values. None with one E0001 when it cannot be read at all."""
    try:
        text = _decode(source)
        root, unused_anchors = compose(text, most)
        if root is None:
            raise Defect(START, "the file is empty", "write at least format, name, start and nodes")
        return build(root, unused_anchors, text, file, most), []
    except Defect as defect:
        return None, [Diagnostic.at(defect.span, "E0001", str(defect), file=file, hint=defect.hint)]


def read_source(path: Path) -> bytes:
    """The bytes of a file; of one that is too long, or has no end, no more than shows that. Raises OSError."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def read_mapping(path: Path, most: int = MAX_VALUES) -> dict[str, Any]:
    """The mapping in a settings or directory file of at most so many keys and values; raises ConfigurationError
    naming file, line and column."""
    try:
        source = read_source(path)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror or error}") from error
    document, findings = load(source, str(path), most)
    messages = [f"{path}:{found.line}:{found.column}: {found.message}" for found in findings]
    if document is not None:
        messages += [
            f"{path}:{twice.span.line}:{twice.span.column}: {twice.path[-1]!r} is given twice"
            for twice in document.duplicates
        ]
        if not isinstance(document.data, dict):
            messages.append(f"{path}:1:1: must be a mapping of keys to values")
    if messages or document is None:
        raise ConfigurationError("\n".join(messages))
    data: dict[str, Any] = document.data
    return data


def _decode(source: bytes) -> str:
    if len(source) > MAX_BYTES:
        raise Defect(START, f"the file has more than {MAX_BYTES:,} bytes", "a scenario is a text written by hand")
    if source.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Defect(START, "the file is UTF-16", "save it as UTF-8")
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = source[: error.start].decode("utf-8", "replace")
        raise Defect(_end_of(before), "the file is not UTF-8 text", "save it as UTF-8") from error
    if control := _CONTROL.search(text):
        raise Defect(
            _end_of(text[: control.start()]),
            f"the character U+{ord(control[0]):04X} does not belong in a text file",
            "is this a binary file?",
        )
    return text


def _end_of(text: str) -> Span:
    """The place just behind a text."""
    lines = _lines(text)
    return Span(len(lines), len(lines[-1]) + 1, len(lines), len(lines[-1]) + 2)


def _lines(text: str) -> list[str]:
    return re.split("\r\n|\r|\n", text)


NOT_SCENARIOS = ("server.yaml", "directory.yaml")
"""A server's own files, which may stand in the same folder."""


def walk_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Scenario files: the files given, and every `*.yaml` below the folders given except `*.test.yaml`, a
    server's own files, and what is in hidden folders."""
    for path in paths:
        if path.is_dir():
            yield from (found for found in sorted(path.rglob("*.yaml")) if _is_scenario(found, path))
        else:
            yield path


def files_in(folder: Path) -> Iterator[Path]:
    """The scenario files in a folder itself, not below it."""
    return (found for found in sorted(folder.glob("*.yaml")) if _is_scenario(found, folder))


def _is_scenario(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    return not hidden and is_scenario_name(file.name) and file.is_file()


def is_scenario_name(name: str) -> bool:
    """True for the name of a YAML file that is neither a test nor one of a server's own files."""
    return name.endswith(".yaml") and not name.endswith(".test.yaml") and name not in NOT_SCENARIOS
