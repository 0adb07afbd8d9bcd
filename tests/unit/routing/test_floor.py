"""What does a call wait for, and for how long? Small centres as worked sums, lived on a clock.

Longer than 300 lines, since it is a list of such sums, each read by itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from calls.events import Duty
from calls.hours import Band
from routing.agent import NO_ANSWER, Agent, AgentState, answered, on_duty, released, reserve
from routing.assign import Decision, LastResort, LeaveToFallback, Overflowed, Ring, assign
from routing.classes import RECENT
from routing.explain import Reason
from routing.floor import Floor
from routing.waiting import LastResort as LastResortOf
from routing.waiting import Overflow, Queue, Relaxation, Target, WaitingCall, When
from tests.builders import (
    NOON,
    a_paused_agent,
    a_profile,
    a_queue,
    a_waiting_call,
    an_agent,
    seconds,
    weekdays_nine_to_six,
)


def a_floor(*agents: Agent, queues: tuple[Queue, ...] = (), **general: Any) -> Floor:
    """A floor of the queue ``general`` and of others."""
    return Floor({queue.queue_id: queue for queue in (a_queue("general", **general), *queues)}, agents)


def put(floor: Floor, *calls: WaitingCall) -> Floor:
    for call in calls:
        floor.put(call)
    return floor


def decided(floor: Floor, at: float = 0.0) -> list[Decision]:
    return assign(floor, NOON + seconds(at))


def rung(floor: Floor, at: float = 0.0) -> dict[str, tuple[str, int]]:
    """Call -> agent and step of relaxation."""
    return {one.call_id: (one.agent_id, one.step) for one in decided(floor, at) if isinstance(one, Ring)}


def busy(agent: Agent) -> Agent:
    return replace(agent, state=AgentState.TALKING, call_id="other")


def full_trainee(agent_id: str) -> Agent:
    """Who has answered one call, which is all that they may in an hour, 58 and a half minutes before NOON."""
    before = NOON - seconds(3510)
    trainee = replace(an_agent(agent_id), profile=a_profile(agent_id, calls_per_hour=1))
    return released(answered(trainee, "before", before), before, 0)


NEW = {"waited": 0.0}


# --- relaxation ----------------------------------------------------------------------------------------------------

RELAXATION = (
    Relaxation(after_seconds=20, levels=(("lang:ru", 3),)),
    Relaxation(after_seconds=60, levels=(("region:*", 0), ("lang:ru", 5)), interpreter=True),
)
NEEDS_BY_WAIT = [
    # the agent's skills, seconds until the agent suits -> step in force then
    ("lang:ru=7&region:kazan=1", 0, 0),
    ("lang:ru=3&region:kazan=1", 20, 1),
    ("lang:ru=3", 60, 2),
    ("lang:ru=2&region:kazan=1", None, 0),
]


@pytest.mark.parametrize(("skills", "suits_after", "step"), NEEDS_BY_WAIT)
def test_needs_are_lowered_step_by_step_and_never_raised_again(skills: str, suits_after: int | None, step: int) -> None:
    floor = put(
        a_floor(an_agent("anna", skills), relaxation=RELAXATION), a_waiting_call("c", "lang:ru=7&region:kazan=1", **NEW)
    )
    if suits_after is None:
        assert rung(floor, 600) == {}
        return
    assert suits_after == 0 or rung(floor, suits_after - 0.001) == {}
    assert rung(floor, suits_after) == {"c": ("anna", step)}


def test_the_floor_says_when_time_alone_will_change_something() -> None:
    floor = put(a_floor(busy(an_agent()), relaxation=RELAXATION), a_waiting_call("c", "lang:ru=7", **NEW))
    assert decided(floor) == []
    assert floor.next_deadline() == NOON + seconds(20)
    decided(floor, 20)
    assert floor.next_deadline() == NOON + seconds(60)
    floor.drop("c")
    assert floor.next_deadline() is None


def test_the_clock_of_relaxation_is_the_present_wait() -> None:
    back = a_waiting_call("c", "lang:ru=7", waited=90, waiting_since=NOON - seconds(10))
    floor = put(a_floor(an_agent("anna", "lang:ru=3"), relaxation=RELAXATION), back)
    assert rung(floor, 9) == {}
    assert rung(floor, 10) == {"c": ("anna", 1)}


HURRY = a_queue("emergency", emergency=True, relaxation=RELAXATION)
IN_NEED = a_waiting_call("c", "lang:ru=7&region:kazan=1", queue="emergency", **NEW)
NOT_RIGHT_NOW = [
    (busy(an_agent("galina", "lang:ru=7&region:kazan=1")), True),
    (on_duty(an_agent("galina", "lang:ru=7&region:kazan=1"), Duty.PAUSED, "lunch", NOON), False),
    (replace(an_agent("galina", "lang:ru=7&region:kazan=1"), reachable=False), False),
    (an_agent("galina", "lang:ru=2&region:kazan=1"), False),
]
"""Another agent, and whether who is in need waits for them before less will do."""


@pytest.mark.parametrize(("galina", "waited_for"), NOT_RIGHT_NOW)
def test_who_is_in_need_waits_for_no_step_before_which_nobody_on_duty_could_serve_them(
    galina: Agent, waited_for: bool
) -> None:
    floor = put(a_floor(an_agent("anna", "lang:ru=3&region:kazan=1"), galina, queues=(HURRY,)), IN_NEED)
    assert rung(floor) == ({} if waited_for else {"c": ("anna", 1)})
    assert rung(floor, 20) == {"c": ("anna", 1)}


def test_what_who_is_in_need_asks_for_follows_who_comes_on_duty_and_goes() -> None:
    speaks = an_agent("galina", "lang:ru=7&region:kazan=1")
    floor = put(a_floor(busy(an_agent("anna", "lang:ru=3")), queues=(HURRY,)), IN_NEED)
    assert decided(floor) == []
    floor.agents["galina"] = busy(speaks)
    assert decided(floor, 1) == []
    floor.agents["anna"] = an_agent("anna", "lang:ru=3")
    assert decided(floor, 2) == []
    floor.agents["galina"] = on_duty(busy(speaks), Duty.OFF, "", NOON)
    assert rung(floor, 3) == {"c": ("anna", 2)}


# --- the preferred agent -------------------------------------------------------------------------------------------

PATIENT = {"preferred_seconds": 30.0}
WISH = {"preferred": "galina", **NEW}


def test_the_preferred_agent_comes_before_one_who_has_been_idle_longer() -> None:
    galina = an_agent("galina", since=NOON)
    floor = put(a_floor(an_agent("anna"), galina), a_waiting_call("c", **WISH))
    assert decided(floor) == [Ring("c", "galina", Reason.PREFERRED)]


def test_a_call_waits_for_a_busy_preferred_agent_until_its_patience_ends() -> None:
    floor = put(a_floor(an_agent("anna"), busy(an_agent("galina")), **PATIENT), a_waiting_call("c", **WISH))
    assert (rung(floor), rung(floor, 29.999)) == ({}, {})
    assert rung(floor, 30) == {"c": ("anna", 0)}


def test_whoever_is_not_patient_has_the_preferred_agent_only_if_free() -> None:
    call = a_waiting_call("c", preferred="anna", patient=False, **NEW)
    agents = (an_agent("anna"), an_agent("boris", since=NOON - seconds(90)))
    assert rung(put(a_floor(*agents, preferred_seconds=30), call)) == {"c": ("anna", 0)}
    assert rung(put(a_floor(busy(agents[0]), agents[1], preferred_seconds=30), call)) == {"c": ("boris", 0)}


@pytest.mark.parametrize("galina", [a_paused_agent("galina"), on_duty(an_agent("galina"), Duty.OFF, "", NOON)])
def test_nobody_waits_for_an_agent_who_is_not_there(galina: Agent) -> None:
    floor = put(a_floor(an_agent("anna"), galina, **PATIENT), a_waiting_call("c", **WISH))
    assert rung(floor) == {"c": ("anna", 0)}


def test_patience_ends_when_the_preferred_agent_goes_on_a_break() -> None:
    floor = put(a_floor(an_agent("anna"), busy(an_agent("galina")), **PATIENT), a_waiting_call("c", **WISH))
    assert rung(floor) == {}
    floor.agents["galina"] = a_paused_agent("galina")
    assert rung(floor, 1) == {"c": ("anna", 0)}


def test_a_call_that_waits_for_one_agent_keeps_nobody_else_waiting() -> None:
    calls = a_waiting_call("patient", preferred="galina", waited=9), a_waiting_call("other", waited=1)
    floor = put(a_floor(an_agent("anna"), busy(an_agent("galina")), **PATIENT), *calls)
    assert rung(floor) == {"other": ("anna", 0)}


def test_a_patient_caller_of_whom_there_is_news_keeps_nobody_else_waiting() -> None:
    anna, galina = an_agent("anna"), busy(an_agent("galina"))
    calls = a_waiting_call("patient", preferred="galina", waited=9), a_waiting_call("other", waited=1)
    floor = put(a_floor(busy(anna), galina, **PATIENT), *calls)
    assert rung(floor) == {}
    floor.agents.update({"anna": anna, "galina": replace(galina, since=NOON + seconds(1))})
    assert rung(floor) == {"other": ("anna", 0)}


def test_an_emergency_caller_waits_for_no_particular_agent() -> None:
    emergency = a_queue("emergency", emergency=True, **PATIENT)
    floor = a_floor(an_agent("anna"), busy(an_agent("galina")), queues=(emergency,))
    assert rung(put(floor, a_waiting_call("c", queue="emergency", **WISH))) == {"c": ("anna", 0)}


def test_one_whose_agent_is_given_to_an_older_caller_does_not_keep_younger_ones_from_the_others() -> None:
    anna, galina = an_agent("anna", since=NOON), an_agent("galina", since=NOON - seconds(900))
    old, patient, young = a_waiting_call("old", waited=9), a_waiting_call("patient", waited=6), a_waiting_call("young")
    calls = old, replace(patient, preferred="galina"), replace(young, queued_at=NOON)
    floor = put(a_floor(busy(anna), busy(galina), preferred_seconds=60.0), *calls)
    assert rung(floor) == {}
    floor.agents.update({"anna": anna, "galina": galina})
    assert rung(floor) == {"old": ("galina", 0), "young": ("anna", 0)}


def test_a_caller_for_whom_the_mobile_rings_does_not_keep_others_from_an_agent_who_missed_that_call() -> None:
    anna = replace(an_agent(), missed="mobile")
    floor = a_floor(busy(anna))
    put(floor, a_waiting_call("mobile", waited=90, in_last_resort=True), a_waiting_call("young", waited=1))
    assert rung(floor) == {}
    floor.agents["anna"] = anna
    assert rung(floor) == {"young": ("anna", 0)}


def test_time_alone_ends_the_shortest_rest_for_an_emergency_and_the_usual_one_for_others() -> None:
    missed = replace(an_agent(since=NOON), missed="another", not_before=NOON + seconds(5))
    emergency = a_queue("emergency", emergency=True)
    for queue, after in (("emergency", 1), ("general", 5)):
        floor = put(a_floor(missed, queues=(emergency,)), a_waiting_call("c", queue=queue, **NEW))
        assert rung(floor, after - 0.001) == {}
        assert floor.next_deadline() == NOON + seconds(after)
        assert rung(floor, after) == {"c": ("anna", 0)}


def test_a_caller_whom_app_queue_holds_keeps_from_others_only_agents_whom_it_would_ring() -> None:
    relaxation = (Relaxation(after_seconds=20, levels=(("region:*", 0),)),)
    kazan = a_queue("kazan", needs=(("region:kazan", 1),), relaxation=relaxation)
    held = a_waiting_call("held", queue="kazan", in_fallback=True, waited=100)
    floor = put(a_floor(an_agent("anna"), queues=(kazan,)), held, a_waiting_call("c", **NEW))
    assert rung(floor, 60) == {"c": ("anna", 0)}
    floor.agents["leila"] = an_agent("leila", "region:kazan=1")
    assert LeaveToFallback("held", "leila", Reason.IN_FALLBACK) in decided(floor, 61)


# --- the reserve ---------------------------------------------------------------------------------------------------

EMERGENCY = a_queue("emergency", emergency=True, needs=(("grade:nurse", 1),), reserve=1)


def test_the_last_nurse_is_kept_for_the_emergency_line() -> None:
    floor = put(a_floor(an_agent("elena", grade="nurse"), queues=(EMERGENCY,)), a_waiting_call("c"))
    assert rung(floor) == {}
    put(floor, a_waiting_call("urgent", queue="emergency"))
    assert rung(floor) == {"urgent": ("elena", 0)}


def test_a_second_nurse_who_gets_free_frees_the_first_one_too() -> None:
    elena, farid = an_agent("elena", "lang:az=5", grade="nurse"), an_agent("farid", grade="nurse")
    floor = a_floor(elena, busy(farid), queues=(EMERGENCY,))
    assert rung(put(floor, a_waiting_call("c", "lang:az=1"))) == {}
    floor.agents["farid"] = farid
    assert rung(floor) == {"c": ("elena", 0)}


def test_the_reserve_keeps_nobody_who_could_not_serve_an_emergency() -> None:
    floor = put(a_floor(an_agent("anna"), queues=(EMERGENCY,)), a_waiting_call("c"))
    assert rung(floor) == {"c": ("anna", 0)}


ALONE = [
    # who else is there beside a nurse, whom the emergency line keeps -> whether other callers have nobody to hope for
    ([], True),
    ([an_agent("farid", grade="nurse", state=AgentState.TALKING, call_id="other")], False),
    ([replace(a_paused_agent("farid"), profile=a_profile("farid", grade="nurse"))], False),
    ([a_paused_agent("anna")], False),
    ([replace(a_paused_agent("anna"), reason=NO_ANSWER)], True),
    ([full_trainee("denis")], True),
]


@pytest.mark.parametrize(("others", "leaves"), ALONE)
def test_whom_the_reserve_keeps_and_who_will_not_answer_is_nobody_to_wait_for(
    others: list[Agent], leaves: bool
) -> None:
    nobody = Overflow(when=When.NOBODY, to=Target.RESERVE, after_seconds=30)
    nurse = an_agent("elena", grade="nurse")
    floor = put(a_floor(nurse, *others, queues=(EMERGENCY,), overflow=(nobody,)), a_waiting_call("c", **NEW))
    assert decided(floor) == []
    assert floor.too_few_for_others() == (["emergency"] if leaves else [])
    assert [type(one) for one in decided(floor, 30)] == ([Overflowed] if leaves else [])
    put(floor, a_waiting_call("c", overflowed=frozenset({Target.RESERVE}), **NEW))
    assert [type(one) for one in decided(floor, 60)] == ([LastResort] if leaves else [])


def test_when_all_but_the_kept_nurse_are_gone_the_callers_who_hoped_for_them_are_looked_at() -> None:
    nurse, farid = an_agent("elena", grade="nurse"), an_agent("farid", "lang:az=1", grade="nurse")
    floor = put(a_floor(nurse, busy(farid), queues=(EMERGENCY,)), a_waiting_call("c", **NEW))
    assert decided(floor) == decided(floor, 90) == []
    floor.agents["farid"] = on_duty(busy(farid), Duty.OFF, "", NOON)
    assert [type(one) for one in decided(floor, 91)] == [LastResort]


def test_a_trainee_is_there_again_when_the_hour_is_over_even_during_a_talk() -> None:
    trainee = replace(full_trainee("denis"), state=AgentState.TALKING, call_id="other")
    floor = put(a_floor(trainee, last_resort=LastResortOf(after_seconds=120)), a_waiting_call("c", **NEW))
    assert decided(floor) == decided(floor, 100) == decided(floor, 120) == []


# --- who is least wanted elsewhere ---------------------------------------------------------------------------------


def test_the_agent_whose_other_skills_are_asked_for_least_is_rung() -> None:
    """Boris has been idle longer, but is the only one who speaks Azerbaijani, and every second caller does."""
    anna = an_agent("anna", "lang:ru=5&desk:claims=5")
    boris = an_agent("boris", "lang:ru=5&lang:az=5", since=NOON - seconds(900))
    floor = a_floor(anna, boris)
    assert decided(floor) == []
    put(floor, *(a_waiting_call(f"az{number}", "lang:az=1") for number in range(3)))
    for number in range(3):
        floor.drop(f"az{number}")
    assert rung(put(floor, a_waiting_call("c", "lang:ru=1"))) == {"c": ("anna", 0)}


def test_what_nobody_has_asked_for_lately_is_wanted_no_more() -> None:
    anna = an_agent("anna", "lang:ru=5")
    boris = an_agent("boris", "lang:ru=5&lang:az=5", since=NOON - seconds(900))
    floor = a_floor(busy(anna), busy(boris))
    for number in range(RECENT + 1):
        put(floor, a_waiting_call("before", "lang:az=1" if number == 0 else "lang:ru=1"))
        floor.drop("before")
    floor.agents.update({"anna": anna, "boris": boris})
    assert rung(put(floor, a_waiting_call("c", "lang:ru=1"))) == {"c": ("boris", 0)}


# --- overflow ------------------------------------------------------------------------------------------------------


def overflowing(*rules: Overflow, **given: Any) -> dict[str, Any]:
    return {"overflow": rules, **given}


def test_a_full_queue_sends_on_who_comes_and_not_who_waits_already() -> None:
    full = Overflow(when=When.FULL, to=Target.QUEUE, queue="doctors", limit=2)
    floor = a_floor(busy(an_agent()), queues=(a_queue("doctors"),), overflow=(full,))
    put(floor, a_waiting_call("1", waited=3), a_waiting_call("2", waited=2))
    assert decided(floor) == []
    put(floor, a_waiting_call("3", waited=1))
    assert decided(floor) == [Overflowed("3", Target.QUEUE, "doctors", Reason.QUEUE_FULL)]
    put(floor, a_waiting_call("older", waited=9))
    assert decided(floor) == [], "the second of them came before the queue was full"


def test_a_full_queue_keeps_whom_its_last_resort_gives_back() -> None:
    full = Overflow(when=When.FULL, to=Target.QUEUE, queue="doctors", limit=1)
    floor = a_floor(busy(an_agent()), queues=(a_queue("doctors"),), overflow=(full,))
    put(floor, a_waiting_call("1", waited=60), a_waiting_call("2", waited=30, in_last_resort=True))
    put(floor, a_waiting_call("2", waited=30))
    assert decided(floor) == []


def test_a_free_agent_is_better_than_any_overflow() -> None:
    full = Overflow(when=When.FULL, to=Target.VOICEMAIL, limit=0)
    floor = a_floor(an_agent(), overflow=(full,))
    assert rung(put(floor, a_waiting_call("c"))) == {"c": ("anna", 0)}


def test_the_first_rule_that_applies_is_followed_and_each_target_once() -> None:
    rules = (
        Overflow(when=When.LONG, to=Target.RESERVE, after_seconds=10),
        Overflow(when=When.LONG, to=Target.CALLBACK, after_seconds=20),
    )
    floor = put(a_floor(busy(an_agent()), overflow=rules), a_waiting_call("c", **NEW))
    assert (decided(floor), decided(floor, 9.999)) == ([], [])
    [woken] = decided(floor, 10)
    assert woken == Overflowed("c", Target.RESERVE, "", Reason.WAITED_LONG)
    put(floor, replace(floor.waiting["c"], overflowed=frozenset({Target.RESERVE})))
    assert decided(floor, 19) == []
    [offered] = decided(floor, 20)
    assert offered == Overflowed("c", Target.CALLBACK, "", Reason.WAITED_LONG)


def test_when_the_last_who_could_serve_a_call_goes_off_duty_it_overflows() -> None:
    nobody = Overflow(when=When.NOBODY, to=Target.VOICEMAIL)
    floor = put(a_floor(a_paused_agent(), overflow=(nobody,)), a_waiting_call("c"))
    assert decided(floor) == []
    floor.agents["anna"] = on_duty(floor.agents["anna"], Duty.OFF, "", NOON)
    assert decided(floor) == [Overflowed("c", Target.VOICEMAIL, "", Reason.NOBODY_LOGGED_IN)]


def test_a_queue_that_closes_sends_its_callers_on_at_that_minute() -> None:
    until = replace(weekdays_nine_to_six("UTC"), weekly=((Band(9 * 60, 12 * 60 + 1),),) * 7)
    closed = Overflow(when=When.CLOSED, to=Target.LAST_RESORT)
    floor = put(a_floor(busy(an_agent()), hours=until, overflow=(closed,)), a_waiting_call("c", waited=90))
    assert decided(floor) == []
    assert floor.next_deadline() == NOON + seconds(60)
    assert decided(floor, 60) == [LastResort("c", Reason.QUEUE_CLOSED)]


def test_an_emergency_caller_is_never_led_to_a_machine() -> None:
    rules = (
        Overflow(when=When.LONG, to=Target.VOICEMAIL),
        Overflow(when=When.LONG, to=Target.QUEUE, queue="general", after_seconds=5),
    )
    emergency = a_queue("emergency", emergency=True, overflow=rules)
    floor = put(a_floor(busy(an_agent()), queues=(emergency,)), a_waiting_call("c", queue="emergency", **NEW))
    assert decided(floor) == []
    assert decided(floor, 5) == [Overflowed("c", Target.QUEUE, "general", Reason.WAITED_LONG)]


# --- what is told --------------------------------------------------------------------------------------------------


def test_what_is_not_carried_out_is_decided_again() -> None:
    floor = put(a_floor(an_agent()), a_waiting_call("c"))
    assert decided(floor) == decided(floor) != []


def test_once_it_is_carried_out_nobody_is_decided_upon_twice() -> None:
    floor = put(a_floor(an_agent()), a_waiting_call("c"), a_waiting_call("d", waited=1))
    assert rung(floor) == {"c": ("anna", 0)}
    floor.agents["anna"] = reserve(floor.agents["anna"], "c", 1, NOON)
    floor.drop("c")
    assert decided(floor, 1) == []


def test_the_place_is_among_the_calls_of_the_queue_and_the_next_is_the_first() -> None:
    floor = put(a_floor(queues=(a_queue("doctors"),)), *(a_waiting_call(f"{n}", waited=n) for n in (1, 3, 2)))
    put(floor, a_waiting_call("doctor", waited=9, queue="doctors"))
    assert [floor.position(call_id) for call_id in ("3", "2", "1", "doctor")] == [1, 2, 3, 1]
    floor.drop("3")
    assert floor.position("1") == 2
    with pytest.raises(KeyError):
        floor.position("3")


def test_a_call_of_an_unknown_queue_cannot_wait() -> None:
    with pytest.raises(KeyError):
        a_floor().put(a_waiting_call(queue="unheard-of"))
