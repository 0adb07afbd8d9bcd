"""Is reserve staff woken in time, asked one by one, and let go only when nobody misses them?"""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from calls.events import Duty
from routing import agent as agents
from routing.agent import Agent, off_duty, reached
from routing.reserve import (
    ACCEPTS_WITHIN,
    LEFT_ALONE,
    Cause,
    OnCall,
    Pressure,
    ReserveDecision,
    StandDown,
    Wake,
    accepted,
    decide,
    declined,
    pressures,
)
from routing.waiting import Overflow, Queue, Relaxation, ReserveStaff, Target, When
from tests.builders import NOON, a_profile, a_queue, a_waiting_call, an_agent, seconds
from tests.unit.routing.told import HANDLE
from tests.unit.routing.told import Centre as ToldCentre

STAFF = ReserveStaff(wake_at=3, stand_down_at=1, stand_down_after_seconds=600)
CALM = 600.0


def one_on_call(agent_id: str, skills: str = "", **given: object) -> Agent:
    """On call, off duty for an hour."""
    profile = a_profile(agent_id, skills, **given)
    return reached(off_duty(replace(profile, on_call=True), NOON - seconds(3600)), True)


class Centre:
    """Asks again and again, and remembers; ``at`` counts seconds from NOON."""

    def __init__(self, *people: Agent, queues: tuple[Queue, ...] = ()) -> None:
        self.agents = {agent.profile.agent_id: agent for agent in people}
        self.queues = {queue.queue_id: queue for queue in queues or (a_queue(reserve_staff=STAFF),)}
        self.on_call = OnCall()
        self.at = 0.0

    def ask(
        self, over: float = 0.0, after: float = 5.0, queue: str = "general", callers: int = 9, **given: Cause
    ) -> list[ReserveDecision]:
        """After so many seconds, with callers of the queue who must expect so much of its target."""
        self.at += after
        found = [Pressure(queue, self.queues[queue].needs, over, callers=callers, **given)] if over else []
        now = NOON + seconds(self.at)
        self.on_call, decisions = decide(self.on_call, self.agents, self.queues, found, now)
        return decisions

    def says(self, agent_id: str, duty: Duty) -> None:
        self.agents[agent_id] = agents.on_duty(self.agents[agent_id], duty, "", NOON + seconds(self.at))

    def accepts(self, agent_id: str) -> None:
        """Presses 1 and is on duty."""
        self.on_call = accepted(self.on_call, agent_id)
        self.says(agent_id, Duty.READY)

    def woken(self, agent_id: str) -> None:
        """Was asked and has accepted."""
        assert agent_id in {one.agent_id for one in self.ask(over=4)}
        self.accepts(agent_id)


def test_somebody_is_woken_when_the_expected_wait_passes_the_bound_and_not_before() -> None:
    centre = Centre(an_agent("anna"), one_on_call("marat"))
    assert centre.ask(over=2.9) == []
    assert centre.ask(over=3.0) == [Wake("marat", "general", Cause.LONG_WAIT)]


def test_only_who_is_on_call_off_duty_and_able_is_woken() -> None:
    able = one_on_call("zoya", "lang:az=5")
    centre = Centre(
        an_agent("anna"),
        off_duty(a_profile("boris", "lang:az=5"), NOON),
        one_on_call("marat"),
        agents.on_duty(one_on_call("nina", "lang:az=5"), Duty.PAUSED, "", NOON),
        able,
        queues=(a_queue(needs=(("lang:az", 5),), reserve_staff=STAFF),),
    )
    assert centre.ask(over=9) == [Wake("zoya", "general", Cause.NOBODY)]


def test_one_is_asked_at_a_time_and_the_next_when_he_did_not_accept() -> None:
    centre = Centre(an_agent("anna"), one_on_call("lena"), one_on_call("marat"))
    assert centre.ask(over=4) == [Wake("lena", "general", Cause.LONG_WAIT)]
    assert centre.ask(over=4) == []
    centre.on_call = declined(centre.on_call, "lena")
    assert centre.ask(over=4) == [Wake("marat", "general", Cause.LONG_WAIT)]


def test_silence_is_no_and_who_did_not_accept_is_left_alone_for_a_while() -> None:
    centre = Centre(an_agent("anna"), one_on_call("lena"))
    assert centre.ask(over=4) == [Wake("lena", "general", Cause.LONG_WAIT)]
    assert centre.ask(over=4, after=ACCEPTS_WITHIN.total_seconds()) == []
    assert centre.ask(over=4, after=(LEFT_ALONE - ACCEPTS_WITHIN).total_seconds() - 1) == []
    assert centre.ask(over=4, after=1) == [Wake("lena", "general", Cause.LONG_WAIT)]


def test_who_comes_late_was_woken_all_the_same() -> None:
    centre = Centre(an_agent("anna"), one_on_call("lena"))
    centre.ask(over=4)
    centre.on_call = declined(centre.on_call, "lena")
    centre.ask(after=ACCEPTS_WITHIN.total_seconds())
    centre.accepts("lena")
    assert centre.ask() == []
    assert centre.ask(after=CALM) == [StandDown("lena", "general")]


