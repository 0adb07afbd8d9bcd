"""What holds for reserve staff, whoever is pressed and whoever accepts?"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as some

from calls.events import Duty
from routing import agent as agents
from routing.agent import Agent, AgentState, can_serve, off_duty, reached
from routing.reserve import ACCEPTS_WITHIN, LEFT_ALONE, OnCall, Pressure, ReserveDecision, StandDown, accepted, decide
from routing.waiting import ReserveStaff
from tests.builders import NOON, a_profile, a_queue, an_agent, seconds

DAYS = 5_000 if os.environ.get("AL_LONG") else 200

STAFF = ReserveStaff(wake_at=3, stand_down_at=1, stand_down_after_seconds=120)
QUEUES = {
    "general": a_queue(reserve_staff=STAFF),
    "doctors": a_queue("doctors", reserve_staff=STAFF, needs=(("desk:approvals", 1),)),
    "emergency": a_queue("emergency", emergency=True, reserve=2, needs=(("grade:nurse", 1),)),
}
ON_CALL = ["lena", "marat", "nina", "oleg"]

steps = some.lists(
    some.tuples(
        some.sampled_from([5, 30, 70, 130]),
        some.sampled_from([0.0, 0.5, 2.0, 3.0, 8.0, inf]),
        some.sampled_from(list(QUEUES)[:2]),
        some.sampled_from(["", "accepts", "comes", "talks", "ends", "leaves", "regular comes", "regular goes"]),
        some.sampled_from(ON_CALL),
    ),
    max_size=40,
)


def people() -> dict[str, Agent]:
    profiles = [
        a_profile("lena", "desk:approvals=3", "doctor"),
        a_profile("marat", "desk:approvals=3", "dispatcher"),
        a_profile("nina", "", "nurse"),
        a_profile("oleg"),
    ]
    on_call = [reached(off_duty(replace(profile, on_call=True), NOON), True) for profile in profiles]
    regular = an_agent("anna", "desk:approvals=1", "nurse")
    return {agent.profile.agent_id: agent for agent in [*on_call, regular, an_agent("boris", "", "nurse")]}


def happens(there: dict[str, Agent], on_call: OnCall, what: str, who: str, now: datetime) -> OnCall:
    agent = there[who]
    match what:
        case "accepts" if who in on_call.asked and on_call.asked[who].open:
            there[who] = agents.on_duty(agent, Duty.READY, "", now)
            return accepted(on_call, who)
        case "comes" if agent.duty is Duty.OFF:
            there[who] = agents.on_duty(agent, Duty.READY, "", now)
        case "talks" if agent.state is AgentState.READY:
            there[who] = agents.answered(agent, f"call-{now.timestamp()}", now)
        case "ends":
            there[who] = agents.woke(agents.released(agent, now, 0), now)
        case "leaves":
            there[who] = agents.on_duty(agent, Duty.OFF, "", now)
        case "regular comes" | "regular goes":
            duty = Duty.READY if what == "regular comes" else Duty.OFF
            there["anna"] = agents.on_duty(there["anna"], duty, "", now)
    return on_call


@settings(max_examples=DAYS, deadline=None)
@given(steps)
def test_whatever_happens_people_are_asked_rarely_and_let_go_only_when_nobody_misses_them(told: list) -> None:
    there, on_call, now = people(), OnCall(), NOON
    last_asked: dict[str, datetime] = {}
    for after, over, queue, what, who in told:
        now += seconds(after)
        on_call = happens(there, on_call, what, who, now)
        found = [Pressure(queue, QUEUES[queue].needs, over)] if over else []
        upside_down = dict(reversed(there.items()))
        assert decide(on_call, upside_down, QUEUES, found, now)[1] == decide(on_call, there, QUEUES, found, now)[1]
        before = on_call
        on_call, decisions = decide(on_call, there, QUEUES, found, now)
        assert len({one.agent_id for one in decisions}) == len(decisions)
        for one in decisions:
            check(one, there, before, on_call, now, last_asked)
        for one in decisions:
            if isinstance(one, StandDown):
                there[one.agent_id] = agents.on_duty(there[one.agent_id], Duty.OFF, "", now)


def check(
    one: ReserveDecision,
    there: dict[str, Agent],
    before: OnCall,
    after: OnCall,
    now: datetime,
    last_asked: dict[str, datetime],
) -> None:
    agent = there[one.agent_id]
    if isinstance(one, StandDown):
        assert agent.state in {AgentState.READY, AgentState.PAUSED}
        assert one.agent_id in before.woken
        assert now - last_asked.pop(one.agent_id) >= seconds(STAFF.stand_down_after_seconds)
        left = [
            other for other in there.values() if other.duty is Duty.READY and other.profile.agent_id != one.agent_id
        ]
        needs = QUEUES["emergency"].needs
        assert not can_serve(agent.profile, needs) or sum(can_serve(other.profile, needs) for other in left) >= 2
        return
    assert agent.profile.on_call
    assert agent.duty is Duty.OFF
    assert can_serve(agent.profile, QUEUES[one.queue].needs)
    asked = before.asked.get(one.agent_id)
    assert asked is None or now - asked.at >= LEFT_ALONE
    last_asked[one.agent_id] = now
    assert after.asked[one.agent_id].open
    still = [agent_id for agent_id, given in after.asked.items() if given.open]
    assert all(now - after.asked[agent_id].at < ACCEPTS_WITHIN for agent_id in still)
