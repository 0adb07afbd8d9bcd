"""Who shall be rung for whom, now? Pure and deterministic: the same state and moment give the same decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from routing.agent import Agent, is_free, rests
from routing.explain import Reason
from routing.overflow import last_resort_at
from routing.selection import best_agent, in_order
from routing.waiting import Queue, WaitingCall


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring this agent for this call; reserve the agent before the command goes out."""

    call_id: str
    agent_id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class LeaveToFallback:
    """Leave this agent to app_queue, which holds this call; nothing is sent."""

    call_id: str
    agent_id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class LastResort:
    """Send this call to its queue's last resort."""

    call_id: str
    reason: Reason


Decision = Ring | LeaveToFallback | LastResort


def assign(
    waiting: Iterable[WaitingCall], agents: Mapping[str, Agent], queues: Mapping[str, Queue], now: datetime
) -> list[Decision]:
    """At most one decision for each call and one ring for each agent, the most pressing call first.

    ``agents`` and ``queues`` are by id, and ``queues`` has the queue of every waiting call.
    """
    free = {agent_id: agent for agent_id, agent in agents.items() if is_free(agent, now)}
    resting = {agent_id: agent for agent_id, agent in agents.items() if agent_id not in free and rests(agent, now)}
    decisions: list[Decision] = []
    for call in in_order(waiting, queues, now):
        queue = queues[call.queue]
        agent = best_agent(call, free.values())
        if agent is None and queue.emergency:
            agent = best_agent(call, resting.values())
        if (agent is None or agent.missed == call.call_id) and not call.in_fallback:
            if call.in_last_resort:
                continue  # the mobile rings on, undisturbed by an agent who did not answer this call
            due = last_resort_at(call, queue, agents.values())
            if due is not None and due <= now:
                decisions.append(LastResort(call.call_id, _nobody(queue)))
                continue
        if agent is not None:
            agent_id = agent.profile.agent_id
            free.pop(agent_id, None)
            resting.pop(agent_id, None)
            decisions.append(_for_agent(call, agent, emergency=queue.emergency))
    return decisions


def _for_agent(call: WaitingCall, agent: Agent, *, emergency: bool) -> Decision:
    agent_id = agent.profile.agent_id
    if call.in_fallback:
        return LeaveToFallback(call.call_id, agent_id, Reason.IN_FALLBACK)
    if agent.missed == call.call_id:
        return Ring(call.call_id, agent_id, Reason.AGAIN_AFTER_MISS)
    return Ring(call.call_id, agent_id, Reason.EMERGENCY if emergency else Reason.MOST_ENDANGERED)


def _nobody(queue: Queue) -> Reason:
    return Reason.NOBODY_FOR_EMERGENCY if queue.emergency else Reason.NOBODY_ON_DUTY
