"""Is the announced wait what theory says it is, and does it follow what happens in the centre?"""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from calls.events import Duty
from routing import agent as agents
from routing.agent import AgentState
from routing.estimate import Estimate, from_moments
from routing.pace import SELDOM, SURE_OF_HANDLING
from routing.waiting import Relaxation
from tests.builders import NOON, a_queue, a_waiting_call, an_agent, seconds
from tests.unit.routing.told import HANDLE, Centre, qlm


def test_before_anything_is_learned_it_is_the_configured_handle_time_over_the_agents() -> None:
    centre = Centre()
    centre.on_duty(10)
    centre.callers(4)
    assert centre.asked().mean == pytest.approx(qlm(10, 4))


def test_nobody_on_duty_means_nothing_is_said() -> None:
    centre = Centre()
    centre.on_duty(3, "lang:az=5")
    assert centre.said("lang:ru=1") is None
    assert centre.said("lang:az=1") is not None


def test_a_free_agent_means_no_wait_until_as_many_callers_are_ahead() -> None:
    centre = Centre()
    centre.on_duty(2, talking=False)
    assert centre.asked() == Estimate(0, 0, 0)
    centre.caller()
    assert centre.asked() == Estimate(0, 0, 0)
    centre.caller()
    assert centre.asked().mean == pytest.approx(HANDLE / 2)


def test_a_step_in_staffing_is_in_the_next_estimate() -> None:
    centre = Centre()
    centre.on_duty(10)
    centre.callers(9)
    assert centre.asked().mean == pytest.approx(qlm(10, 9))
    for name in list(centre.agents)[:5]:
        centre.set(agents.on_duty(centre.agents[name], Duty.OFF, "", centre.now))
    assert all(agent.state is AgentState.TALKING for agent in centre.agents.values())
    assert centre.asked().mean == pytest.approx(qlm(5, 9))


def test_who_waits_already_has_only_those_before_him_ahead() -> None:
    centre = Centre()
    centre.on_duty(10)
    first, *_, last = [centre.caller(waited=50 - number) for number in range(20)]
    calls = {one.call.call_id: one.call for one in centre.expected()}
    assert list(calls) == [last]
    head = replace(calls[last], call_id=first, queued_at=NOON - seconds(50))
    said = centre.estimator.estimate(head, NOON)
    assert said and said.mean == pytest.approx(HANDLE / 10)


def test_the_handle_time_is_learned_from_talks_with_their_wrap_up_and_from_those_under_way() -> None:
    centre = Centre()
    centre.on_duty(1, talking=False)
    for _ in range(400):
        centre.answer("agent0", centre.caller())
        centre.at += 100
        centre.set(agents.released(centre.agents["agent0"], centre.now, 20.0))
        centre.at += 20
        centre.set(agents.woke(centre.agents["agent0"], centre.now))
    centre.answer("agent0", centre.caller())
    learned = centre.asked().mean
    assert learned == pytest.approx(120, rel=0.05)
    centre.at += 3600
    assert centre.asked().mean > learned + 5


def test_rings_that_nobody_answers_slow_the_queue_down_and_lose_nobody() -> None:
    centre = Centre()
    centre.on_duty(1, talking=False)
    call = centre.caller()
    centre.set(agents.reserve(centre.agents["agent0"], call, 1, centre.now))
    assert centre.estimator.kinds() == []
    centre.at += 20
    centre.set(agents.not_reached(centre.agents["agent0"], call, "NOANSWER", centre.now))
    centre.estimator.queued(a_waiting_call(call, waited=0), centre.now)
    said = centre.asked()
    assert 5 < said.mean < HANDLE + 30  # the agent rests five seconds, takes that call, and talks


def test_a_ring_without_an_answer_is_no_call_handled() -> None:
    centre = Centre()
    centre.on_duty(1, talking=False)
    for number in range(30):
        call = centre.caller()
        centre.set(agents.reserve(centre.agents["agent0"], call, number, centre.now))
        centre.at += 20
        centre.set(agents.not_reached(centre.agents["agent0"], call, "NOANSWER", centre.now))
    centre.at += 60
    centre.answer("agent0", centre.caller())
    assert centre.asked().mean > HANDLE


def test_who_rests_after_a_missed_ring_is_free_when_that_is_over() -> None:
    centre = Centre()
    centre.set(an_agent("anna", not_before=NOON + seconds(5)))
    assert centre.asked().mean == pytest.approx(5)
    centre.at = 5
    assert centre.asked().mean == 0


def test_a_phone_out_of_reach_or_in_use_takes_no_call() -> None:
    centre = Centre()
    centre.set(an_agent("anna", reachable=False))
    assert centre.said() is None
    centre.set(an_agent("anna", phone_in_use=True))
    assert centre.asked().mean == pytest.approx(HANDLE)


def test_what_is_not_known_yet_widens_the_span() -> None:
    centre = Centre()
    centre.on_duty(10)
    centre.callers(9)
    said, exact = centre.asked(), sum(1 / (10 / HANDLE + ahead * SELDOM) ** 2 for ahead in range(10))
    assert said.p90 == pytest.approx(from_moments(said.mean, exact + said.mean**2 / SURE_OF_HANDLING).p90)


def test_callers_who_give_up_shorten_the_wait() -> None:
    centre = Centre()
    for _ in range(300):
        call = centre.caller()
        centre.at += 60
        centre.estimator.left(call, centre.now)
    centre.on_duty(10)
    centre.callers(30)
    assert centre.asked().mean == pytest.approx(qlm(10, 30, leaving=1 / 60), rel=0.2)


