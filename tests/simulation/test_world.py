"""Does the world serve its callers as theory says, alike for the same seed, and obey shifts, places and patience?"""

from __future__ import annotations

import os
from dataclasses import replace
from random import Random

import pytest

from calls.needs import parse_needs
from routing.waiting import LastResort, Overflow, Relaxation, Target, When
from simulation.arrivals import offers
from simulation.cross_training import cross_trained
from simulation.draws import Exponential, Fixed
from simulation.intervals import interval
from simulation.oracle import steady_state
from simulation.penalties import ROUTINGS
from simulation.room import OURS, Routing
from simulation.scenario import Callers, Poisson, Recorded, Scenario, Shift
from simulation.tally import Tally
from simulation.world import World
from tests.builders import a_profile, a_queue

SIZE = 10 if os.environ.get("AL_LONG") else 1


def world(scenario: Scenario, seed: int = 1, routing: Routing = OURS) -> World:
    return World(scenario, routing, offers(scenario.callers, Random(seed)), Random(seed))


def centre(*calls: tuple[float, float | None], agents: int = 1, **given: object) -> Scenario:
    """Agents who are there for an hour, and callers at these seconds with talks of these seconds."""
    people = {f"agent{number}": a_profile(f"agent{number}") for number in range(agents)}
    scenario = Scenario(
        seconds=3600,
        queues={"general": a_queue()},
        agents=people,
        shifts=tuple(Shift(agent_id=agent_id, start=0, end=3600) for agent_id in people),
        callers=(Callers(queue="general", arrivals=Recorded(calls=calls), talk=Fixed(seconds=60)),),
    )
    return replace(scenario, **given)


def one_queue(agents: int, load: float, patience: float | None = None) -> Scenario:
    """Callers of one kind, talks of 240 s on average."""
    scenario = cross_trained(skills=1, types=1, agents=agents, load=load, places=None, talk=Exponential(mean=240))
    callers = replace(scenario.callers[0], patience=Exponential(mean=patience) if patience else None)
    forever = tuple(replace(shift, end=1e9) for shift in scenario.shifts)
    return replace(scenario, callers=(callers,), shifts=forever)


def batches(scenario: Scenario, each: float, count: int = 20) -> list[Tally]:
    """Of the first queue, after a batch that is left out."""
    running = world(scenario)
    running.run(each)
    return [next(iter(running.run(each * (batch + 2)).tallies.values())) for batch in range(count)]


def served(scenario: Scenario, until: float = 7200, queue: str = "general") -> Tally:
    running = world(scenario)
    tally = running.run(scenario.seconds).tallies[queue]
    running.drain(until)
    return tally


def test_callers_are_served_one_after_the_other() -> None:
    """The second comes while the first talks, 50 s before the end."""
    tally = served(centre((10, 60), (20, 60)))
    assert [wait / 1e6 for wait in tally.answered] == [0, 50]
    assert (tally.mean_wait(), tally.waited_share(), tally.service_level()) == (25, 0.5, 0.5)


def test_wrap_up_keeps_the_agent_from_the_next_caller() -> None:
    scenario = centre((10, 60), (20, 60), queues={"general": a_queue(wrap_up_seconds=15)})
    assert served(scenario).answered[1] == 65e6


def test_the_wait_lasts_until_the_phone_is_picked_up() -> None:
    assert served(centre((10, 60), pick_up=Fixed(seconds=4))).answered == [4e6]


def test_who_hangs_up_while_the_phone_rings_leaves_the_agent_to_the_next() -> None:
    scenario = centre((10, 60), (11, 60), pick_up=Fixed(seconds=4))
    impatient = replace(scenario.callers[0], patience=Fixed(seconds=3.5))
    tally = served(replace(scenario, callers=(impatient,)))
    assert (tally.hung_up, tally.answered) == ([3_500_000, 3_500_000], [])


def test_of_phones_that_ring_together_the_quickest_is_answered_and_the_others_are_free() -> None:
    """Each takes 8 s on average to be picked up, and of three the quickest a third of that."""
    calls = tuple((20.0 * number, 10.0) for number in range(150))
    one, three = (
        served(centre(*calls, agents=6, pick_up=Exponential(mean=8), queues={"general": a_queue(ring_at_once=at_once)}))
        for at_once in (1, 3)
    )
    assert len(one.answered) == len(three.answered) == 150
    assert one.mean_wait() == pytest.approx(8, rel=0.25) and three.mean_wait() == pytest.approx(8 / 3, rel=0.25)