def test_as_many_are_asked_as_bring_the_wait_below_the_bound() -> None:
    on_call = [one_on_call(f"doctor{number}") for number in range(9)]
    centre = Centre(*[an_agent(f"agent{number}") for number in range(4)], *on_call)
    assert len(centre.ask(over=4.4)) == 2  # four serve at 4.4, six would at 2.9
    centre.says("doctor0", Duty.READY)
    assert len(centre.ask(over=3.52)) == 0  # the other is still on the way
    assert len(centre.ask(over=6)) == 4


def test_no_more_are_asked_than_callers_wait() -> None:
    on_call = [one_on_call(f"doctor{number}") for number in range(9)]
    centre = Centre(*[an_agent(f"agent{number}") for number in range(4)], *on_call)
    assert len(centre.ask(over=40, callers=1)) == 1
    assert len(centre.ask(over=40, callers=3)) == 2, "and the one on the way counts"


def test_who_waits_again_after_a_talk_has_not_waited_since_they_first_came() -> None:
    told = ToldCentre(a_queue(reserve_staff=STAFF, target_seconds=30))
    told.on_duty(10)
    call = a_waiting_call("back", queued_at=NOON - seconds(3600), waiting_since=NOON - seconds(60))
    told.estimator.queued(call, NOON)
    [found] = pressures(told.expected(), told.queues)
    assert found.over_target == pytest.approx((60 + HANDLE / 10) / 30, rel=0.02) and found.callers == 1


def test_who_has_been_off_duty_the_longest_is_asked_first() -> None:
    tired = replace(one_on_call("anton"), since=NOON - seconds(60))
    centre = Centre(tired, one_on_call("boris"))
    assert [one.agent_id for one in centre.ask(over=inf)] == ["boris"]


def test_one_who_can_serve_both_queues_is_asked_once() -> None:
    centre = Centre(one_on_call("lena"), one_on_call("marat"))
    centre.queues["doctors"] = a_queue("doctors", reserve_staff=STAFF)
    found = [Pressure("general", (), inf), Pressure("doctors", (), inf)]
    _, decisions = decide(OnCall(), centre.agents, centre.queues, found, NOON)
    assert len(decisions) == 1


@pytest.mark.parametrize(
    ("reserve", "on_duty", "asked", "cause"),
    [(0, 0, 1, Cause.NOBODY), (0, 1, 0, None), (2, 1, 1, Cause.TOO_FEW), (2, 0, 2, Cause.NOBODY), (2, 2, 0, None)],
)
def test_an_emergency_queue_has_as_many_on_duty_as_it_keeps_free_and_never_nobody(
    reserve: int, on_duty: int, asked: int, cause: Cause | None
) -> None:
    queue = a_queue("emergency", emergency=True, reserve=reserve, needs=(("grade:nurse", 1),))
    nurses = [an_agent(f"nurse{number}", grade="nurse") for number in range(on_duty)]
    on_call = [one_on_call(f"doctor{number}", grade="doctor") for number in range(4)]
    decisions = Centre(an_agent("anna"), *nurses, *on_call, queues=(queue,)).ask(queue="emergency")
    assert [(type(one), getattr(one, "reason", None)) for one in decisions] == [(Wake, cause)] * asked


def test_an_emergency_queue_that_keeps_its_only_nurse_from_others_wakes_one_more_while_they_wait() -> None:
    queue = a_queue("emergency", emergency=True, reserve=1)
    centre = Centre(an_agent("anna"), one_on_call("marat"), one_on_call("lena"), queues=(queue,))
    kept = Pressure("emergency", (), 0.0, Cause.TOO_FEW)
    assert centre.ask() == []
    on_call, woken = decide(centre.on_call, centre.agents, centre.queues, [kept], NOON)
    assert woken == [Wake("lena", "emergency", Cause.TOO_FEW)]
    assert decide(on_call, centre.agents, centre.queues, [kept], NOON + seconds(3))[1] == [], "one is asked already"


def test_people_on_a_break_do_not_hold_the_emergency_line() -> None:
    resting = agents.on_duty(an_agent("anna"), Duty.PAUSED, "lunch", NOON)
    centre = Centre(resting, one_on_call("marat"), queues=(a_queue("emergency", emergency=True),))
    assert centre.ask(queue="emergency") == [Wake("marat", "emergency", Cause.NOBODY)]


def test_who_was_woken_for_the_emergency_line_goes_when_it_can_spare_one_for_long_enough() -> None:
    centre = Centre(one_on_call("marat"), queues=(a_queue("emergency", emergency=True),))
    centre.ask(queue="emergency")
    centre.accepts("marat")
    assert centre.ask(queue="emergency", after=7200) == []
    centre.agents["anna"] = an_agent("anna")
    assert centre.ask(queue="emergency", after=5) == []
    assert centre.ask(queue="emergency", after=300) == [StandDown("marat", "emergency")]


