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
from calls.needs import Needs, needs
from routing import agent as agents
from routing.agent import Agent

Results = Iterator[Command | Event]


def draw_in(centre: Centre, call: Call, agent_id: str, mode: ThirdPartyMode, at: datetime) -> DrawIn:
    """Ring this agent for another's talk; nobody else is to ring them meanwhile."""
    centre.agents[agent_id] = agents.reserve(centre.agents[agent_id], call.call_id, None, at)
    centre.drawn_in.setdefault(call.call_id, set()).add(agent_id)
    return DrawIn(node=call.node, call_id=call.call_id, channel=call.channel, agent_id=agent_id, mode=mode)


def interpreter(centre: Centre, call: Call, at: datetime) -> Iterator[Command]:
    """Draw one in where the queue promises it, and who talks does not speak the caller's language.

    It is whoever is free, speaks both languages and has been idle longest; nobody is rung twice for one talk. Where
    nobody is free, the agent may ask by phone.
    """
    talker, queue = centre.agents.get(call.agent_id or ""), centre.configuration.queues.get(call.queue)
    if talker is None or queue is None or call.state not in TALKS or not call.lang:
        return
    language = needs({f"lang:{call.lang}": 1})
    if agents.can_serve(talker.profile, language) or not any(step.interpreter for step in queue.relaxation):
        return
    spoken = [skill for skill, _ in talker.profile.skills if skill.startswith("lang:")]
    free = [
        agent
        for agent in _free(centre, call, language, at)
        if agent.profile.agent_id not in centre.drawn_in.get(call.call_id, ())
        and any(agents.can_serve(agent.profile, needs({skill: 1})) for skill in spoken)
    ]
    if free:
        yield draw_in(centre, call, free[0].profile.agent_id, ThirdPartyMode.TALK, at)


def _free(centre: Centre, call: Call, asked: Needs, at: datetime) -> list[Agent]:
    """Who has this and can be rung now, the longest idle first; whom an emergency line keeps, for its callers alone."""
    queues = centre.configuration.queues
    free = [agent for agent in centre.agents.values() if agents.is_free(agent, at)]
    able = [agent for agent in free if agents.can_serve(agent.profile, asked)]
    if call.queue not in queues or not queues[call.queue].emergency:
        for queue in queues.values():
            kept = [agent for agent in free if queue.emergency and agents.can_serve(agent.profile, queue.needs)]
            if len(kept) <= queue.reserve:
                able = [agent for agent in able if agent not in kept]
    return sorted(able, key=lambda agent: (agent.since, agent.profile.agent_id))


def third_party_asked(centre: Centre, event: ThirdPartyAsked) -> Results:
    """The agent of this queue who has been idle the longest, and speaks the caller's language."""
    call, queue = centre.calls.get(event.call_id), centre.configuration.queues.get(event.queue)
    if call is None or queue is None or call.state not in TALKS:
        return
    asked = needs(dict(queue.needs) | ({f"lang:{call.lang}": 1} if call.lang else {}))
    free = _free(centre, call, asked, event.at)
    if free:
        yield draw_in(centre, call, free[0].profile.agent_id, ThirdPartyMode.TALK, event.at)
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
    if call := centre.calls.get(event.call_id):
        yield from interpreter(centre, call, event.at)
