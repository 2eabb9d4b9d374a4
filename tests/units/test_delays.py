"""How long something took, in classes as Prometheus wants them."""

from __future__ import annotations

from engine.lines.delays import BOUNDS, Delays


def test_each_class_holds_those_below_it_and_its_upper_end_is_its_own():
    delays = Delays()
    for seconds in (0.001, 0.005, 0.006, 4.0, 60.0):
        delays.note(seconds)
    found = dict(delays.buckets())
    assert (found["0.005"], found["0.01"], found["2.0"], found["5.0"], found["+Inf"]) == (2, 3, 3, 4, 5)
    assert list(found) == [*map(str, BOUNDS), "+Inf"]
    assert abs(delays.total - 64.012) < 1e-9
