"""Is reserve staff woken when callers would wait too long, and let go when they are not needed any more?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.deciding import decide
from app.on_call import LOOK_EVERY, SETTLES_WITHIN
from app.state import Centre
from calls.call import CallState
from calls.commands import WakeReserve
from calls.events import (
    AgentNotReached,
    Duty,
    DutyChanged,
    Event,
    ReserveAccepted,
    ReserveDeclined,
    ReserveStoodDown,
    ReserveWoken,
    SwitchDoubted,
    SwitchLost,
    Tick,
)
from routing import agent as agents
from routing.agent import Agent, AgentState
from routing.waiting import Overflow, Queue, ReserveStaff, Target, When
from tests.builders import NOON, a_call, an_agent, seconds
from tests.unit.app.test_handlers import CONFIGURATION, handle

SETTLED = NOON + SETTLES_WITHIN
STAFF = ReserveStaff(wake_at=2, stand_down_at=1, stand_down_after_seconds=60)
DOCTORS = replace(CONFIGURATION.queues["doctors"], reserve_staff=STAFF)


def on_call(agent_id: str = "marat", duty: Duty = Duty.OFF, reason: str = "") -> Agent:
    profile = replace(CONFIGURATION.agents["marat"], agent_id=agent_id)
    off = an_agent(
        agent_id, duty=duty, state=AgentState.OFFLINE if duty is Duty.OFF else AgentState.READY, reason=reason
    )
    return replace(off, profile=profile)


def a_night(doctors: Queue = DOCTORS, *callers: Any, agents: tuple[Agent, ...] = ()) -> Centre:
    """Marat, or others, on call; a queue of doctors, and no emergency line."""
    people = {agent.profile.agent_id: agent for agent in agents or (on_call(),)}
    profiles = {agent_id: agent.profile for agent_id, agent in people.items()}
    return Centre(
        configuration=replace(CONFIGURATION, queues={"doctors": doctors}, agents=profiles),
        agents=people,
        calls={call.call_id: call for call in callers},
        nodes={"pbx1": ()},
    )


def a_caller(call_id: str = "one") -> Any:
    return a_call(
        call_id, state=CallState.WAITING, queue="doctors", line="doctors", queued_at=NOON, waiting_since=NOON,
        needs=(("desk:approvals", 5), ("lang:ru", 1)),
    )  # fmt: skip


def ticks(centre: Centre, after: float) -> list[Event]:
    """What a tick so many seconds after the centre has settled brings, of people on call."""
    told = Tick(at=SETTLED + seconds(after))
    facts = handle(centre, told)
    list(decide(centre, told))
    return [fact for fact in facts if isinstance(fact, ReserveWoken | ReserveStoodDown)]


def begun(centre: Centre) -> Centre:
    list(decide(centre, Tick(at=NOON)))
    handle(centre, Tick(at=NOON))
    return centre


def test_somebody_is_woken_when_a_caller_would_wait_too_long_but_not_before_phones_can_have_registered() -> None:
    centre = begun(a_night(DOCTORS, a_caller()))
    assert ticks(centre, -1) == []
    [woken] = ticks(centre, 0)
    assert woken == ReserveWoken(at=SETTLED, agent_id="marat", queue="doctors", reason="nobody-on-duty")
    assert handle(centre, woken) == [WakeReserve(node="pbx1", agent_id="marat", queue="doctors")]
    assert ticks(centre, LOOK_EVERY.total_seconds()) == [], "one is asked once"


def test_who_declines_is_left_alone_and_the_next_is_asked() -> None:
    centre = begun(a_night(DOCTORS, a_caller(), agents=(on_call(), on_call("olga"))))
    [first] = ticks(centre, 0)
    assert isinstance(first, ReserveWoken)
    handle(centre, ReserveDeclined(at=NOON, agent_id=first.agent_id, dial_status="DECLINED"))
    [second] = ticks(centre, 3)
    assert isinstance(second, ReserveWoken) and {first.agent_id, second.agent_id} == {"marat", "olga"}
    handle(centre, ReserveDeclined(at=NOON, agent_id=second.agent_id, dial_status="NOANSWER"))
    assert ticks(centre, 6) == []


def test_who_accepts_comes_on_duty_and_goes_when_the_queue_has_been_calm_long_enough() -> None:
    centre = begun(a_night(DOCTORS, a_caller()))
    ticks(centre, 0)
    assert handle(centre, ReserveAccepted(at=NOON, agent_id="marat")) == [
        DutyChanged(at=NOON, agent_id="marat", duty=Duty.READY, reason="woken")
    ]
    handle(centre, DutyChanged(at=NOON, agent_id="marat", duty=Duty.READY, reason="woken"))
    del centre.calls["one"]
    list(decide(centre, Tick(at=SETTLED + seconds(1))))
    assert ticks(centre, 3) == []
    [gone] = ticks(centre, 63)
    assert gone == ReserveStoodDown(at=SETTLED + seconds(63), agent_id="marat", queue="doctors")
    assert handle(centre, gone) == [
        DutyChanged(at=SETTLED + seconds(63), agent_id="marat", duty=Duty.OFF, reason="stood-down")
    ]


def test_who_was_woken_at_home_and_does_not_answer_is_off_duty_and_can_be_woken_again() -> None:
    centre = begun(a_night(replace(DOCTORS, misses_before_pause=2), a_caller()))
    ticks(centre, 0)
    [came] = handle(centre, ReserveAccepted(at=SETTLED, agent_id="marat"))
    handle(centre, came)
    for after in (20, 40):
        at = SETTLED + seconds(after)
        centre.agents["marat"] = agents.reserve(centre.agents["marat"], "one", after, at)
        told = AgentNotReached(at=at, call_id="one", agent_id="marat", attempt=after, dial_status="NOANSWER")
        facts = [fact for fact in handle(centre, told) if isinstance(fact, DutyChanged)]
    assert facts == [DutyChanged(at=at, agent_id="marat", duty=Duty.OFF, reason="no-answer")]
    handle(centre, facts[0])
    assert [type(fact) for fact in ticks(centre, 43)] == [ReserveWoken]


def test_who_declined_and_came_of_their_own_accord_is_not_sent_away() -> None:
    centre = begun(a_night(DOCTORS, a_caller()))
    ticks(centre, 0)
    handle(centre, ReserveDeclined(at=NOON, agent_id="marat", dial_status="DECLINED"))
    handle(centre, DutyChanged(at=NOON, agent_id="marat", duty=Duty.READY))
    del centre.calls["one"]
    list(decide(centre, Tick(at=SETTLED + seconds(1))))
    assert [ticks(centre, after) for after in (3, 63, 123)] == [[], [], []]


def test_whom_an_earlier_process_woke_may_go_too() -> None:
    centre = begun(a_night(DOCTORS, agents=(on_call(duty=Duty.READY, reason="woken"),)))
    assert ticks(centre, 0) == []
    assert [type(fact) for fact in ticks(centre, 60)] == [ReserveStoodDown]


def test_a_queue_that_overflows_to_reserve_staff_has_somebody_woken_at_the_next_tick() -> None:
    rule = Overflow(when=When.LONG, to=Target.RESERVE, after_seconds=31)
    centre = begun(a_night(replace(DOCTORS, reserve_staff=None, overflow=(rule,)), a_caller()))
    assert ticks(centre, 20) == []
    assert ticks(centre, 21) == [], "decided after the tick was handled"
    [woken] = ticks(centre, 21.5)
    assert isinstance(woken, ReserveWoken) and woken.reason == "overflow"
    assert centre.calls["one"].overflowed == {Target.RESERVE} and "one" in centre.floor.waiting


def test_nobody_is_woken_while_no_asterisk_is_connected() -> None:
    centre = begun(a_night(DOCTORS, a_caller()))
    handle(centre, SwitchLost(at=NOON, node="pbx1"))
    assert ticks(centre, 0) == [] and ticks(centre, 30) == []
    centre.nodes["pbx1"] = ()
    assert ticks(centre, 40) == [], "phones come back first"


def test_after_a_doubt_people_are_woken_as_soon_as_asterisk_has_been_looked_at() -> None:
    centre = begun(a_night(DOCTORS))
    assert ticks(centre, 0) == []
    centre.calls["one"] = a_caller()
    handle(centre, SwitchDoubted(at=NOON, node="pbx1"))
    assert ticks(centre, 3) == []
    centre.nodes["pbx1"] = ()
    list(decide(centre, Tick(at=SETTLED + seconds(3))))
    assert [type(fact) for fact in ticks(centre, 3.5)] == [ReserveWoken]


def test_who_has_declined_is_not_asked_again_because_the_link_was_lost() -> None:
    centre = begun(a_night(DOCTORS, a_caller()))
    assert ticks(centre, 0)
    handle(centre, ReserveDeclined(at=NOON, agent_id="marat", dial_status="DECLINED"))
    centre.nodes["pbx1"] = None
    ticks(centre, 3)
    centre.nodes["pbx1"] = ()
    assert [ticks(centre, after) for after in (6, 9, 20, 30)] == [[], [], [], []]
