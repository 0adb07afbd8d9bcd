"""Does the queue move on, played forward, as the router would move it?"""

from __future__ import annotations

import pytest

from routing.forward import Crew, Forward, Line, play

HOUR = 3600.0


def a_line(calls: int, **given: float) -> Line:
    """So many calls that came one second after another, the last of them now."""
    came = [float(at) for at in range(1 - calls, 1)]
    return Line(emergency=False, target_seconds=20, came=came, handled=given.pop("handled", 0.01), **given)


def test_a_call_of_a_short_target_gets_ahead_of_one_that_came_long_before() -> None:
    old = Line(emergency=False, target_seconds=60, came=[-30], handled=1)
    urgent = Line(emergency=False, target_seconds=10, came=[-3], handled=1)
    assert old.pressing(0) < urgent.pressing(0)
    assert urgent.pressing(10) < old.pressing(10)


def test_agents_who_never_serve_the_asker_make_the_wait_no_surer() -> None:
    lines = [a_line(4), a_line(200)]
    crews = [Crew(serves=frozenset({0}), size=1, pace=0.01), Crew(serves=frozenset({1}), size=50, pace=0.5)]
    beside = play(lines, crews, 0, HOUR)
    assert beside is not None
    assert beside.mean == pytest.approx(400, rel=0.02)
    assert beside.variance == pytest.approx(40_000, rel=0.05)


def test_callers_lost_ahead_of_the_asker_are_lost_at_their_rate_and_the_asker_is_not() -> None:
    alone = play([a_line(1, lost=1.0)], [Crew(serves=frozenset({0}), size=1, pace=0.01)], 0, HOUR)
    assert alone is not None
    assert alone.mean == pytest.approx(100)
    behind_one = play([a_line(2, lost=0.04)], [Crew(serves=frozenset({0}), size=1, pace=0.01)], 0, HOUR)
    assert behind_one is not None
    assert behind_one.mean == pytest.approx(1 / 0.05 + 100)


def test_agents_take_on_the_pace_of_the_calls_they_take() -> None:
    short, long = a_line(1, handled=0.1), a_line(1, handled=0.01)
    short.came = [-50.0]
    played = play([long, short], [Crew(serves=frozenset({0, 1}), size=1, pace=0.01)], 0, HOUR)
    assert played is not None
    assert played.mean == pytest.approx(100 + 10)


def test_whoever_is_free_takes_calls_at_once_and_is_at_work_after() -> None:
    crew = Crew(serves=frozenset({0}), free=2)
    played = play([a_line(3)], [crew], 0, HOUR)
    assert played is not None
    assert played.mean == pytest.approx(1 / 0.02)


def test_what_would_take_too_long_and_what_never_comes_is_not_said() -> None:
    crew = Crew(serves=frozenset({0}), size=1, pace=0.01)
    assert play([a_line(50)], [crew], 0, HOUR) is None
    assert play([a_line(1)], [], 0, HOUR) is None


def test_the_chance_of_who_will_overtake_is_that_of_a_busy_period() -> None:
    """M/M/1 with service rate 1 and arrival rate 0.5: the busy period's mean is 2 and its variance 12."""
    forward = Forward()
    forward.step(1.0, 1, mine=True)
    forward.step(1.0, 1, mine=True, later=True)
    forward.arrive()
    assert (forward.mean, forward.variance) == (2, 12)