def test_who_hangs_up_while_several_phones_ring_leaves_them_all_to_the_next() -> None:
    queues = {"general": a_queue(ring_at_once=2)}
    scenario = centre((10, 60), (14, 60), agents=2, pick_up=Fixed(seconds=3.75), queues=queues)
    impatient = replace(scenario.callers[0], patience=Fixed(seconds=3.5))
    running = world(replace(scenario, callers=(impatient,)))
    span = running.run(3600)
    assert span.tallies["general"].hung_up == [3_500_000, 3_500_000]
    assert [busy for _, busy in span.presence.values()] == [7, 7]


def test_who_loses_patience_hangs_up() -> None:
    scenario = centre((10, 60), (20, 60))
    impatient = replace(scenario.callers[0], patience=Fixed(seconds=30))
    tally = served(replace(scenario, callers=(impatient,)))
    assert (tally.answered, tally.hung_up, tally.abandoned_share()) == ([0], [30_000_000], 0.5)


def test_who_finds_all_places_taken_is_lost() -> None:
    tally = served(centre((10, 60), (20, 60), (21, 60), (22, 60), places=1))
    assert (tally.offered, tally.lost, tally.lost_share()) == (2, 2, 0.5)


def test_nobody_needs_a_place_while_an_agent_is_free() -> None:
    assert served(centre((10, 60), places=0)).lost == 0


def test_a_shift_ends_when_its_last_talk_does() -> None:
    """The second caller finds the agent gone, and is sent to the last resort after its 60 s."""
    scenario = centre((10, 60), (20, 60), shifts=(Shift(agent_id="agent0", start=0, end=30),))
    running = world(scenario)
    span = running.run(3600)
    running.drain(7200)
    assert span.presence["agent0"] == (70, 60)
    assert (span.tallies["general"].answered, span.tallies["general"].sent_away) == ([0], 1)


@pytest.mark.parametrize("turn", [1, -1])
def test_who_goes_on_with_another_shift_is_there_whichever_was_written_first(turn: int) -> None:
    shifts = (Shift(agent_id="agent0", start=0, end=100), Shift(agent_id="agent0", start=100, end=3600))
    assert served(centre((200, 60), shifts=shifts[::turn])).answered == [0]


def test_a_shift_that_begins_serves_those_who_wait() -> None:
    assert served(centre((10, 60), shifts=(Shift(agent_id="agent0", start=50, end=3600),))).answered == [40e6]


def test_occupancy_is_work_by_presence() -> None:
    span = world(centre((0, 900), agents=2)).run(3600)
    assert sorted(span.presence.values()) == [(3600, 0), (3600, 900)]


def test_spans_share_out_the_work_that_goes_on_over_their_border() -> None:
    running = world(centre((1700, 200)))
    assert [running.run(until).presence["agent0"] for until in (1800, 3600)] == [(1800, 100), (1800, 100)]


def test_callers_count_where_they_came() -> None:
    running = world(centre((1790, 60), (1795, 60)))
    first, second = (running.run(until).tallies["general"] for until in (1800, 3600))
    assert (first.answered, second.offered) == ([0, 55_000_000], 0)


def test_needs_relax_though_nothing_else_happens() -> None:
    """Nobody speaks the language: after 30 s any agent may take the call, and the deadline alone says so."""
    relaxed = a_queue(relaxation=(Relaxation(after_seconds=30, levels=(("lang:*", 0),)),))
    scenario = centre((10, 60), queues={"general": relaxed})
    asking = replace(scenario.callers[0], needs=parse_needs("lang:az=3"))
    assert served(replace(scenario, callers=(asking,))).answered == [30e6]


def test_a_call_overflows_to_another_queue_and_counts_where_it_came() -> None:
    rule = Overflow(when=When.LONG, to=Target.QUEUE, queue="other", after_seconds=25)
    nobody = a_queue(needs=parse_needs("desk:claims=1"), overflow=(rule,), last_resort=LastResort(after_seconds=900))
    scenario = centre((10, 60), queues={"general": nobody, "other": a_queue("other")})
    assert served(scenario).answered == [25e6]


def test_who_is_offered_a_callback_leaves() -> None:
    rule = Overflow(when=When.LONG, to=Target.CALLBACK, after_seconds=25)
    scenario = centre((10, 60), (20, 60), queues={"general": a_queue(overflow=(rule,))})
    tally = served(scenario)
    assert (tally.answered, tally.sent_away) == ([0], 1)


