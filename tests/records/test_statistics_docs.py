"""The formulas that are published are those that are computed."""

from __future__ import annotations

from engine.records.statistics import PLANS
from engine.records.statistics.formulas import Measure, Quantile, Tally
from tools.docs.formulas import PAGE, with_tables


def test_the_page_has_the_formulas_of_the_code():
    page = PAGE.read_text(encoding="utf-8")
    assert with_tables(page) == page, "run python -m tools.docs.formulas"


def test_every_formula_is_made_of_sums_that_are_columns_too():
    for kind, plan in PLANS.items():
        names = [measure.name for measure in plan.measures]
        assert len(set(names)) == len(names), kind
        assert {"key", "pauses"}.isdisjoint(names), kind
        assert set(plan.main) <= set(names), kind
        sums = {measure.name for measure in plan.measures if not measure.above}
        for measure in plan.measures:
            assert {term.removeprefix("-") for term in (*measure.above, *measure.below)} <= sums, measure.name


def test_a_formula_is_computed_as_it_is_written():
    measures = {measure.name: measure for plan in PLANS.values() for measure in plan.measures}
    titles = {name: measure.title for name, measure in measures.items()}
    tally = Tally(answered_in_time=3, offered=8, short=2, abandoned=4, talk=61_000, wrap_up=30_001, talks=2)
    said = {
        "service_level_without_short": ("answered in time ÷ (offered − short abandoned)", 3 / 6),
        "abandonment_without_short": ("(abandoned − short abandoned) ÷ (offered − short abandoned)", 2 / 6),
        "handling_time": ("(talking + wrap-up) ÷ conversations", 45.5005),
        "abandoned_later": ("abandoned − short abandoned", 2),
    }
    for name, (words, value) in said.items():
        assert (measures[name].formula(titles, "en"), measures[name].value(tally)) == (words, value)
        assert measures[name].value(Tally()) in (None, 0)


def test_a_quantile_is_no_more_than_the_longest_wait():
    (half,) = (one for plan in PLANS.values() for one in plan.measures if one.name == "answered_p50")
    assert isinstance(half, Quantile)
    assert isinstance(half, Measure)
    assert half.value(Tally({"answered:10000": 1, "answered:20000": 1, "longest_answered": 17_250})) == 10
    assert half.value(Tally({"answered:10000": 1, "answered:20000": 2, "longest_answered": 17_250})) == 17.25
    assert half.value(Tally()) is None
