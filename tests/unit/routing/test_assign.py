"""Who is rung for whom? Small centres as worked sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from calls.events import Duty
from routing.agent import Agent, AgentState, not_reached, off_duty, reached, reserve
from routing.assign import Decision, GiveWay, LastResort, LeaveToFallback, Ring, assign
from routing.explain import SENTENCES, Reason, explain
from routing.floor import Floor
from routing.waiting import LastResort as LastResortOf
from routing.waiting import WaitingCall
from tests.builders import NOON, a_paused_agent, a_profile, a_queue, a_waiting_call, an_agent, seconds

QUEUES = {
    "general": a_queue("general", last_resort=LastResortOf(after_seconds=60)),
    "doctors": a_queue("doctors", target_seconds=10.0),
    "emergency": a_queue("emergency", emergency=True),
    "rescue": a_queue("rescue", emergency=True, last_resort=LastResortOf(mobile="+447700900900", after_seconds=20)),
}


def a_floor(waiting: Iterable[WaitingCall], *agents: Agent) -> Floor:
    floor = Floor(QUEUES, agents)
    for call in waiting:
        floor.put(call)
    return floor


def decided(waiting: Iterable[WaitingCall], *agents: Agent, at: float = 0.0) -> list[Decision]:
    return assign(a_floor(waiting, *agents), NOON + seconds(at))


def rings(decisions: Iterable[Decision]) -> dict[str, str]:
    """Call -> agent of the rings."""
    return {one.call_id: one.agent_id for one in decisions if isinstance(one, Ring)}


def test_a_waiting_caller_is_given_a_free_agent() -> None:
    assert decided([a_waiting_call()], an_agent()) == [Ring("call-1", "anna", Reason.MOST_ENDANGERED)]


def test_an_emergency_caller_is_offered_before_an_older_hotline_caller() -> None:
    waiting = [a_waiting_call("old", waited=600), a_waiting_call("urgent", waited=0, queue="emergency")]
    assert decided(waiting, an_agent()) == [Ring("urgent", "anna", Reason.EMERGENCY)]


def test_the_call_most_endangered_against_its_target_comes_first() -> None:
    """8 s of a 10 s target are 0.8; 15 s of a 20 s target are 0.75; 17 s of it are 0.85."""
    doctor = a_waiting_call("doctor", waited=8, queue="doctors")
    assert rings(decided([a_waiting_call("caller", waited=15), doctor], an_agent())) == {"doctor": "anna"}
    assert rings(decided([a_waiting_call("caller", waited=17), doctor], an_agent())) == {"caller": "anna"}


def test_a_caller_from_a_slow_queue_is_not_starved_by_new_callers_of_a_fast_one() -> None:
    fresh = [a_waiting_call(f"doctor-{waited}", waited=waited, queue="doctors") for waited in range(5)]
    assert rings(decided([*fresh, a_waiting_call("caller", waited=30)], an_agent())) == {"caller": "anna"}


def test_a_caller_who_comes_back_from_a_ring_keeps_the_place() -> None:
    back = a_waiting_call("back", waited=30, waiting_since=NOON)
    assert rings(decided([a_waiting_call("younger", waited=20), back], an_agent())) == {"back": "anna"}


def test_of_capable_agents_the_longest_idle_is_rung() -> None:
    agents = [
        an_agent("anna", "lang:ru=5", since=NOON - seconds(10)),
        an_agent("boris", "lang:ru=5", since=NOON - seconds(90)),
        an_agent("celia", "lang:az=5", since=NOON - seconds(900)),
    ]
    assert rings(decided([a_waiting_call(needs="lang:ru=3")], *agents)) == {"call-1": "boris"}


def test_a_caller_without_a_capable_agent_waits_and_the_next_one_is_served() -> None:
    waiting = [a_waiting_call("az", "lang:az=1", waited=50), a_waiting_call("ru", "lang:ru=1", waited=5)]
    agents = [an_agent("anna", "lang:ru=5"), a_paused_agent("celia", "lang:az=5")]
    assert decided(waiting, *agents) == [Ring("ru", "anna", Reason.MOST_ENDANGERED)]


def test_two_callers_and_two_agents_are_paired_once_each() -> None:
    waiting = [a_waiting_call("first", waited=20), a_waiting_call("second", waited=10)]
    agents = [an_agent("anna", since=NOON - seconds(5)), an_agent("boris", since=NOON - seconds(50))]
    assert rings(decided(waiting, *agents)) == {"first": "boris", "second": "anna"}


def test_a_reserved_agent_is_rung_for_nobody_else() -> None:
    assert decided([a_waiting_call()], reserve(an_agent(), "other", 1, NOON)) == []


def missed(agent: Agent, call_id: str = "call-1") -> Agent:
    return not_reached(reserve(agent, call_id, 1, NOON - seconds(20)), call_id, "NOANSWER", NOON)


def test_an_agent_who_did_not_answer_is_not_offered_the_call_again_at_once() -> None:
    waiting = [a_waiting_call(waited=25)]
    anna = missed(an_agent("anna"))
    assert decided(waiting, anna, at=1) == []
    assert decided(waiting, anna, at=5) == [Ring("call-1", "anna", Reason.AGAIN_AFTER_MISS)]


def test_another_free_agent_comes_before_the_one_who_missed_the_call() -> None:
    anna, boris = missed(an_agent("anna")), an_agent("boris", since=NOON + seconds(9))
    assert rings(decided([a_waiting_call(waited=25)], anna, boris, at=10)) == {"call-1": "boris"}
    assert rings(decided([a_waiting_call("call-2")], anna, boris, at=10)) == {"call-2": "anna"}


RESTING = [
    # queue, the agent, what keeps the agent from other calls -> is rung
    ("general", an_agent(state=AgentState.WRAP_UP), False),
    ("emergency", an_agent(state=AgentState.WRAP_UP), True),
    ("emergency", missed(an_agent(), "another"), True),
    ("emergency", missed(an_agent()), True),
    ("emergency", replace(an_agent(state=AgentState.WRAP_UP), duty=Duty.PAUSED), False),
    ("emergency", an_agent(state=AgentState.WRAP_UP, phone_in_use=True), False),
    ("emergency", an_agent(state=AgentState.RINGING, call_id="another"), False),
]


@pytest.mark.parametrize(("queue", "agent", "rung"), RESTING)
def test_an_emergency_caller_breaks_the_rest_of_an_agent_where_nobody_is_free(
    queue: str, agent: Agent, rung: bool
) -> None:
    assert rings(decided([a_waiting_call(queue=queue, waited=1)], agent, at=1)) == ({"call-1": "anna"} if rung else {})


def test_an_emergency_caller_is_not_overtaken_by_a_later_one_whom_the_agent_has_not_missed() -> None:
    first, second = (a_waiting_call(name, queue="emergency", waited=s) for name, s in (("first", 9), ("second", 1)))
    waiting = [first, second]
    anna = missed(an_agent("anna"), "first")
    assert rings(decided(waiting, anna, at=2)) == {"first": "anna"}


def test_an_emergency_caller_wakes_who_rests_sooner_than_ringing_again_who_did_not_answer() -> None:
    """Also from the last resort, where the mobile rings: whoever rests has not been asked."""
    anna, boris = missed(an_agent("anna")), an_agent("boris", state=AgentState.WRAP_UP)
    for there in (False, True):
        call = a_waiting_call(queue="emergency", in_last_resort=there)
        assert rings(decided([call], anna, boris, at=5)) == {"call-1": "boris"}


def test_two_emergency_callers_do_not_ring_a_busy_phone_in_turns_as_fast_as_it_refuses() -> None:
    waiting = [a_waiting_call("one", queue="emergency", waited=9), a_waiting_call("two", queue="emergency")]
    anna = missed(an_agent("anna"), "one")
    assert rings(decided(waiting, anna, at=0.9)) == {}
    assert rings(decided(waiting, anna, at=1)) == {"two": "anna"}


def test_an_emergency_caller_lets_agents_rest_while_another_is_free() -> None:
    anna, boris = an_agent("anna", state=AgentState.WRAP_UP, since=NOON - seconds(50)), an_agent("boris")
    assert rings(decided([a_waiting_call(queue="emergency")], anna, boris)) == {"call-1": "boris"}
    both = [a_waiting_call("one", queue="emergency"), a_waiting_call("two", queue="emergency")]
    assert rings(decided(both, anna)) == {"one": "anna"}


def test_an_agent_who_does_not_answer_an_emergency_call_does_not_keep_it_from_the_last_resort() -> None:
    """Nor does he take it from there again: the mobile would ring 5 s only."""
    call = a_waiting_call(queue="rescue", waited=0)
    anna = missed(an_agent("anna"))
    assert rings(decided([call], anna, at=6)) == {"call-1": "anna"}
    assert decided([call], anna, at=20) == [LastResort("call-1", Reason.NOBODY_FOR_EMERGENCY)]
    there = replace(call, in_last_resort=True)
    assert decided([there], anna, at=30) == []
    assert rings(decided([there], anna, an_agent("boris"), at=30)) == {"call-1": "boris"}


def test_a_fallback_caller_competes_and_the_agent_is_left_to_app_queue() -> None:
    waiting = [a_waiting_call("held", waited=30, in_fallback=True), a_waiting_call("ours", waited=10)]
    assert decided(waiting, an_agent()) == [LeaveToFallback("held", "anna", Reason.IN_FALLBACK)]
    assert decided(waiting, an_agent("anna"), an_agent("boris")) == [
        LeaveToFallback("held", "anna", Reason.IN_FALLBACK),
        Ring("ours", "boris", Reason.MOST_ENDANGERED),
    ]


def test_an_emergency_caller_of_ours_comes_before_an_older_fallback_caller() -> None:
    waiting = [a_waiting_call("held", waited=90, in_fallback=True), a_waiting_call("urgent", queue="emergency")]
    assert decided(waiting, an_agent()) == [Ring("urgent", "anna", Reason.EMERGENCY)]


LAST_RESORT = [
    # queue, seconds of the present wait, agents -> goes to the last resort
    ("emergency", 0, [], True),
    ("emergency", 0, [an_agent(state=AgentState.TALKING, call_id="other")], False),
    ("emergency", 0, [a_paused_agent()], True),
    ("emergency", 0, [an_agent(reachable=False)], True),
    ("emergency", 0, [reached(off_duty(a_profile(), NOON), True)], True),
    ("emergency", 600, [an_agent(state=AgentState.TALKING, call_id="other")], False),
    ("rescue", 19, [an_agent(state=AgentState.TALKING, call_id="other")], False),
    ("rescue", 20, [an_agent(state=AgentState.TALKING, call_id="other")], True),
    ("rescue", 0, [a_paused_agent()], True),
    ("general", 59, [], False),
    ("general", 60, [], True),
    ("general", 600, [a_paused_agent()], False),
    ("general", 600, [an_agent(state=AgentState.TALKING, call_id="other")], False),
    ("general", 60, [an_agent(reachable=False)], True),
    ("general", 60, [an_agent("celia", "lang:az=5")], True),
]


@pytest.mark.parametrize(("queue", "waited", "agents", "leaves"), LAST_RESORT)
def test_nobody_on_duty_sends_the_caller_to_the_last_resort(
    queue: str, waited: float, agents: list[Agent], leaves: bool
) -> None:
    call = a_waiting_call("call-1", "lang:ru=1", waited=waited, queue=queue)
    agents = [an_agent_who_speaks_russian(agent) for agent in agents]
    sent = [one.call_id for one in decided([call], *agents) if isinstance(one, LastResort)]
    assert sent == (["call-1"] if leaves else [])


def an_agent_who_speaks_russian(agent: Agent) -> Agent:
    skills = agent.profile.skills or (("lang:ru", 5),)
    return replace(agent, profile=replace(agent.profile, skills=skills))


def test_a_fallback_caller_is_never_sent_anywhere() -> None:
    assert decided([a_waiting_call(waited=600, in_fallback=True)]) == []


def test_the_last_resort_counts_the_present_wait_and_not_the_place_in_the_queue() -> None:
    transferred = a_waiting_call(waited=600, waiting_since=NOON - seconds(5))
    assert decided([transferred]) == []


def test_every_reason_is_a_plain_sentence() -> None:
    assert set(SENTENCES) == set(Reason)
    for reason in Reason:
        assert explain(reason)[0].isupper()
        assert explain(reason).endswith(".")


def a_rung_agent(agent_id: str, began: float, *, yields: bool = True, **given: Any) -> Agent:
    """An agent whose phone has rung for another call since so many seconds after NOON."""
    other = f"for-{agent_id}"
    return reserve(an_agent(agent_id, **given), other, 1, NOON + seconds(began), yields=yields)


def test_an_emergency_takes_the_phone_that_began_to_ring_last_for_somebody_in_none() -> None:
    urgent = a_waiting_call("urgent", waited=0, queue="emergency")
    rung = (a_rung_agent("anna", -5), a_rung_agent("boris", -1), a_rung_agent("clara", 0, yields=False))
    assert decided([urgent], *rung) == [GiveWay("urgent", "boris", Reason.GAVE_WAY, 0, "for-boris")]
    assert decided([a_waiting_call("usual", waited=900)], *rung) == []


def test_no_ring_is_ended_while_somebody_is_free_or_rests_nor_for_a_caller_whom_app_queue_holds() -> None:
    urgent = a_waiting_call("urgent", waited=0, queue="emergency")
    rung = a_rung_agent("anna", -1)
    rests = an_agent("boris", state=AgentState.WRAP_UP, wrap_up_until=NOON + seconds(9))
    assert rings(decided([urgent], rung, rests)) == {"urgent": "boris"}
    assert decided([replace(urgent, in_fallback=True)], rung) == []


def test_two_emergencies_take_two_phones_and_a_third_waits() -> None:
    callers = [a_waiting_call(f"urgent-{number}", waited=9 - number, queue="emergency") for number in range(3)]
    taken = decided(callers, a_rung_agent("anna", -5), a_rung_agent("boris", -1))
    assert [(one.call_id, getattr(one, "agent_id", "")) for one in taken] == [
        ("urgent-0", "boris"),
        ("urgent-1", "anna"),
    ]
