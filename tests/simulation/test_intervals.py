"""Do 95 % intervals hold the truth 95 times of 100, and do controls narrow them without moving them?"""

from __future__ import annotations

import math
from random import Random

import pytest

from simulation.intervals import controlled, interval, student


@pytest.mark.parametrize(
    ("freedom", "expected"), [(1, 12.7062), (5, 2.5706), (11, 2.2010), (20, 2.0860), (60, 2.0003), (1000, 1.9623)]
)
def test_student_is_that_of_the_tables(freedom: int, expected: float) -> None:
    assert student(freedom) == pytest.approx(expected, abs=2e-4)


def test_one_sample_says_nothing_of_its_error() -> None:
    assert interval([3.0]).half_width == math.inf


def test_an_interval_of_two_samples() -> None:
    """Of 1 and 3: mean 2, deviation sqrt(2), half width 12.7062 * sqrt(2 / 2)."""
    assert interval([1.0, 3.0]).half_width == pytest.approx(12.7062)


def runs(random: Random, size: int) -> tuple[list[float], list[list[float]]]:
    """Samples of mean 5 that follow a control of mean 2 three times, and noise."""
    controls = [[random.gauss(2, 1)] for _ in range(size)]
    return [5 + 3 * (control[0] - 2) + random.gauss(0, 0.5) for control in controls], controls


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    random = Random(7)
    held = [0, 0]
    for _ in range(1000):
        samples, controls = runs(random, 12)
        held[0] += interval(samples).holds(5)
        held[1] += controlled(samples, controls, [2.0]).holds(5)
    assert all(925 <= times <= 975 for times in held), held


def test_a_control_narrows_the_interval() -> None:
    samples, controls = runs(Random(3), 200)
    assert controlled(samples, controls, [2.0]).half_width < interval(samples).half_width / 4


def test_a_control_given_twice_does_no_harm() -> None:
    samples, controls = runs(Random(3), 50)
    once = controlled(samples, controls, [2.0])
    twice = controlled(samples, [[*row, *row] for row in controls], [2.0, 2.0])
    assert twice.mean == pytest.approx(once.mean)
    assert twice.half_width == pytest.approx(once.half_width, rel=0.02)


def test_more_controls_than_samples_are_not_used() -> None:
    assert controlled([1.0, 3.0], [[1.0], [2.0]], [1.5]).mean == 2.0
