"""`docs/rules/`: one page a rule, from the rule's own attributes."""

from __future__ import annotations

from engine.scenario.rules.base import Rule
from engine.scenario.rules.registry import rules
from engine.scenario.suppress import can_be_silenced

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
    pages = {f"{rule.id}.md": rule_page(rule) for rule in known.values()}
    pages["README.md"] = _index(list(known.values()))
    return pages


def rule_page(rule: Rule) -> str:
    """What there is to say about a rule, as Markdown: also what `flowctl validate --explain` prints."""
    return "\n".join(
        [
            f"# {rule.id}: {rule.summary}",
            "",
            _severity(rule),
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
            *_silencing(rule),
        ]
    )


def _severity(rule: Rule) -> str:
    counted = {
        "error": "the file is refused",
        "warning": "exit code 1 with `--strict` only",
        "information": "off unless asked for with `--info`",
    }
    return f"Severity: {rule.severity} ({counted[rule.severity]})."


def _silencing(rule: Rule) -> list[str]:
    if not can_be_silenced(rule):
        return []
    return [
        "If it is meant, say why, at the end of the line or alone on the line above:",
        "",
        "```yaml",
        f"# flowctl: ignore {rule.id} -- the reason",
        "```",
        "",
    ]


def _index(known: list[Rule]) -> str:
    lines = [
        "# Rules of `flowctl validate`",
        "",
        "E: error, the file is refused. W: warning, counted with `--strict`. I: information, off unless asked for",
        "with `--info`. `flowctl validate --explain ID` prints the page of a rule.",
        "",
        "A comment silences a finding: `# flowctl: ignore W2010 -- the reason`, at the end of its line or alone on",
        "the line above; several ids stand with commas between them. Without a reason it does not count, and errors",
        "are silenced only where a rule may be wrong about what it sees: its page then says so.",
        "`--write-baseline FILE` writes down what is found today, and `--baseline FILE` hides it from then on.",
    ]
    group = ""
    for rule in known:
        if GROUPS[rule.id[1]] != group:
            group = GROUPS[rule.id[1]]
            lines += ["", f"## {group}", ""]
        lines.append(f"- [{rule.id}]({rule.id}.md) {rule.summary}")
    return "\n".join([*lines, ""])