def test_an_overflow_wakes_one_who_stays_until_it_has_been_calm() -> None:
    rule = Overflow(when=When.LONG, to=Target.RESERVE, after_seconds=60)
    centre = Centre(an_agent("anna"), one_on_call("marat"), queues=(a_queue(overflow=(rule,)),))
    assert centre.ask(over=0.1, cause=Cause.OVERFLOW) == [Wake("marat", "general", Cause.OVERFLOW)]
    centre.accepts("marat")
    assert centre.ask(after=299) == []
    assert centre.ask(after=300) == [StandDown("marat", "general")]


def test_nobody_is_stood_down_before_the_queue_has_been_calm_long_enough() -> None:
    centre = Centre(an_agent("anna"), one_on_call("marat"))
    centre.woken("marat")
    assert centre.ask(over=0.9) == []
    assert centre.ask(over=0.9, after=CALM - 1) == []
    assert centre.ask(over=1.0, after=1) == []  # not calm any more
    assert centre.ask(over=0.5) == []
    assert centre.ask(over=2.0, after=CALM) == []
    assert centre.ask(over=0.5) == []
    assert centre.ask(over=0.5, after=CALM) == [StandDown("marat", "general")]
    assert centre.ask() == []


def test_who_is_at_a_call_is_stood_down_only_after_it() -> None:
    centre = Centre(an_agent("anna"), one_on_call("marat"))
    centre.woken("marat")
    centre.agents["marat"] = agents.answered(centre.agents["marat"], "call-1", NOON)
    centre.ask()
    assert centre.ask(after=CALM) == []
    centre.agents["marat"] = agents.released(centre.agents["marat"], NOON + seconds(centre.at), 20)
    assert centre.ask() == []
    centre.agents["marat"] = agents.woke(centre.agents["marat"], NOON + seconds(centre.at + 20))
    assert centre.ask(after=20) == [StandDown("marat", "general")]


def test_they_go_one_by_one_and_calm_must_prove_itself_in_between() -> None:
    centre = Centre(an_agent("anna"), one_on_call("lena"), one_on_call("marat"))
    assert len(centre.ask(over=inf)) == 1
    centre.accepts("lena")
    assert len(centre.ask(over=inf)) == 1
    centre.accepts("marat")
    centre.ask()
    assert centre.ask(after=CALM) == [StandDown("lena", "general")]
    centre.says("lena", Duty.OFF)
    assert centre.ask(after=CALM - 1) == []
    assert centre.ask(after=1) == [StandDown("marat", "general")]


def test_nobody_goes_while_another_queue_that_they_serve_is_pressed() -> None:
    queues = (a_queue(reserve_staff=STAFF), a_queue("doctors", reserve_staff=STAFF))
    centre = Centre(an_agent("anna"), one_on_call("marat"), queues=queues)
    centre.woken("marat")
    centre.ask(over=2, queue="doctors")
    assert centre.ask(over=2, queue="doctors", after=CALM) == []


def test_who_came_by_himself_or_went_by_himself_is_not_stood_down() -> None:
    centre = Centre(an_agent("anna"), one_on_call("marat"), one_on_call("nina"))
    centre.says("nina", Duty.READY)
    assert centre.ask(over=4) == [Wake("marat", "general", Cause.LONG_WAIT)]
    centre.accepts("marat")
    centre.ask()
    centre.says("marat", Duty.OFF)
    assert centre.ask() == []
    assert "marat" not in centre.on_call.woken
    assert centre.ask(after=CALM) == []


def test_after_a_restart_those_who_were_woken_are_given_and_go_in_time() -> None:
    centre = Centre(an_agent("anna"), one_on_call("marat"))
    centre.says("marat", Duty.READY)
    centre.on_call = OnCall(woken={"marat": "general"})
    assert centre.ask() == []
    assert centre.ask(after=CALM) == [StandDown("marat", "general")]


def test_the_last_callers_expectation_is_what_they_waited_and_have_to_wait_over_the_target() -> None:
    told = ToldCentre(a_queue(reserve_staff=STAFF, target_seconds=30), a_queue("calm"))
    told.on_duty(10)
    told.caller(waited=60)
    told.caller(waited=30)
    told.caller(waited=50, queue="calm")
    [found] = pressures(told.expected(), told.queues)
    assert (found.queue, found.needs) == ("general", ())
    assert found.over_target == pytest.approx((30 + 3 * HANDLE / 10) / 30, rel=0.02)


def test_callers_whom_nobody_can_serve_press_without_bound_by_the_needs_that_remain() -> None:
    relaxed = a_queue(reserve_staff=STAFF, relaxation=(Relaxation(after_seconds=9, levels=(("lang:az", 2),)),))
    told = ToldCentre(relaxed)
    told.on_duty(3, "lang:ru=5")
    told.caller("lang:az=7")
    assert pressures(told.expected(), told.queues) == [Pressure("general", (("lang:az", 2),), inf)]
