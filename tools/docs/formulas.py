"""The tables of formulas in docs/statistics.md, from the code that computes them.

    python -m tools.docs.formulas

writes them into the page, between its marks.
"""

from __future__ import annotations

import re
from pathlib import Path

from engine.records.statistics import PLANS, Kind, Language, Limits, Plan

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"
_MARKS = re.compile(r"(?s)(<!-- formulas -->\n).*(<!-- end of formulas -->\n)")


def with_tables(page: str) -> str:
    """The page as it should be. Raises ValueError when it has no marks."""
    if not _MARKS.search(page):
        raise ValueError(f"{PAGE.name}: the marks of the formulas are missing")
    tables = "\n".join(table for kind in Kind for table in _tables(kind, PLANS[kind]))
    return _MARKS.sub(lambda marks: f"{marks[1]}\n{tables}\n{marks[2]}", page)


def _tables(kind: Kind, plan: Plan) -> list[str]:
    lines = [f"### {kind.value}", "", "| name | measure | formula | en français |", "|---|---|---|---|"]
    titles = {measure.name: measure.title for measure in plan.measures}
    for measure in plan.measures:
        said: dict[Language, str] = {"en": "", "fr": ""}
        for language in said:
            said[language] = _filled(measure.formula(titles, language))
        french = f"{measure.title.fr} : {said['fr']}"
        lines.append(f"| `{measure.name}` | {measure.title.en} | {said['en']} | {french} |")
    return [*lines, ""]


def _filled(text: str) -> str:
    usual = Limits()
    return text.replace("{target}", f"{usual.target:g}").replace("{short}", f"{usual.short:g}")


def main() -> None:
    """Write the page."""
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
