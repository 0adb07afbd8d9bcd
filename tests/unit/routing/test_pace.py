"""Are rates what was seen, with the newest weighing most?"""

from __future__ import annotations

import pytest

from routing.pace import Rate


def a_rate(**given: float) -> Rate:
    return Rate(given.get("usual", 0.01), weight=given.get("weight", 10), memory=given.get("memory", 50), at=0.0)


def test_it_begins_with_what_is_usual() -> None:
    assert a_rate(usual=0.02).per_second(1000) == pytest.approx(0.02)


def test_what_is_under_way_counts_with_the_time_it_has_lasted() -> None:
    rate = a_rate()
    rate.expose(5, 0)
    assert rate.per_second(200) == pytest.approx(10 / (1000 + 5 * 200))


def test_a_change_is_learned_and_the_old_forgotten() -> None:
    rate = a_rate()
    rate.expose(1, 0)
    for number in range(500):
        rate.happened(20.0 * (number + 1))
    assert rate.per_second(10_000) == pytest.approx(1 / 20, rel=0.03)
    for number in range(500):
        rate.happened(10_000 + 80.0 * (number + 1))
    assert rate.per_second(50_000) == pytest.approx(1 / 80, rel=0.03)
    assert rate.doubt() == pytest.approx(1 / 50, rel=0.01)


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    rate = a_rate()
    rate.expose(1, 100)
    rate.expose(0, 200)
    rate.expose(-1, 150)
    rate.expose(1, 200)
    assert rate.per_second(200) == pytest.approx(10 / 1100)
