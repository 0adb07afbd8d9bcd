"""Does the floor decide as one would who looks at every call and every agent, whatever has happened before?"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from calls.events import Duty
from calls.hours import Band
from calls.needs import needs
from routing import agent as agents
from routing.agent import Agent
from routing.assign import LastResort, LeaveToFallback, Overflowed, Ring, assign
from routing.floor import Floor
from routing.waiting import LastResort as LastResortOf
from routing.waiting import Overflow, Relaxation, Target, When
from tests.builders import NOON, a_profile, a_queue, a_waiting_call, seconds, weekdays_nine_to_six
from tests.unit.routing.naive import NaiveFloor, assign_naively

RUNS = 10_000 if os.environ.get("AL_LONG") else 200
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
        overflow=(
            Overflow(when=When.FULL, to=Target.QUEUE, queue="general", limit=2),
            Overflow(when=When.LONG, to=Target.RESERVE, after_seconds=15),
            Overflow(when=When.NOBODY, to=Target.CALLBACK, after_seconds=5),
            Overflow(when=When.LONG, to=Target.LAST_RESORT, after_seconds=60),
        ),
    ),
    "office": a_queue(
        "office", hours=CLOSES_SOON, overflow=(Overflow(when=When.CLOSED, to=Target.VOICEMAIL, after_seconds=1),)
    ),
    "emergency": a_queue("emergency", emergency=True, needs=needs({"grade:nurse": 1}), reserve=1),
    "rescue": a_queue(
        "rescue",
        emergency=True,
        needs=needs({"lang:ru": 1}),
        reserve=2,
        last_resort=LastResortOf(mobile="+447700900900", after_seconds=20),
        overflow=(Overflow(when=When.NOBODY, to=Target.QUEUE, queue="emergency"),),
    ),
}
SKILLS = ["lang:ru", "lang:az", "desk:approvals"]
NAMES = ["anna", "boris", "clara", "denis", "elena", "farid"]
CALLS = [f"call-{number}" for number in range(8)]

levels = some.dictionaries(some.sampled_from(SKILLS), some.integers(1, 3), max_size=3)
asked = some.builds(
    lambda skills, grade: needs({**skills, **grade}),
    some.dictionaries(some.sampled_from(SKILLS), some.integers(1, 3), max_size=2),
    some.sampled_from([{}, {}, {"grade:nurse": 1}]),
)
profiles = some.builds(
    lambda name, skills, grade: replace(a_profile(name, grade=grade), skills=needs(skills)),
    some.sampled_from(NAMES),
    levels,
    some.sampled_from(["dispatcher", "nurse", "doctor"]),
)


class FloorModel(RuleBasedStateMachine):
    """The floor and the naive floor are told the same, and are asked at the same moments."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.floor = Floor(QUEUES)
        self.naive = NaiveFloor(QUEUES)

    def set(self, agent: Agent) -> None:
        self.floor.agents[agent.profile.agent_id] = self.naive.agents[agent.profile.agent_id] = agent

    def put(self, call: Any) -> None:
        self.floor.put(call)
        self.naive.put(call)

    def drop(self, call_id: str) -> None:
        self.floor.drop(call_id)
        self.naive.drop(call_id)

    @rule(profile=profiles)
    def comes_on_duty(self, profile: Any) -> None:
        agent = agents.reached(agents.off_duty(profile, self.now), True)
        self.set(agents.on_duty(agent, Duty.READY, "", self.now))

    @precondition(lambda self: self.naive.agents)
    @rule(some=some.data(), what=some.sampled_from(["ready", "paused", "off", "gone", "there", "engaged", "idle"]))
    def says_or_does(self, some: Any, what: str) -> None:
        agent = self.naive.agents[some.draw(strategy_of(self.naive.agents))]
        if what in ("ready", "paused", "off"):
            self.set(agents.on_duty(agent, Duty(what), "", self.now))
        elif what in ("gone", "there"):
            self.set(agents.reached(agent, what == "there"))
        else:
            self.set(agents.phone_in_use(agent, what == "engaged"))

    @precondition(lambda self: self.naive.agents)
    @rule(some=some.data(), call_id=some.sampled_from(CALLS), what=some.sampled_from(["talks", "released", "missed"]))
    def is_busy(self, some: Any, call_id: str, what: str) -> None:
        agent = self.naive.agents[some.draw(strategy_of(self.naive.agents))]
        if what == "talks":
            self.set(agents.answered(agent, call_id, self.now))
        elif what == "released":
            self.set(agents.released(agent, self.now, 7))
        else:
            rung = agents.reserve(agent, call_id, 1, self.now)
            self.set(agents.not_reached(rung, call_id, "NOANSWER", self.now))

    @precondition(lambda self: self.naive.agents)
    @rule(some=some.data(), skills=levels)
    def learns(self, some: Any, skills: dict[str, int]) -> None:
        agent = self.naive.agents[some.draw(strategy_of(self.naive.agents))]
        self.set(replace(agent, profile=replace(agent.profile, skills=needs(skills))))

    @precondition(lambda self: self.naive.agents)
    @rule(some=some.data())
    def leaves_the_house(self, some: Any) -> None:
        agent_id = some.draw(strategy_of(self.naive.agents))
        del self.floor.agents[agent_id], self.naive.agents[agent_id]

    @rule(
        call_id=some.sampled_from(CALLS),
        queue=some.sampled_from(list(QUEUES)),
        needs=asked,
        waited=some.sampled_from([0, 0, 0, 5, 30]),
        preferred=some.sampled_from([None, None, *NAMES]),
        place=some.sampled_from(["room", "room", "room", "fallback", "last resort"]),
        tried=some.sampled_from([frozenset(), frozenset(), frozenset({Target.QUEUE}), frozenset({Target.RESERVE})]),
    )
    def calls_or_changes(self, call_id, queue, needs, waited, preferred, place, tried) -> None:  # type: ignore[no-untyped-def]
        self.put(
            replace(
                a_waiting_call(call_id, queue=queue),
                needs=needs,
                queued_at=self.now - seconds(waited),
                waiting_since=self.now - seconds(waited / 2),
                preferred=preferred,
                in_fallback=place == "fallback",
                in_last_resort=place == "last resort",
                overflowed=tried,
            )
        )

    @rule(call_id=some.sampled_from(CALLS))
    def hangs_up(self, call_id: str) -> None:
        self.drop(call_id)

    @rule(by=some.sampled_from([0.001, 0.999999, 1, 2.5, 5, 15.5, 61]))
    def time_passes(self, by: float) -> None:
        self.now += seconds(by)
        for agent in list(self.naive.agents.values()):
            self.set(agents.woke(agent, self.now))

    @rule()
    def time_comes(self) -> None:
        """Exactly the moment at which the floor wants to be asked."""
        due = self.floor.next_deadline()
        if due is not None:
            self.now = max(self.now, due)

    @rule(carried_out=some.booleans())
    def is_decided(self, carried_out: bool) -> None:
        decisions = assign(self.floor, self.now)
        assert decisions == assign_naively(self.naive, self.now)
        for decision in decisions if carried_out else ():
            call = self.naive.waiting[decision.call_id]
            match decision:
                case Ring(agent_id=agent_id):
                    self.set(agents.reserve(self.naive.agents[agent_id], call.call_id, 1, self.now))
                    self.drop(call.call_id)
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

    def teardown(self) -> None:
        self.is_decided(carried_out=True)


def strategy_of(several: Any) -> Any:
    return some.sampled_from(sorted(several))


TestFloorModel = FloorModel.TestCase
TestFloorModel.settings = settings(max_examples=RUNS, stateful_step_count=STEPS, deadline=None)
