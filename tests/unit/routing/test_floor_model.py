"""Does the floor decide as one would who looks at every call and every agent, whatever has happened before?"""

from __future__ import annotations

import os
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from calls.events import Duty
from calls.hours import Band
from calls.needs import Needs, needs
from routing.agent import (
    Agent,
    answered,
    not_reached,
    off_duty,
    on_duty,
    phone_in_use,
    reached,
    released,
    reserve,
    woke,
)
from routing.assign import Decision, GiveWay, LastResort, LeaveToFallback, Overflowed, Ring, assign
from routing.floor import Floor
from routing.waiting import LastResort as LastResortOf
from routing.waiting import Overflow, Relaxation, Target, WaitingCall, When
from tests.builders import NOON, a_profile, a_queue, a_waiting_call, seconds, weekdays_nine_to_six
from tests.unit.routing.naive import NaiveFloor, assign_naively

RUNS = 10_000 if os.environ.get("AL_LONG") else 300
STEPS = 200 if os.environ.get("AL_LONG") else 50

CLOSES_SOON = replace(weekdays_nine_to_six("UTC"), weekly=((Band(9 * 60, 12 * 60 + 2),),) * 7)
QUEUES = {
    "general": a_queue(
        "general",
        preferred_seconds=20.0,
        relaxation=(
            Relaxation(after_seconds=10, levels=(("lang:*", 2), ("desk:approvals", 1))),
            Relaxation(after_seconds=25.5, levels=(("lang:az", 0),), interpreter=True),
        ),
        last_resort=LastResortOf(after_seconds=40),
    ),
    "doctors": a_queue(
        "doctors",
        target_seconds=10.0,
        ring_at_once=3,
        overflow=(
            Overflow(when=When.FULL, to=Target.QUEUE, queue="general", limit=1),
            Overflow(when=When.LONG, to=Target.RESERVE, after_seconds=15),
            Overflow(when=When.NOBODY, to=Target.CALLBACK, after_seconds=5),
            Overflow(when=When.LONG, to=Target.LAST_RESORT, after_seconds=60),
        ),
    ),
    "office": a_queue(
        "office", hours=CLOSES_SOON, overflow=(Overflow(when=When.CLOSED, to=Target.VOICEMAIL, after_seconds=1),)
    ),
    "emergency": a_queue("emergency", emergency=True, needs=needs({"grade:nurse": 1}), reserve=1, ring_at_once=2),
    "rescue": a_queue(
        "rescue",
        emergency=True,
        needs=needs({"lang:ru": 1}),
        reserve=2,
        relaxation=(
            Relaxation(after_seconds=8, levels=(("lang:ru", 1), ("lang:az", 1))),
            Relaxation(after_seconds=20, levels=(("lang:az", 0), ("desk:*", 0))),
        ),
        last_resort=LastResortOf(mobile="+447700900900", after_seconds=20),
        overflow=(Overflow(when=When.NOBODY, to=Target.QUEUE, queue="emergency"),),
    ),
}
SKILLS = ["lang:ru", "lang:az", "desk:approvals"]
NAMES = ["anna", "boris", "clara", "denis"]
CALLS = [f"call-{number}" for number in range(10)]

levels = some.dictionaries(some.sampled_from(SKILLS), some.integers(1, 3), min_size=1, max_size=3).map(needs)
people = some.builds(
    lambda skills, grade, waited, extension: replace(
        on_duty(reached(off_duty(a_profile(grade=grade), NOON - seconds(waited)), True), Duty.READY, "", NOON),
        profile=replace(a_profile(grade=grade), skills=skills, extension=extension),
    ),
    levels,
    some.sampled_from(["dispatcher", "nurse", "doctor"]),
    some.integers(0, 3),
    some.sampled_from(["101"] * 4 + [None]),
)
asked = some.sampled_from(
    [
        {},
        {"lang:ru": 1},
        {"lang:ru": 3},
        {"lang:az": 2},
        {"lang:az": 2, "desk:approvals": 2},
        {"lang:ru": 1, "grade:nurse": 1},
    ]
).map(needs)
calls = some.builds(
    a_waiting_call,
    some.sampled_from(CALLS),
    queue=some.sampled_from(list(QUEUES)),
    waited=some.sampled_from([0, 0, 0, 5, 30]),
    back_since=some.sampled_from([None, None, NOON + seconds(7)]),
    preferred=some.sampled_from([None, *NAMES]),
    patient=some.sampled_from([True, True, False]),
    in_fallback=some.sampled_from([False] * 15 + [True]),
    in_last_resort=some.sampled_from([False] * 7 + [True]),
    overflowed=some.sampled_from([frozenset[Target]()] * 3 + [frozenset({Target.QUEUE}), frozenset({Target.RESERVE})]),
)
what_agents_do = some.sampled_from(
    ["ready", "ready", "paused", "off", "gone", "there", "engaged", "idle", "talks", "released", "missed", "missed"]
)


