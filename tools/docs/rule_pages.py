"""`docs/rules/`: one page a rule, from the rule's own attributes."""

from __future__ import annotations

from engine.scenario.rules.base import Rule
from engine.scenario.rules.registry import rules

GROUPS = {
    "0": "Load",
    "1": "Graph",
    "2": "Input",
    "3": "Prompts",
    "4": "Time",
    "5": "Agents",
    "6": "Data",
    "7": "Security",
    "8": "Usability",
}
"""First digit of the id → what the rules of that thousand are about."""


def rule_pages() -> dict[str, str]:
    """File name → page, with an index."""
    known = rules()
    pages = {f"{rule.id}.md": _page(rule) for rule in known.values()}
    pages["README.md"] = _index(list(known.values()))
    return pages


def _page(rule: Rule) -> str:
    return "\n".join(
        [
            f"# {rule.id}: {rule.summary}",
            "",
            f"Severity: {rule.severity}.",
            "",
            rule.why,
            "",
            "Refused:" if rule.severity == "error" else "Complained about:",
            "",
            "```yaml",
            rule.bad.rstrip("\n"),
            "```",
            "",
            "Right:",
            "",
            "```yaml",
            rule.good.rstrip("\n"),
            "```",
            "",
        ]
    )


def _index(known: list[Rule]) -> str:
    lines = [
        "# Rules of `flowctl validate`",
        "",
        "E: error, the file is refused. W: warning, counted with `--strict`.",
    ]
    group = ""
    for rule in known:
        if GROUPS[rule.id[1]] != group:
            group = GROUPS[rule.id[1]]
            lines += ["", f"## {group}", ""]
        lines.append(f"- [{rule.id}]({rule.id}.md) {rule.summary}")
    return "\n".join([*lines, ""])
