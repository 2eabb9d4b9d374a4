"""Write what is generated from the code: `schemas/`, `docs/nodes/`, `docs/rules/`,
`docs/settings/`. Run by `make check` with --check.

    python -m tools.docs.generate [--check]

--check writes nothing and exits 1 when a file differs from what would be written, is missing, or is left over.
Both exit 1 when a node type has no golden test.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from engine.scenario.schema import scenario_schema
from tools.docs.node_pages import MissingGolden, node_pages
from tools.docs.rule_pages import rule_pages
from tools.docs.setting_pages import setting_pages

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs/nodes", "docs/rules", "docs/settings", "schemas")
"""Folders that hold nothing but generated files."""


def generated() -> dict[str, str]:
    """Path below the checkout → content of every generated file."""
    schema = json.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n"
    return {
        "schemas/scenario.schema.json": schema,
        **{f"docs/nodes/{name}": text for name, text in node_pages(ROOT / "tests" / "nodes").items()},
        **{f"docs/rules/{name}": text for name, text in rule_pages().items()},
        **{f"docs/settings/{name}": text for name, text in setting_pages().items()},
    }


def drift(files: dict[str, str]) -> list[str]:
    """What is wrong with the files on disk, one line each."""
    problems = []
    for name, text in files.items():
        path = ROOT / name
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif path.read_text(encoding="utf-8") != text:
            problems.append(f"{name} is out of date")
    problems.extend(f"{name} is left over" for name in left_over(files))
    return problems


def left_over(files: dict[str, str]) -> list[str]:
    """Files in the generated folders that nothing generates."""
    present = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    return sorted({path.relative_to(ROOT).as_posix() for path in present} - files.keys())


def main() -> int:
    """Write, or compare; the exit code."""
    parser = argparse.ArgumentParser(description="Generate schemas and pages from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is out of date")
    arguments = parser.parse_args()
    try:
        files = generated()
    except MissingGolden as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if arguments.check:
        problems = drift(files)
        sys.stdout.writelines(f"{problem}: run `python -m tools.docs.generate`\n" for problem in problems)
        return 1 if problems else 0
    for name in left_over(files):
        (ROOT / name).unlink()
    for name, text in files.items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
