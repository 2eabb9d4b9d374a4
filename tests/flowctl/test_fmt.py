"""`flowctl fmt`: one layout, the same data, every comment, and nothing lost when it cannot be done."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from engine.scenario.load import load
from tools.flowctl.commands import fmt
from tools.flowctl.formatter import Refused, formatted
from tools.flowctl.yaml_pieces import comments

HERE = Path(__file__).parent
FILES = sorted(
    path
    for folder in (HERE.parents[1] / "flows", HERE.parent / "scenario" / "broken", HERE.parent / "scenario" / "clean")
    for path in folder.rglob("*.yaml")
)

BEFORE = """\

format : 1\x20\x20\x20
name:   hello # the name
did: [ "1" ,"2" ]


nodes:
    # the first
    a:
        type: menu
        prompt:
        - { say: x }   # said
        -   say : "over
                two lines"
        # before the options
        options: {"1":b,
                  "2": c
           }
        on: &on {no_input: end,no_match: end}
    # the second
    b: {type: wait, duration: 1s, next: end}
    cc: {type: wait, duration: 1s}      # one
    ddd: {type: wait, duration: 1s}     # two
    e:
        text: |2
            two more
           one more
        folded: >-
              folded
                 and more

              end

        # behind e

        other: *on
        plain: over
          two lines
# at the end
x-list:
- - 1
  - "on"


"""
AFTER = """\
format: 1
name: hello  # the name
did: ["1", "2"]

nodes:
  # the first
  a:
    type: menu
    prompt:
      - {say: x}     # said
      - say: "over
          two lines"
    # before the options
    options: {"1": b,
      "2": c
      }
    on: &on {no_input: end, no_match: end}

  # the second
  b: {type: wait, duration: 1s, next: end}
  cc: {type: wait, duration: 1s}      # one
  ddd: {type: wait, duration: 1s}     # two

  e:
    text: |2
        two more
       one more
    folded: >-
      folded
         and more

      end

    # behind e

    other: *on
    plain: over
      two lines
# at the end
x-list:
  - - 1
    - "on"
