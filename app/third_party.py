"""What follows when somebody joins another's talk? Handlers for app/handlers.

A third party is as busy as who talks, and free again when out of the talk; the talk itself is not theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from app.state import Centre
from calls.call import TALKS, Call, ThirdPartyMode
from calls.commands import AnswerCode, Command, DrawIn
from calls.events import (
    Event,
    ThirdPartyAsked,
    ThirdPartyJoined,
    ThirdPartyLeft,
    ThirdPartyNotReached,
)
from calls.needs import needs
from routing import agent as agents

Results = Iterator[Command | Event]


def draw_in(centre: Centre, call: Call, agent_id: str, mode: ThirdPartyMode, at: datetime) -> DrawIn:
    """Ring this agent for another's talk; nobody else is to ring them meanwhile."""
    centre.agents[agent_id] = agents.reserve(centre.agents[agent_id], call.call_id, None, at)
    return DrawIn(node=call.node, call_id=call.call_id, channel=call.channel, agent_id=agent_id, mode=mode)


def third_party_asked(centre: Centre, event: ThirdPartyAsked) -> Results:
    """The agent of this queue who has been idle the longest, and speaks the caller's language."""
    call, queue = centre.calls.get(event.call_id), centre.configuration.queues.get(event.queue)
    if call is None or queue is None or call.state not in TALKS:
        return
    asked = needs(dict(queue.needs) | ({f"lang:{call.lang}": 1} if call.lang else {}))
    free = [
        agent
        for agent in centre.agents.values()
        if agents.is_free(agent, event.at) and agents.can_serve(agent.profile, asked)
    ]
    if free:
        idle = min(free, key=lambda agent: (agent.since, agent.profile.agent_id))
        yield draw_in(centre, call, idle.profile.agent_id, ThirdPartyMode.TALK, event.at)
    yield AnswerCode(node=event.node, channel=event.channel, answer="calling-in" if free else "nobody-free")


def third_party_joined(centre: Centre, event: ThirdPartyJoined) -> Results:
    if agent := centre.agents.get(event.agent_id):
        centre.agents[event.agent_id] = agents.answered(agent, event.call_id, event.at)
    yield from ()


def third_party_left(centre: Centre, event: ThirdPartyLeft) -> Results:
    agent = centre.agents.get(event.agent_id)
    if agent and agent.call_id == event.call_id:
        centre.agents[event.agent_id] = agents.released(agent, event.at, 0)
    yield from ()


def third_party_not_reached(centre: Centre, event: ThirdPartyNotReached) -> Results:
    agent = centre.agents.get(event.agent_id)
    if agent and agent.call_id == event.call_id:
        missed = agents.not_reached(agent, event.call_id, event.dial_status, event.at)
        centre.agents[event.agent_id] = agents.released(missed, event.at, 0)
    yield from ()
