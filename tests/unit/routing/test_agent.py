"""Which state follows which happening, and who can be rung?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from calls.events import Duty
from calls.needs import parse_needs
from routing.agent import (
    AT_REST,
    REST,
    TRANSITIONS,
    Agent,
    AgentState,
    Happening,
    answered,
    apply,
    can_serve,
    is_free,
    not_reached,
    off_duty,
    on_duty,
    phone_in_use,
    reached,
    released,
    reserve,
    rests,
    woke,
)
from tests.builders import NOON, a_paused_agent, a_profile, an_agent, seconds

S, H = AgentState, Happening


def a_talking_agent() -> Agent:
    return answered(reserve(an_agent(), "call-1", 1, NOON), "call-1", NOON + seconds(3))


TABLE = [
    # happening, state before -> state after, for an agent who has declared ready
    (H.RUNG, S.READY, S.RINGING),
    (H.RUNG, S.RINGING, S.RINGING),
    (H.RUNG, S.OFFLINE, S.RINGING),
    (H.ANSWERED, S.RINGING, S.TALKING),
    (H.ANSWERED, S.READY, S.TALKING),
    (H.MISSED, S.RINGING, S.READY),
    (H.MISSED, S.TALKING, S.TALKING),
    (H.RELEASED, S.TALKING, S.WRAP_UP),
    (H.RELEASED, S.RINGING, S.READY),
    (H.RELEASED, S.PAUSED, S.PAUSED),
    (H.RELEASED, S.READY, S.READY),
    (H.WRAPPED_UP, S.WRAP_UP, S.READY),
    (H.WRAPPED_UP, S.TALKING, S.TALKING),
    (H.DECLARED, S.PAUSED, S.READY),
    (H.DECLARED, S.WRAP_UP, S.READY),
    (H.DECLARED, S.TALKING, S.TALKING),
]


@pytest.mark.parametrize(("happening", "before", "after"), TABLE)
def test_the_table_of_an_agent_who_is_ready(happening: Happening, before: AgentState, after: AgentState) -> None:
    agent = replace(an_agent(), state=before)
    changed = apply(agent, happening, NOON)
    assert changed.state is after
    assert changed.since == (agent.since if before is after else NOON)


def test_every_happening_leads_to_a_state_and_what_is_not_named_changes_nothing() -> None:
    assert set(TRANSITIONS) == set(Happening)
    assert set(AT_REST) == set(Duty)
    for happening in Happening:
        for state in AgentState:
            agent = replace(an_agent(), state=state)
            named = TRANSITIONS[happening].get(state)
            changed = apply(agent, happening, NOON)
            assert (changed is agent) if named is None else (changed.state == (S.READY if named == REST else named))


def test_an_agent_who_is_reserved_is_not_free() -> None:
    reserved = reserve(an_agent(), "call-1", 7, NOON)
    assert (reserved.state, reserved.call_id, reserved.attempt, reserved.since) == (S.RINGING, "call-1", 7, NOON)
    assert is_free(an_agent(), NOON)
    assert not is_free(reserved, NOON)


def test_a_second_word_of_the_same_ring_keeps_its_beginning() -> None:
    reserved = reserve(an_agent(), "call-1", 7, NOON)
    assert reserve(reserved, "call-1", 7, NOON + seconds(2)).since == NOON


def test_wrap_up_follows_a_talk_and_ends_by_time_alone() -> None:
    wrapping = released(a_talking_agent(), NOON + seconds(60), 30)
    assert (wrapping.state, wrapping.call_id) == (S.WRAP_UP, None)
    assert woke(wrapping, NOON + seconds(89)) is wrapping
    rested = woke(wrapping, NOON + seconds(90))
    assert (rested.state, rested.since) == (S.READY, NOON + seconds(90))
    assert woke(rested, NOON + seconds(91)) is rested


def test_without_wrap_up_an_agent_is_free_at_once() -> None:
    assert is_free(released(a_talking_agent(), NOON + seconds(60), 0), NOON + seconds(60))


def test_a_ring_that_nobody_waits_for_any_more_needs_no_wrap_up() -> None:
    freed = released(reserve(an_agent(), "call-1", 1, NOON), NOON + seconds(2), 30)
    assert (freed.state, freed.wrap_up_until) == (S.READY, None)
    assert is_free(freed, NOON + seconds(2))


def test_a_pause_declared_during_a_talk_begins_after_it() -> None:
    talking = on_duty(a_talking_agent(), Duty.PAUSED, "lunch", NOON + seconds(10))
    assert (talking.state, talking.duty) == (S.TALKING, Duty.PAUSED)
    wrapping = released(talking, NOON + seconds(60), 30)
    assert wrapping.state is S.WRAP_UP
    assert woke(wrapping, NOON + seconds(90)).state is S.PAUSED


def test_saying_ready_ends_wrap_up_and_the_pause_after_a_missed_ring() -> None:
    wrapping = released(a_talking_agent(), NOON, 30)
    assert is_free(on_duty(wrapping, Duty.READY, "", NOON + seconds(1)), NOON + seconds(1))
    missed = not_reached(reserve(an_agent(), "call-1", 1, NOON), "call-1", "NOANSWER", NOON)
    assert is_free(on_duty(missed, Duty.READY, "", NOON + seconds(1)), NOON + seconds(1))


@pytest.mark.parametrize(
    ("dial_status", "seconds_alone"),
    [("NOANSWER", 5), ("BUSY", 5), ("CHANUNAVAIL", 5), ("CONGESTION", 5), ("REFUSED", 2), ("CANCEL", 0)],
)
def test_after_a_ring_that_failed_an_agent_is_left_alone_for_a_while(dial_status: str, seconds_alone: int) -> None:
    missed = not_reached(reserve(an_agent(), "call-1", 1, NOON), "call-1", dial_status, NOON)
    assert (missed.state, missed.call_id, missed.missed) == (S.READY, None, "call-1")
    assert is_free(missed, NOON + seconds(seconds_alone))
    assert seconds_alone == 0 or not is_free(missed, NOON + seconds(seconds_alone - 0.1))


@pytest.mark.parametrize(
    ("agent", "free"),
    [
        (an_agent(), True),
        (reached(an_agent(), False), False),
        (phone_in_use(an_agent(), True), False),
        (on_duty(an_agent(), Duty.OFF, "", NOON), False),
        (a_paused_agent(), False),
        (on_duty(a_paused_agent(), Duty.READY, "", NOON), True),
        (off_duty(a_profile(), NOON), False),
        # registered is not ready
        (reached(off_duty(a_profile(), NOON), True), False),
    ],
)
def test_free_is_ready_and_reachable_and_on_no_other_call(agent: Agent, free: bool) -> None:
    assert is_free(agent, NOON) is free


def test_an_agent_on_a_mobile_is_always_thought_reachable() -> None:
    off_site = off_duty(a_profile(extension=None, mobile="+380000000000"), NOON)
    ready = on_duty(reached(off_site, False), Duty.READY, "", NOON)
    assert is_free(ready, NOON)


@pytest.mark.parametrize(
    ("asked", "serves"),
    [
        ("", True),
        ("lang:ru=3", True),
        ("lang:ru=5", True),
        ("lang:ru=6", False),
        ("lang:az=1", False),
        ("lang:ru=1&desk:approvals=1", False),
        ("grade:trainee=1", True),
        ("grade:nurse=1", True),
        ("grade:doctor=1", False),
        ("grade:surgeon=1", False),
    ],
)
def test_a_nurse_who_speaks_russian_at_level_5(asked: str, serves: bool) -> None:
    assert can_serve(a_profile(skills="lang:ru=5", grade="nurse"), parse_needs(asked)) is serves


def test_a_trainee_takes_so_many_calls_an_hour_and_then_rests_until_the_first_is_an_hour_old() -> None:
    trainee = replace(an_agent(), profile=a_profile(grade="trainee", calls_per_hour=2))
    for minute in (0, 10):
        at = NOON + seconds(60 * minute)
        talking = answered(reserve(trainee, f"call-{minute}", 1, at), f"call-{minute}", at)
        assert answered(talking, f"call-{minute}", at) == talking, "told twice, it counts once"
        trainee = released(talking, at + seconds(60), 0)
    assert not is_free(trainee, NOON + seconds(3599))
    assert is_free(trainee, NOON + seconds(3600))
    again = on_duty(trainee, Duty.READY, "", NOON + seconds(1800))
    assert not is_free(again, NOON + seconds(1800)), "to say ready does not shorten the hour"
    assert rests(again, NOON + seconds(1800)), "but an emergency may"


@pytest.mark.parametrize(
    ("dial_statuses", "misses"),
    [
        (["NOANSWER"], 1),
        (["NOANSWER", "NOANSWER"], 2),
        (["CANCEL"], 0),
        (["NOANSWER", "REFUSED"], 1),
        (["NOANSWER", "BUSY", "CHANUNAVAIL", "CONGESTION"], 1),
    ],
)
def test_rings_in_a_row_that_were_not_answered_are_counted(dial_statuses: list[str], misses: int) -> None:
    agent = an_agent()
    for status in dial_statuses:
        agent = not_reached(reserve(agent, "call-1", 1, NOON), "call-1", status, NOON)
    assert agent.misses == misses
    assert answered(reserve(agent, "call-2", 2, NOON), "call-2", NOON).misses == 0
    assert on_duty(agent, Duty.READY, "", NOON).misses == 0