"""


def run(*arguments: str, given: bytes = b"") -> tuple[int, str, str]:
    result = CliRunner().invoke(fmt.app, list(arguments), input=given)
    return result.exit_code, result.stdout, result.stderr


def test_the_layout() -> None:
    assert formatted(BEFORE.encode(), "x.yaml") == AFTER
    assert formatted(AFTER.encode(), "x.yaml") == AFTER


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 1\r\nb:\r\n    - 2\r\n", "a: 1\nb:\n  - 2\n"),
        ("\ufeffa: 1", "a: 1\n"),
        ("a: {}\nb: { }\nc: [ ]", "a: {}\nb: {}\nc: []\n"),
        ("a: {b: , c: }", "a: {b: , c: }\n"),
        ("a: [1,]", "a: [1,]\n"),
        ("a: &x b\n*x : c", "a: &x b\n*x : c\n"),
        ('a: "x\\\n   y"', 'a: "x\\\n  y"\n'),
        ("a: 'it''s   on'", "a: 'it''s   on'\n"),
        ("a: !!str   12", "a: !!str 12\n"),
        ("--- # begin\na:   1\n...\n", "---  # begin\na: 1\n...\n"),
        ("a: |+\n    x\n\n\nb: 1", "a: |+\n  x\n\n\nb: 1\n"),
        ("a: |   # why\n    x  \n     y\n# end", "a: |   # why\n  x  \n   y\n# end\n"),
        ("a: x#y   # z", "a: x#y   # z\n"),
        ("a: |-\n    x  \n\n", "a: |-\n  x  \n"),
        ("a: |\n    x\n      \nb: 1", "a: |\n  x\n    \nb: 1\n"),
        ("a: |2-\n   x\n", "a: |2-\n   x\n"),
        ("? a\n:  b", "? a\n: b\n"),
        (
            "nodes:\n  a: {type: x,\n    y: 1}\n  # on b\n  b: {}",
            "nodes:\n  a: {type: x,\n    y: 1}\n\n  # on b\n  b: {}\n",
        ),
        ("nodes:\n\n\n  a: {}\n\n\n  b: {}\n  c: {}", "nodes:\n\n  a: {}\n\n  b: {}\n  c: {}\n"),
    ],
)
def test_details(before: str, after: str) -> None:
    assert formatted(before.encode(), "x.yaml") == after


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_scenario_says_the_same_afterwards(file: Path) -> None:
    source = file.read_bytes()
    document, _ = load(source, file.name)
    if document is None:
        with pytest.raises(Refused) as refused:
            formatted(source, file.name)
        assert [finding.rule for finding in refused.value.findings] == ["E0001"]
        return
    result = formatted(source, file.name)
    again, _ = load(result.encode(), file.name)
    assert again is not None
    assert repr(again.data) == repr(document.data)
    text = document.text.replace("\r\n", "\n")
    assert list(comments(result)) == list(comments(text))
    assert result.count("#") == text.count("#")
    assert formatted(result.encode(), file.name) == result


WORDS = st.text(alphabet="ab1:#- '\"{}[],|>&*!\\\n", max_size=8)
TREES = st.recursive(
    WORDS | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=10,
)


def block(value: object, indent: int, step: int) -> str:
    """YAML as somebody might write it, with lists and mappings in blocks of any indentation."""
    lead = "\n" + " " * indent
    if isinstance(value, dict) and value:
        return (
            "".join(f"{lead}{json.dumps(key)} :{block(item, indent + step, step)} # c" for key, item in value.items())
            if indent
            else "".join(f"{lead}{json.dumps(key)}:{block(item, step, step)}" for key, item in value.items())
        )
    if isinstance(value, list) and value:
        return "".join(f"{lead}-{block(item, indent + step, step)}" for item in value)
    if (
        isinstance(value, str)
        and value.strip()
        and "\n" not in value.strip("\n")
        and not value.startswith((" ", "\n"))
    ):
        return f" |{'-' if not value.endswith(chr(10)) else '+'}{lead} {value}"
    return " " + json.dumps(value)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.dictionaries(WORDS, TREES, min_size=1, max_size=3), st.integers(1, 5))
def test_any_tree_is_formatted(tree: dict[str, object], step: int) -> None:
    text = json.dumps(tree) if step == 5 else block(tree, 0, step)
    document, _ = load(text.encode(), "x.yaml")
    if document is None:
        return
    result = formatted(text.encode(), "x.yaml")
    again, _ = load(result.encode(), "x.yaml")
    assert again is not None
    assert repr(again.data) == repr(document.data)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.binary(max_size=200) | st.text(alphabet="aé:-[]{}\"'#&*!|>%@`?, \t\r\n\x00\x85\u2028", max_size=60))
def test_any_content_is_formatted_or_refused(content: bytes | str) -> None:
    source = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    try:
        result = formatted(source, "x.yaml")
    except Refused:
        return
    assert formatted(result.encode(), "x.yaml") == result


def test_files_are_written(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(BEFORE)
    file.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    assert run(str(link)) == (0, "", f"{link}: formatted\n")
    assert file.read_text() == AFTER
    assert (link.is_symlink(), file.stat().st_mode & 0o777) == (True, 0o640)
    assert run(str(file)) == (0, "", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.yaml", "link.yaml"]


def test_folders_are_searched_for_scenarios_and_tests(tmp_path: Path) -> None:
    for name in ("a.yaml", "a.test.yaml", "deep/b.yaml", ".hidden/c.yaml", "server.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a:   1\n")
    assert run(str(tmp_path))[0] == 0
    done = sorted(path.name for path in tmp_path.rglob("*.yaml") if path.read_text() == "a: 1\n")
    assert done == ["a.test.yaml", "a.yaml", "b.yaml"]


def test_check_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(BEFORE)
    assert run(str(file), "--check") == (1, "", f"{file}: would be formatted\n")
    assert file.read_text() == BEFORE
    file.write_text(AFTER)
    assert run(str(file), "--check") == (0, "", "")


def test_diff_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a:   1\nb: 2\n")
    code, out, err = run(str(file), "--diff")
    assert (code, err, file.read_text()) == (0, "", "a:   1\nb: 2\n")
    assert out.splitlines()[2:] == ["@@ -1,2 +1,2 @@", "-a:   1", "+a: 1", " b: 2"]
    assert run(str(file), "--diff", "--check")[0] == 1


def test_standard_input() -> None:
    assert run("-", given=b"a:   1\n") == (0, "a: 1\n", "")
    assert run("-", "--check", given=b"a:   1\n")[:2] == (1, "")
    code, out, err = run("-", given=b"a: [")
    assert (code, out) == (2, "")
    assert "E0001" in err


def test_a_file_that_is_no_yaml_is_left_alone(tmp_path: Path) -> None:
    bad, good = tmp_path / "a.yaml", tmp_path / "b.yaml"
    bad.write_text("a: [\n")
    good.write_text("b:   1\n")
    code, _, err = run(str(tmp_path))
    assert (code, bad.read_text(), good.read_text()) == (2, "a: [\n", "b: 1\n")
    assert f"{bad}:2:1: error E0001" in err


def test_what_cannot_be_run(tmp_path: Path) -> None:
    assert run(str(tmp_path / "none.yaml")) == (
        2,
        "",
        f"flowctl fmt: {tmp_path / 'none.yaml'}: no such file or folder\n",
    )
    assert run(str(tmp_path))[0] == 2


def test_a_file_that_cannot_be_written_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(BEFORE)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert run(str(file)) == (2, "", f"flowctl fmt: {file}: No space left on device\n")
    assert [path.read_text() for path in tmp_path.iterdir()] == [BEFORE]
