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
from routing import agent as agents
from routing import joining
from routing.joining import Talk

Results = Iterator[Command | Event]


def draw_in(centre: Centre, call: Call, agent_id: str, mode: ThirdPartyMode, at: datetime) -> DrawIn:
    """Ring this agent for another's talk; nobody else is to ring them meanwhile."""
    centre.agents[agent_id] = agents.reserve(centre.agents[agent_id], call.call_id, None, at)
    centre.drawn_in.setdefault(call.call_id, set()).add(agent_id)
    return DrawIn(node=call.node, call_id=call.call_id, channel=call.channel, agent_id=agent_id, mode=mode)


def unasked(centre: Centre, call: Call, at: datetime) -> Iterator[Command]:
    """Whoever shall join this talk without being asked for: interpreter, coordinator. Nobody is rung twice for one."""
    if talk := _talk(centre, call):
        for agent_id in joining.unasked(talk, centre.agents, centre.configuration.queues.values(), at):
            yield draw_in(centre, call, agent_id, ThirdPartyMode.TALK, at)


def _talk(centre: Centre, call: Call) -> Talk | None:
    talker, line = centre.agents.get(call.agent_id or ""), centre.configuration.lines.get(call.line)
    queue = centre.configuration.queues.get(call.queue)
    if talker is None or call.state not in TALKS:
        return None
    return Talk(
        call_id=call.call_id,
        talker=talker.profile,
        lang=call.lang,
        emergency=queue is not None and queue.emergency,
        interpreter=queue is not None and any(step.interpreter for step in queue.relaxation),
        region=line.region if line else None,
        coordinator=line.coordinator if line and line.coordinator_joins else None,
        rung=frozenset(centre.drawn_in.get(call.call_id, ())),
    )


def third_party_asked(centre: Centre, event: ThirdPartyAsked) -> Results:
    """The agent has asked for somebody of this queue."""
    call, queues = centre.calls.get(event.call_id), centre.configuration.queues
    if call is None or event.queue not in queues or call.state not in TALKS:
        return
    emergency = call.queue in queues and queues[call.queue].emergency
    chosen = joining.of_queue(
        queues[event.queue], call.lang, centre.agents, queues.values(), event.at, emergency=emergency
    )
    if chosen:
        yield draw_in(centre, call, chosen, ThirdPartyMode.TALK, event.at)
    yield AnswerCode(node=event.node, channel=event.channel, answer="calling-in" if chosen else "nobody-free")


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
    if call := centre.calls.get(event.call_id):
        yield from unasked(centre, call, event.at)
