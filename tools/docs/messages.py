"""Keep `engine/messages/fr.po` in step with the texts in the code.

    python -m tools.docs.messages [--check]

Adds the texts that are new, with an empty translation to be filled in, and takes out those that are used no more.
--check writes nothing and says what is missing, left over or not translated; it exits 1 then.
"""

from __future__ import annotations

import argparse
import ast
import string
import sys
from collections.abc import Iterator
from pathlib import Path

from engine.messages.catalogue import read_po
from engine.messages.translate import FRENCH

ROOT = Path(__file__).parents[2]
FUNCTIONS = {"_": 1, "N_": 1, "_n": 2}
"""Name of a function that marks texts → how many it takes."""


class NotAText(ValueError):
    """A text that is put together where it is used cannot be translated."""


def used() -> dict[str, str]:
    """Every text of the code (one and many separated by NUL) → the first place where it is, as `file:line`."""
    found: dict[str, str] = {}
    for folder in ("engine", "tools", "drivers"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            if "engine.messages" in source:
                place = path.relative_to(ROOT).as_posix()
                for key, line in _marked(ast.parse(source), place):
                    found.setdefault(key, f"{place}:{line}")
    return found


def _marked(tree: ast.AST, place: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS):
            continue
        texts = [
            argument.value
            for argument in node.args[: FUNCTIONS[node.func.id]]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        ]
        if len(texts) == FUNCTIONS[node.func.id]:
            yield "\0".join(texts), node.lineno
        elif isinstance(node.args[0], ast.JoinedStr | ast.BinOp) or ".format" in ast.unparse(node.args[0]):
            # Anything else, a name for one, holds a text that `N_` has marked.
            raise NotAText(f"{place}:{node.lineno}: give {node.func.id} the text itself")


def problems() -> list[str]:
    """What is wrong with the French texts, one line each."""
    texts, places = read_po(FRENCH), used()
    found = [f"{place}: {_short(key)} is not in fr.po" for key, place in places.items() if key not in texts]
    found += [f"fr.po: {_short(key)} is used no more" for key in texts if key and key not in places]
    for key, place in places.items():
        french = texts.get(key)
        if french == "":
            found.append(f"{place}: {_short(key)} has no French text")
        elif french is not None and any(
            _names(form) != _names(key.split("\0")[-1]) for form in french.split("\0")[-1:]
        ):
            found.append(f"{place}: {_short(key)}: the French text has other {{names}}")
    return found


def _names(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _short(key: str) -> str:
    return repr(key.replace("\0", " / ")[:60])


def written() -> str:
    """The file as it should be, sorted by place, with the translations that there are."""
    texts, places = read_po(FRENCH), used()
    blocks = [_entry("", texts.get("", ""))]
    for key, place in sorted(places.items(), key=lambda item: (item[1].partition(":")[0], item[0])):
        blocks.append(f"#: {place.partition(':')[0]}\n{_entry(key, texts.get(key, ''))}")
    return "\n".join(blocks)


def _entry(key: str, french: str) -> str:
    one, _, many = key.partition("\0")
    lines = [f"msgid {_quoted(one)}"]
    if many:
        forms = french.split("\0") if french else ["", ""]
        lines += [f"msgid_plural {_quoted(many)}"]
        lines += [f"msgstr[{number}] {_quoted(form)}" for number, form in enumerate(forms)]
    else:
        lines += [f"msgstr {_quoted(french)}"]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    pieces = [piece.replace("\\", "\\\\").replace('"', '\\"') for piece in text.split("\n")]
    if len(pieces) == 1:
        return f'"{pieces[0]}"'
    lines = [f'"{piece}\\n"' for piece in pieces[:-1]] + ([f'"{pieces[-1]}"'] if pieces[-1] else [])
    return "\n".join(['""', *lines])


def main() -> int:
    """Write, or compare; the exit code."""
    parser = argparse.ArgumentParser(description="Keep the French texts in step with the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when something is missing")
    if not parser.parse_args().check:
        FRENCH.write_text(written(), encoding="utf-8")
    found = problems()
    sys.stdout.writelines(f"{problem}\n" for problem in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