def test_who_leaves_twice_or_was_never_there_does_nothing() -> None:
    centre = Centre()
    centre.on_duty(4)
    call = centre.caller()
    centre.estimator.left("nobody", centre.now)
    centre.estimator.left(call, centre.now)
    once = centre.asked()
    centre.estimator.left(call, centre.now)
    assert centre.asked() == once


def test_agents_who_serve_two_queues_are_counted_where_they_are_needed() -> None:
    centre = Centre(a_queue("a"), a_queue("b"))
    centre.on_duty(10, "desk:a=1", name="a")
    centre.on_duty(10, "desk:b=1", name="b")
    centre.on_duty(10, "desk:a=1&desk:b=1", name="both")
    centre.callers(39, "desk:a=1", queue="a")
    alone = centre.asked("desk:a=1", "a").mean
    assert alone == pytest.approx(qlm(20, 39))  # nobody needs them for the other
    centre.callers(40, "desk:b=1", queue="b")
    assert centre.asked("desk:a=1", "a").mean == pytest.approx(qlm(30, 79), rel=0.02)


def test_a_queue_that_shares_no_agent_changes_nothing() -> None:
    centre = Centre(a_queue("a"), a_queue("b"))
    centre.on_duty(5, "desk:a=1", name="a")
    centre.on_duty(5, "desk:b=1", name="b")
    centre.callers(9, "desk:a=1", queue="a")
    alone = centre.asked("desk:a=1", "a")
    centre.callers(50, "desk:b=1", queue="b")
    assert centre.asked("desk:a=1", "a") == alone


def test_emergencies_that_keep_coming_are_expected_before_others() -> None:
    centre = Centre(a_queue(), a_queue("emergency", emergency=True))
    centre.on_duty(10)
    for number in range(200):  # each talk lasts 300 s, and every 60 s one begins of each queue: half the agents each
        centre.at += 60
        for name, queue in ((f"agent{number % 5}", "emergency"), (f"agent{5 + number % 5}", "general")):
            centre.put_down(name)
            centre.answer(name, centre.caller(queue=queue))
    centre.callers(9)
    calm = Centre()
    calm.on_duty(10)
    calm.callers(9)
    pressed, unpressed = centre.asked(), calm.asked()
    assert 1.8 * unpressed.mean < pressed.mean < 2.3 * unpressed.mean
    assert pressed.p90 > 1.6 * pressed.p50  # how many will come is chance; 1.3 if it were not


def expected_beside_doctors(target: float, told: int = 1) -> float:
    """In a queue with a target of 60 s, where half of the agents always talk with callers of another queue."""
    centre = Centre(a_queue(target_seconds=60), a_queue("doctors", target_seconds=target))
    centre.on_duty(10)
    for number in range(200):
        centre.at += 60
        name = f"agent{number % 5}"
        centre.put_down(name)
        call = a_waiting_call(f"doctor-{number}", queue="doctors", queued_at=centre.now)
        for _ in range(told):
            centre.estimator.queued(call, centre.now)
        centre.answer(name, call.call_id)
    centre.callers(9)
    return centre.asked().mean


def test_shorter_targets_that_keep_coming_are_expected_before_others_each_once() -> None:
    assert expected_beside_doctors(target=5) > 1.3 * expected_beside_doctors(target=60)
    assert expected_beside_doctors(target=5, told=9) == pytest.approx(expected_beside_doctors(target=5))


def test_a_free_agent_whom_the_emergency_line_keeps_is_free_for_it_alone() -> None:
    centre = Centre(a_queue(), a_queue("emergency", emergency=True, reserve=2))
    centre.on_duty(9)
    centre.on_duty(1, name="free", talking=False)
    assert centre.asked().mean > 0
    assert centre.asked(queue="emergency").mean == 0


def test_what_the_emergency_line_keeps_is_not_counted_for_others() -> None:
    centre = Centre(a_queue(), a_queue("emergency", emergency=True, reserve=2))
    centre.on_duty(10)
    centre.callers(7)
    assert centre.asked().mean == pytest.approx(qlm(8, 7))
    assert centre.asked(queue="emergency").mean == pytest.approx(HANDLE / 10, rel=0.2)


def test_needs_count_as_the_queue_relaxes_them_in_the_end() -> None:
    relaxed = a_queue(relaxation=(Relaxation(after_seconds=20, levels=(("lang:*", 0),)),))
    centre = Centre(relaxed)
    centre.on_duty(5, "lang:ru=5")
    said = centre.asked("lang:az=3")
    assert said.mean == pytest.approx(HANDLE / 5)


def test_a_huge_queue_is_estimated_in_bunches_and_as_well() -> None:
    centre = Centre()
    centre.on_duty(100)
    centre.callers(2_999)
    assert centre.asked().mean == pytest.approx(qlm(100, 2_999), rel=0.01)


@pytest.mark.parametrize("steps", [1, 2, 5, 20, 60])
@pytest.mark.parametrize("leaving", [0.0, 0.5])
def test_quantiles_are_within_three_percent_of_those_of_the_sum_of_exponentials(steps: int, leaving: float) -> None:
    rates = [1 + leaving * ahead for ahead in range(steps)]
    random = Random(7)
    drawn = sorted(sum(random.expovariate(rate) for rate in rates) for _ in range(60_000))
    said = from_moments(sum(1 / rate for rate in rates), sum(1 / rate**2 for rate in rates))
    assert said.p50 == pytest.approx(drawn[len(drawn) // 2], rel=0.03)
    assert said.p90 == pytest.approx(drawn[len(drawn) * 9 // 10], rel=0.03)
