"""What holds for every centre, whoever waits and whoever is free?"""

from __future__ import annotations

import os
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as some

from calls.needs import needs
from routing.agent import Agent, AgentState, can_serve, is_free, rests
from routing.assign import Decision, LastResort, LeaveToFallback, assign
from routing.floor import Floor
from routing.waiting import WaitingCall
from tests.builders import NOON, a_queue, a_waiting_call, an_agent, seconds

CENTRES = 10_000 if os.environ.get("AL_LONG") else 300

QUEUES = {
    "general": a_queue("general"),
    "doctors": a_queue("doctors", target_seconds=10.0),
    "emergency": a_queue("emergency", emergency=True),
}
SKILLS = ["lang:ru", "lang:az", "desk:approvals"]

asked = some.dictionaries(some.sampled_from(SKILLS), some.integers(1, 3), max_size=2).map(needs)


@some.composite
def waiting_calls(draw) -> list[WaitingCall]:
    waits = draw(some.lists(some.floats(0, 200), max_size=12))
    return [
        a_waiting_call(
            f"call-{index}",
            waited=waited,
            queue=draw(some.sampled_from(list(QUEUES))),
            in_fallback=draw(some.booleans()),
        )
        for index, waited in enumerate(waits)
    ]


@some.composite
def centres(draw) -> tuple[list[WaitingCall], dict[str, Agent]]:
    waiting = [replace(call, needs=draw(asked)) for call in draw(waiting_calls())]
    agents = {}
    for index in range(draw(some.integers(0, 8))):
        skills = "&".join(f"{skill}={level}" for skill, level in draw(asked))
        agents[f"agent{index}"] = an_agent(
            f"agent{index}",
            skills,
            state=draw(some.sampled_from([AgentState.READY, AgentState.READY, AgentState.TALKING])),
            since=NOON - seconds(draw(some.integers(0, 5))),
            reachable=draw(some.booleans()),
            not_before=draw(some.sampled_from([None, NOON, NOON + seconds(3)])),
            missed=draw(some.sampled_from(["", "call-0", "call-1"])),
        )
    return waiting, agents


def decided(waiting: list[WaitingCall], agents: dict[str, Agent]) -> list[Decision]:
    floor = Floor(QUEUES, agents.values())
    for call in waiting:
        floor.put(call)
    return assign(floor, NOON)


@settings(max_examples=CENTRES, deadline=None)
@given(centres())
def test_no_agent_is_rung_twice_and_no_call_decided_twice(centre) -> None:
    waiting, agents = centre
    decisions = decided(waiting, agents)
    taken = [one.agent_id for one in decisions if not isinstance(one, LastResort)]
    assert len(taken) == len(set(taken))
    assert len({one.call_id for one in decisions}) == len(decisions)


@settings(max_examples=CENTRES, deadline=None)
@given(centres())
def test_only_free_agents_who_can_serve_the_call_are_chosen_and_fallback_calls_are_sent_nothing(centre) -> None:
    waiting, agents = centre
    calls = {call.call_id: call for call in waiting}
    for one in decided(waiting, agents):
        call = calls[one.call_id]
        assert isinstance(one, LeaveToFallback) or not call.in_fallback
        if not isinstance(one, LastResort):
            agent = agents[one.agent_id]
            assert is_free(agent, NOON) or (QUEUES[call.queue].emergency and rests(agent, NOON))
            assert can_serve(agents[one.agent_id].profile, call.needs)


@settings(max_examples=CENTRES, deadline=None)
@given(centres())
def test_no_call_waits_while_a_capable_agent_stays_free(centre) -> None:
    waiting, agents = centre
    decisions = decided(waiting, agents)
    taken = {one.agent_id for one in decisions if not isinstance(one, LastResort)}
    served = {one.call_id for one in decisions if not isinstance(one, LastResort)}
    idle = [agent for agent_id, agent in agents.items() if is_free(agent, NOON) and agent_id not in taken]
    for call in waiting:
        mobile_rings_for = call.call_id if call.in_last_resort else None
        assert call.call_id in served or not any(
            can_serve(agent.profile, call.needs) and agent.missed != mobile_rings_for for agent in idle
        )


@settings(max_examples=CENTRES, deadline=None)
@given(centres())
def test_an_emergency_call_never_waits_while_an_agent_who_can_serve_it_takes_another(centre) -> None:
    waiting, agents = centre
    calls = {call.call_id: call for call in waiting}
    decisions = [one for one in decided(waiting, agents) if not isinstance(one, LastResort)]
    served = {one.call_id for one in decisions}
    for call in waiting:
        if call.queue == "emergency" and call.call_id not in served:
            for one in decisions:
                taken_by_another = QUEUES[calls[one.call_id].queue].emergency
                assert taken_by_another or not can_serve(agents[one.agent_id].profile, call.needs)


@settings(max_examples=CENTRES, deadline=None)
@given(centres())
def test_of_calls_with_equal_needs_in_one_queue_the_first_come_is_first_served(centre) -> None:
    waiting, agents = centre
    served = {one.call_id for one in decided(waiting, agents) if not isinstance(one, LastResort)}
    for call in waiting:
        for other in waiting:
            alike = (call.queue, call.needs) == (other.queue, other.needs)
            if alike and call.queued_at < other.queued_at and other.call_id in served:
                assert call.call_id in served


@settings(max_examples=CENTRES, deadline=None)
@given(centres(), some.randoms(use_true_random=False))
def test_the_order_in_which_the_state_is_told_does_not_matter(centre, random) -> None:
    waiting, agents = centre
    shuffled, names = list(waiting), list(agents)
    random.shuffle(shuffled)
    random.shuffle(names)
    assert decided(shuffled, {name: agents[name] for name in names}) == decided(waiting, agents)
