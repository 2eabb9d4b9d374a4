"""Bytes → data with places, or one E0001 at the right place."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ConfigurationError
from engine.scenario.diagnostics import Span
from engine.scenario.document import Document
from engine.scenario.load import MAX_BYTES, load, read_mapping, walk_files

BROKEN: list[tuple[str, bytes, tuple[int, int], str]] = [
    ("empty", b"", (1, 1), "empty"),
    ("only a comment", b"# nothing\n", (1, 1), "empty"),
    ("binary", b"format: 1\n\x00\x01", (2, 1), "U+0000"),
    ("latin-1", "a: 1\nb: café".encode("latin-1"), (2, 7), "not UTF-8"),
    ("utf-16", "a: 1".encode("utf-16"), (1, 1), "UTF-16"),
    ("tab", b"a:\n\t- b\n", (2, 1), "tab"),
    ("unquoted colon", b"a: b: c\n", (1, 5), "mapping values"),
    ("unclosed quote", b'a: 1\nb: "x\nc: 2\n', (2, 4), "never closed"),
    ("unclosed bracket", b"a: [1, 2\nb: 3\n", (2, 2), "expected"),
    ("at sign", b"a: @b\n", (1, 4), "@"),
    ("unknown alias", b"a: *b\n", (1, 4), "&b"),
    ("alias of itself", b"a: &x [1, *x]\n", (1, 11), "contains itself"),
    ("star as a key", b"options:\n  *: end\n", (2, 3), "anchor"),
    ("tag", b"a: !python/object:os.system x\n", (1, 4), "tag"),
    ("list as a key", b"[1, 2]: 3\n", (1, 1), "key"),
    ("two documents", b"a: 1\n---\nb: 2\n", (2, 1), "second document"),
    ("deep", b"[" * 2000, (1, 51), "inside each other"),
    ("merge of a list", b"<<: [1]\n", (1, 5), "<<"),
    ("huge", b"#" * (MAX_BYTES + 1), (1, 1), "bytes"),
]


@pytest.mark.parametrize(("source", "place", "says"), [pytest.param(*rest, id=name) for name, *rest in BROKEN])
def test_broken(source: bytes, place: tuple[int, int], says: str) -> None:
    document, findings = load(source, "x.yaml")
    assert document is None
    (finding,) = findings
    assert (finding.rule, finding.file) == ("E0001", "x.yaml")
    assert (finding.line, finding.column) == place
    assert says in finding.message


HINTS: list[tuple[str, str, tuple[int, int], str, str]] = [
    ("key without a colon", "a:\n  type play\n  next: end\n", (2, 3), "no `: `", "write `type: play`"),
    ("colon without a space", "a:\n  type:play\n  next: end\n", (2, 3), "a space is missing", "write `type: play`"),
    ("too much indentation", "a:\n  type: play\n    next: end\n", (3, 9), "mapping values", "indentation"),
    ("colon in brackets", "a: [{say: Note: bye}]\n", (1, 15), "expected", "quote a text that contains `: `"),
    ("apostrophe", "a: [{say: 'your cat's file'}]\n", (1, 20), "ends the text", "write ''"),
    ("apostrophe in a block", "a: 'your cat's file'\n", (1, 13), "ends the text", "write ''"),
    ("quotes in quotes", 'a: ["say "yes" now"]\n', (1, 10), "ends the text", 'write \\"'),
    ("closed by the next one", 'a: [{say: "x}]\nb: ["y"]\n', (1, 11), "closed in line 2", "missing in line 1"),
    ("closed later in a block", 'a: "x\nb: "y"\n', (1, 4), "closed in line 2", "missing in line 1"),
    ("bracket", "a: [{say: x}\nb: 1\n", (2, 1), "expected", "opened in line 1, column 4,"),
]


@pytest.mark.parametrize(("source", "place", "says", "hint"), [pytest.param(*rest, id=name) for name, *rest in HINTS])
def test_broken_with_a_hint(source: str, place: tuple[int, int], says: str, hint: str) -> None:
    document, (finding,) = load(source.encode(), "x.yaml")
    assert document is None
    assert (finding.line, finding.column) == place
    assert says in finding.message
    assert hint in finding.hint


def test_aliases_that_multiply_are_refused_quickly() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    document, (finding,) = load("\n".join(lines).encode(), "x.yaml")
    assert document is None
    assert "aliases" in finding.message


def loaded(source: bytes) -> Document:
    document, findings = load(source, "x.yaml")
    assert document is not None, findings
    return document


def test_every_key_and_value_has_its_place() -> None:
    document = loaded(b'name: "Bonjour"\nnodes:\n  a: {type: play, prompt: [x.wav, 12]}\n')
    assert document.data == {"name": "Bonjour", "nodes": {"a": {"type": "play", "prompt": ["x.wav", 12]}}}
    assert document.keys["name",].span == Span(1, 1, 1, 5)
    assert document.span(("name",)) == Span(1, 7, 1, 16)
    assert document.key_span(("nodes", "a")) == Span(3, 3, 3, 4)
    assert document.span(("nodes", "a", "prompt", 0)) == Span(3, 28, 3, 33)
    assert document.span(("nodes", "a", "prompt", 1)) == Span(3, 35, 3, 37)
    assert document.values["nodes", "a", "prompt", 1].typed


def test_byte_order_mark_and_crlf_change_nothing() -> None:
    plain = loaded(b"a: 1\nb: [x, y]\n")
    windows = loaded(b"\xef\xbb\xbfa: 1\r\nb: [x, y]\r\n")
    assert windows.data == plain.data
    assert windows.span(("b", 1)) == plain.span(("b", 1)) == Span(2, 8, 2, 9)


def test_an_empty_value_stands_where_its_key_stands() -> None:
    document = loaded(b"a:\n\n\nb: 1\n")
    assert document.data == {"a": None, "b": 1}
    assert document.span(("a",)) == Span(1, 1, 1, 2)


def test_the_first_of_two_keys_counts() -> None:
    document = loaded(b"a: 1\nb: 2\na: 3\n")
    assert document.data == {"a": 1, "b": 2}
    (twice,) = document.duplicates
    assert (twice.path, twice.span.line, twice.first.line) == (("a",), 3, 1)


def test_anchors_and_merges() -> None:
    document = loaded(b"x: &x {type: wait, duration: 5s}\na:\n  <<: *x\n  duration: 2s\nb: *x\n")
    assert document.data["a"] == {"type": "wait", "duration": "2s"}
    assert document.data["b"] == document.data["x"]
    assert document.span(("a", "type")).line == 1
    assert document.span(("a", "duration")).line == 4


@pytest.mark.parametrize(
    ("source", "column"),
    [
        (b"k: abc def", 8),
        (b'k: "abc def"', 9),
        (b"k: 'a''c def'", 10),
        (b'k: "\\u0061\\tc def"', 15),
    ],
)
def test_a_place_inside_a_text(source: bytes, column: int) -> None:
    document = loaded(source)
    assert document.data["k"][4] == "d"
    span = document.inside(("k",), 1, 5)
    assert (span.line, span.column) == (1, column)
    assert source[column - 1 : column] == b"d"


@pytest.mark.parametrize(
    ("source", "value", "place"),
    [
        (b"k: |\n    first\n    second\n", "first\nsecond\n", (3, 5)),
        (b"k: >-\n  first\n\n  second\n", "first\nsecond", (4, 3)),
        (b"k: >- # folded\n  a first\n  b second\nl: 1\n", "a first b second", (3, 5)),
        (b"k: >\r\n  first\r\n  second\r\n", "first second\n", (3, 3)),
        (b"k: first\n  second # no\n", "first second", (2, 3)),
        (b"k: 'it''s first\n  second'\n", "it's first second", (2, 3)),
        (b'k: "\\tfirst\n  \\x41 second"\n', "\tfirst A second", (2, 8)),
        (b'k: "first \\\n  second"\n', "first second", (2, 3)),
        (b"k: &anchor !!str 'first second'\n", "first second", (1, 25)),
    ],
)
def test_a_place_inside_a_text_of_several_lines(source: bytes, value: str, place: tuple[int, int]) -> None:
    document = loaded(source)
    assert document.data["k"] == value
    before = value[: value.index("second")]
    span = document.inside(("k",), before.count("\n") + 1, len(before) - before.rfind("\n"))
    assert (span.line, span.column) == place


def test_behind_the_last_word_of_a_folded_text() -> None:
    document = loaded(b"k: >-\n  1 +\n  2 +\nl: 1\n")
    assert document.inside(("k",), 1, 8) == Span(3, 6, 3, 7)


def test_settings_files_name_the_place_of_a_defect(tmp_path: Path) -> None:
    good, bad, twice = (tmp_path / name for name in ("good.yaml", "bad.yaml", "twice.yaml"))
    good.write_text("agents: []\n")
    bad.write_text("a: b: c\n")
    twice.write_text("a: 1\na: 2\n")
    assert read_mapping(good) == {"agents": []}
    for path, place in ((bad, ":1:5:"), (twice, ":2:1:"), (tmp_path / "none.yaml", "No such file")):
        with pytest.raises(ConfigurationError, match=place):
            read_mapping(path)


def test_a_folder_is_searched_for_scenarios(tmp_path: Path) -> None:
    names = ["a.yaml", "b/c.yaml", "b/c.test.yaml", "server.yaml", "b/directory.yaml", ".git/d.yaml", "e.yml"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list(walk_files([tmp_path])) == [tmp_path / "a.yaml", tmp_path / "b/c.yaml"]
    assert list(walk_files([tmp_path / "server.yaml"])) == [tmp_path / "server.yaml"]
