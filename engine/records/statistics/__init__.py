"""Statistics: sums over what has happened, with formulas that are published as they are computed."""

from engine.records.statistics.formulas import Language, Measure, Text, Unit, Value
from engine.records.statistics.kinds import PLANS, Kind, Plan
from engine.records.statistics.query import Filters, Limits, Query
from engine.records.statistics.report import Report, Row, check, report
from engine.records.statistics.slots import By, Period

__all__ = [
    "PLANS",
    "By",
    "Filters",
    "Kind",
    "Language",
    "Limits",
    "Measure",
    "Period",
    "Plan",
    "Query",
    "Report",
    "Row",
    "Text",
    "Unit",
    "Value",
    "check",
    "report",
]
