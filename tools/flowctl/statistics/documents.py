"""A report as JSON."""

from __future__ import annotations

import json
from typing import Any

from engine.records.statistics import Kind, Language, Report, Row


def as_json(report: Report, language: Language) -> str:
    """The names of measures are stable; lengths are seconds, shares from 0 to 1, and null: nothing to divide by."""
    query = report.query
    document = {
        "report": report.kind.value,
        "since": query.period.since.isoformat(),
        "until": query.period.until.isoformat(),
        "time_zone": query.period.zone.key,
        "by": query.by.value,
        "filters": query.filters.given(),
        "answer_within": query.limits.target,
        "short_calls": query.limits.short,
        "measures": [
            {
                "name": measure.name,
                "unit": measure.unit.value,
                "title": report.title(measure, language),
                "formula": report.formula(measure, language),
            }
            for measure in report.measures
        ],
        "rows": [_row(report, row) for row in report.rows],
        "total": _row(report, report.total),
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _row(report: Report, row: Row) -> dict[str, Any]:
    pauses = {"pauses": row.pauses} if report.kind is Kind.AGENTS else {}
    return {"key": row.key, **row.values, **pauses}