class FloorModel(RuleBasedStateMachine):
    """The floor and the naive floor are told the same, and are asked at the same moments."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.floor = Floor(QUEUES)
        self.naive = NaiveFloor(QUEUES)
        self.rung: dict[str, WaitingCall] = {}
        self.asked = self.carried_out = True

    def set(self, agent: Agent) -> None:
        self.floor.agents[agent.profile.agent_id] = self.naive.agents[agent.profile.agent_id] = agent

    def put(self, call: WaitingCall) -> None:
        self.floor.put(call)
        self.naive.put(call)

    def drop(self, call_id: str) -> None:
        self.floor.drop(call_id)
        self.naive.drop(call_id)

    @initialize(staff=some.lists(people, min_size=len(NAMES), max_size=len(NAMES)))
    def opens(self, staff: list[Agent]) -> None:
        for name, agent in zip(NAMES, staff, strict=True):
            self.set(replace(agent, profile=replace(agent.profile, agent_id=name)))

    @rule(name=some.sampled_from(NAMES), what=what_agents_do, call_id=some.sampled_from(CALLS))
    def does(self, name: str, what: str, call_id: str) -> None:
        agent = self.naive.agents.get(name)
        if agent is None:
            return
        if what in ("ready", "paused", "off"):
            self.set(on_duty(agent, Duty(what), "", self.now))
        elif what in ("gone", "there"):
            self.set(reached(agent, what == "there"))
        elif what in ("engaged", "idle"):
            self.set(phone_in_use(agent, what == "engaged"))
        elif what == "talks":
            self.set(answered(agent, call_id, self.now))
        elif what == "released":
            self.set(released(agent, self.now, 7))
        else:
            self.misses(agent, agent.call_id or call_id)

    def misses(self, agent: Agent, call_id: str) -> None:
        """The caller waits on."""
        self.set(not_reached(reserve(agent, call_id, 1, self.now), call_id, "NOANSWER", self.now))
        if call_id in self.rung:
            self.put(self.rung.pop(call_id))

    @rule(name=some.sampled_from(NAMES), agent=people, leaves=some.sampled_from([False, False, True]))
    def is_another(self, name: str, agent: Agent, leaves: bool) -> None:
        """Other skills, or gone altogether."""
        if leaves and name in self.naive.agents:
            del self.floor.agents[name], self.naive.agents[name]
        elif not leaves:
            self.set(replace(agent, since=self.now, profile=replace(agent.profile, agent_id=name)))

    @rule(call=calls, needs=asked)
    def calls_or_changes(self, call: WaitingCall, needs: Needs) -> None:
        later = self.now - NOON
        self.put(replace(call, needs=needs, queued_at=call.queued_at + later, waiting_since=call.waiting_since + later))

    @rule(call_id=some.sampled_from(CALLS))
    def hangs_up(self, call_id: str) -> None:
        self.drop(call_id)

    @rule(by=some.sampled_from([None, None, 0.001, 0.999999, 1, 2.5, 5, 15.5, 61]))
    def time_passes(self, by: float | None) -> None:
        """None is exactly until the floor wants to be asked."""
        due = self.floor.next_deadline() if by is None else self.now + seconds(by)
        self.now = max(self.now, due or self.now)
        for agent in list(self.naive.agents.values()):
            if (woken := woke(agent, self.now)) is not agent:
                self.set(woken)

    @rule(asked=some.sampled_from([True, True, False]), carried_out=some.sampled_from([True, True, False]))
    def from_now_on(self, asked: bool, carried_out: bool) -> None:
        """Whether the floor is asked after each step, and whether what it decides is done."""
        self.asked, self.carried_out = asked, carried_out

    @invariant()
    def they_decide_alike(self) -> None:
        if not self.asked:
            return
        decisions = assign(self.floor, self.now)
        assert decisions == assign_naively(self.naive, self.now)
        for decision in decisions if self.carried_out else ():
            self.carry_out(decision)

    def carry_out(self, decision: Decision) -> None:
        call = self.naive.waiting[decision.call_id]
        match decision:
            case Ring(agent_id=agent_id, besides=besides):
                yields = not QUEUES[call.queue].emergency
                for one in (agent_id, *besides):
                    self.set(reserve(self.naive.agents[one], call.call_id, 1, self.now, yields=yields))
                self.drop(call.call_id)
                self.rung[call.call_id] = call
            case GiveWay(agent_id=agent_id, instead_of=other):
                self.set(reserve(self.naive.agents[agent_id], call.call_id, 1, self.now))
                self.drop(call.call_id)
                self.rung[call.call_id] = call
                if other in self.rung:
                    self.put(self.rung.pop(other))
            case LastResort():
                self.put(replace(call, in_last_resort=True))
            case Overflowed(to=Target.QUEUE, queue=queue):
                self.put(replace(call, queue=queue, overflowed=call.overflowed | {Target.QUEUE}))
            case Overflowed(to=to):
                self.put(replace(call, overflowed=call.overflowed | {to}))
            case LeaveToFallback():
                pass

    @invariant()
    def they_agree_on_who_waits_and_in_which_order(self) -> None:
        assert dict(self.floor.waiting) == self.naive.waiting
        assert dict(self.floor.agents) == self.naive.agents
        for queue in QUEUES:
            of_queue = [call for call in self.naive.waiting.values() if call.queue == queue]
            in_turn = sorted(of_queue, key=lambda call: (call.queued_at, call.call_id))
            assert [self.floor.position(call.call_id) for call in in_turn] == list(range(1, len(in_turn) + 1))


TestFloorModel = FloorModel.TestCase
TestFloorModel.settings = settings(max_examples=RUNS, stateful_step_count=STEPS, deadline=None)