@pytest.mark.parametrize("routing", ROUTINGS.values(), ids=ROUTINGS.keys())
def test_the_same_seed_gives_the_same_day(routing: Routing) -> None:
    scenario = cross_trained(skills=2, agents=18, load=17, places=6)
    first, again, other = (world(scenario, seed, routing).run(20_000).tallies for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(("agents", "load", "patience"), [(5, 4.0, None), (5, 5.0, 120.0), (20, 18.0, 240.0)])
def test_one_queue_is_that_of_theory(agents: int, load: float, patience: float | None) -> None:
    """The truth lies within twice the half width of the 95 % interval; CI-sized, 1,500 callers a batch."""
    theory = steady_state(load / 240, 240, agents, patience=patience or float("inf"))
    tallies = batches(one_queue(agents, load, patience), each=SIZE * 1500 * 240 / load)
    for measured, expected in (
        ([tally.mean_wait() or 0 for tally in tallies], theory.mean_wait),
        ([tally.waited_share() or 0 for tally in tallies], theory.waited),
        ([tally.abandoned_share() or 0 for tally in tallies], theory.abandoned),
    ):
        found = interval(measured)
        assert abs(found.mean - expected) <= 2 * found.half_width, (found, expected)
        assert found.relative < 0.2 or not expected


def test_with_all_skills_the_cross_trained_are_one_pool() -> None:
    """Wallace and Whitt's model, small: 18 agents of six skills, 17 Erlang, 6 places."""
    scenario = cross_trained(skills=6, agents=18, load=17, places=6)
    theory = steady_state(17 / 600, 600, 18, places=6)
    running = world(replace(scenario, shifts=tuple(replace(shift, end=1e9) for shift in scenario.shifts)))
    each = SIZE * 2000 * 600 / 17
    running.run(each)
    lost = []
    for batch in range(20):
        tallies = running.run(each * (batch + 2)).tallies.values()
        lost.append(sum(tally.lost for tally in tallies) / sum(tally.came for tally in tallies))
    found = interval(lost)
    assert abs(found.mean - theory.lost) <= 2 * found.half_width
    assert found.relative < 0.2


def test_asterisk_asks_the_member_of_the_lowest_penalty_first() -> None:
    """Two are free: the one with the skill at 10 is rung, though the other has been idle longer."""
    people = {name: a_profile(name, skills) for name, skills in (("able", "desk:x=10"), ("idle", "desk:x=5"))}
    shifts = (Shift(agent_id="idle", start=0, end=99), Shift(agent_id="able", start=5, end=99))
    queue = a_queue(needs=parse_needs("desk:x=1"))
    scenario = centre((10, 60), agents=2, queues={"general": queue}, shifts=shifts)
    scenario = replace(scenario, agents=people)
    for name in ("asterisk", "primary-first"):
        span = world(scenario, routing=ROUTINGS[name]).run(99)
        assert [span.presence[agent_id][1] for agent_id in ("able", "idle")] == [60, 0]
    assert world(scenario).run(99).presence["idle"][1] == 60


def test_an_emergency_takes_the_phone_that_rings_for_another_who_waits_on_in_place() -> None:
    """The phone rings from second 10 on; at 12 it rings for the emergency, who is answered at 16 and talks 60 s."""
    queues = {"general": a_queue(), "emergency": a_queue("emergency", emergency=True)}
    scenario = centre((10, 30), queues=queues, pick_up=Fixed(seconds=4))
    urgent = Callers(queue="emergency", arrivals=Recorded(calls=((12, 60),)), talk=Fixed(seconds=60))
    running = world(replace(scenario, callers=(*scenario.callers, urgent)))
    tallies = running.run(3600).tallies
    assert (tallies["emergency"].answered, tallies["general"].answered) == ([4_000_000], [70_000_000])


def test_callers_come_by_the_hour_of_the_clock() -> None:
    """Nobody in the first hour, sixty in the second: the rates are of the stream, not of its start."""
    people = centre(agents=9, seconds=7200)
    rates = Poisson(rates=((0, 0), (3600, 60)))
    scenario = replace(people, callers=(Callers(queue="general", arrivals=rates, talk=Fixed(seconds=60)),))
    running = world(scenario)
    assert running.run(3600).tallies["general"].offered == 0
    assert 30 <= running.run(7200).tallies["general"].offered <= 90
