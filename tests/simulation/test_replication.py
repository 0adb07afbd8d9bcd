"""Do figures add up over half hours and runs, and is staffing the least that keeps the targets?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulation.cross_training import cross_trained
from simulation.draws import Exponential, Fixed
from simulation.oracle import served_within
from simulation.replication import ALL, replicate, summary
from simulation.room import OURS
from simulation.scenario import Callers, Poisson, Recorded, Scenario, Shift
from simulation.staffing import crew, half_hours, staff_for
from tests.builders import a_profile, a_queue


def a_morning(**given: object) -> Scenario:
    """Two hours, two agents; two queues that both can serve, a caller of each in the first half hour."""
    people = {name: a_profile(name) for name in ("anna", "boris")}
    scenario = Scenario(
        seconds=7200,
        queues={"general": a_queue(wrap_up_seconds=10), "claims": a_queue("claims", target_seconds=30.0)},
        agents=people,
        shifts=tuple(Shift(agent_id=name, start=0, end=7200) for name in people),
        callers=tuple(
            Callers(queue=name, arrivals=Recorded(calls=calls), talk=Fixed(seconds=60))
            for name, calls in (("general", ((100.0, 90.0),)), ("claims", ((200.0, None), (7190.0, None))))
        ),
    )
    return replace(scenario, **given)


def test_a_run_is_told_by_half_hours_and_ends_when_everybody_is_served() -> None:
    run = replicate(a_morning(), OURS, seed=1)
    assert [span.tallies["claims"].offered for span in run.spans] == [1, 0, 0, 1]
    assert run.queue("claims").answered == [0, 0]
    assert run.occupancy(["anna", "boris"]) == pytest.approx((90 + 10 + 60 + 10) / (2 * 7200))


def test_what_came_before_the_end_of_the_warm_up_is_left_out() -> None:
    run = replicate(a_morning(warm_up=3600.0), OURS, seed=1)
    assert (len(run.spans), run.queue("general").offered, run.queue("claims").offered) == (2, 0, 1)


def test_a_summary_has_every_queue_with_callers_and_the_whole() -> None:
    scenario = a_morning()
    figures = summary(scenario, [replicate(scenario, OURS, seed) for seed in (1, 2)])
    assert list(figures) == ["general", "claims", ALL]
    assert figures["claims"]["service_level"].mean == 1.0
    assert (figures[ALL]["offered"].mean, figures[ALL]["offered"].half_width) == (3, 0)


def test_rates_are_spread_over_half_hours() -> None:
    """A rate that changes at 00:45 counts half in the second half hour; past calls count where they came."""
    rates = Callers(queue="general", arrivals=Poisson(rates=((0, 10), (2700, 30))), talk=Fixed(seconds=60))
    past = Callers(queue="claims", arrivals=Recorded(calls=((10, 1.0), (20, 1.0), (2000, 1.0))), talk=Fixed(seconds=60))
    found = dict(half_hours(a_morning(callers=(rates, past))))
    assert found == {0: (10, 4), 1800: (20, 2), 3600: (30, 0), 5400: (30, 0)}


def test_staffing_one_queue_of_equal_agents_is_that_of_erlang() -> None:
    """15 Erlang, 80 % within 20 s: theory and simulation may differ by one agent for chance."""
    made = cross_trained(skills=1, types=1, agents=1, load=1, places=None, talk=Exponential(mean=240))
    per_hour = 15 / 240 * 3600
    found = staff_for(made, OURS, (per_hour,), callers=20_000, seed=1)
    assert served_within(20, per_hour / 3600, 240, found.erlang) >= 0.8
    assert served_within(20, per_hour / 3600, 240, found.erlang - 1) < 0.8
    assert found.agents is not None and abs(found.agents - found.erlang) <= 1
    assert found.load == pytest.approx(15)


def test_two_skills_that_nobody_has_together_take_more_than_erlang_says() -> None:
    made = cross_trained(skills=1, types=6, agents=6, load=1, places=None, talk=Exponential(mean=240))
    found = staff_for(made, OURS, (37.5,) * 6, callers=4000, seed=1)
    assert found.agents is not None and found.agents >= found.erlang + 6
    assert all(level >= 0.8 for level in found.service_level.values())


def test_what_no_number_can_keep_is_said() -> None:
    """The phone alone rings longer than the target."""
    scenario = a_morning(pick_up=Fixed(seconds=40))
    assert staff_for(scenario, OURS, (6, 6), callers=100, seed=1).agents is None


def test_nobody_is_needed_when_nobody_comes() -> None:
    assert staff_for(a_morning(), OURS, (0, 0), callers=100, seed=1).agents == 0


def test_a_crew_keeps_the_mix() -> None:
    people = [a_profile("anna", "desk:x=1"), a_profile("boris", "desk:y=1")]
    made = crew(people, 3)
    assert [(name, profile.agent_id, profile.skills[0][0]) for name, profile in made.items()] == [
        ("agent0", "agent0", "desk:x"),
        ("agent1", "agent1", "desk:y"),
        ("agent2", "agent2", "desk:x"),
    ]
