"""What holds for every estimate, whatever has happened before?"""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from calls.events import Duty
from routing import agent as agents
from routing.agent import AgentState
from tests.builders import a_queue, an_agent
from tests.unit.routing.told import Centre, qlm

CENTRES = 2_000 if os.environ.get("AL_LONG") else 150


@settings(max_examples=CENTRES, deadline=None)
@given(some.integers(1, 40), some.integers(0, 80))
def test_with_one_kind_of_call_and_agent_it_is_qlm(size: int, ahead: int) -> None:
    centre = Centre()
    centre.on_duty(size)
    centre.callers(ahead)
    assert centre.asked().mean == pytest.approx(qlm(size, ahead))


happenings = some.lists(
    some.tuples(
        some.sampled_from(["queued", "left", "answer", "put down", "ready", "off", "pass"]),
        some.integers(0, 5),
        some.sampled_from(["", "lang:ru=2", "lang:az=1", "lang:az=1&lang:ru=2"]),
    ),
    max_size=60,
)


@settings(max_examples=CENTRES, deadline=None)
@given(happenings)
def test_whatever_happens_estimates_are_ordered_and_grow_with_every_caller_ahead(told: list) -> None:
    centre = Centre(a_queue(), a_queue("doctors", target_seconds=10), a_queue("emergency", emergency=True))
    skills = ["lang:ru=5", "lang:az=5", "lang:az=3&lang:ru=3", "", "lang:ru=5", "lang:ru=1"]
    for number, text in enumerate(skills):
        centre.set(an_agent(f"agent{number}", text))
    waiting: list[str] = []
    for what, which, needs in told:
        agent = centre.agents[f"agent{which}"]
        match what:
            case "queued":
                waiting.append(centre.caller(needs, queue=["general", "doctors", "emergency"][which % 3]))
            case "left" if waiting:
                centre.estimator.left(waiting.pop(which % len(waiting)), centre.now)
            case "answer" if waiting and agent.state is AgentState.READY:
                centre.answer(f"agent{which}", waiting.pop(0))
            case "put down":
                centre.put_down(f"agent{which}")
            case "ready" | "off":
                duty = Duty.READY if what == "ready" else Duty.OFF
                centre.set(agents.on_duty(agent, duty, "", centre.now))
            case "pass":
                centre.at += 30 * which
    waits = []
    for _ in range(3):
        said = centre.said()
        waits.append(said.mean if said else float("inf"))
        if said:
            assert 0 <= said.p50 <= said.p90
            assert said.mean <= said.p90 or said.p90 == 0
        centre.caller()
    assert waits == sorted(waits)
    assert {one.call.call_id for one in centre.expected()} >= {f"call-{centre.calls:05}"}
