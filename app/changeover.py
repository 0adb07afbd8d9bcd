"""What becomes of callers and agents when another configuration comes into force? Nobody is dropped for it.

Agents keep what they have declared and what they are at. Who is no agent any more finishes the present call and goes.
Callers keep their places; who waits in a queue that is gone waits on in that of the line, and who waits for what
nobody is left for asks for less in the same queue.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from app.state import Centre, Move
from calls.call import CallState
from calls.commands import Command, MirrorDuty, MoveToQueue
from calls.events import ConfigurationApplied, Duty, DutyChanged, Event
from calls.needs import Needs
from config.heir import heir, still_asked
from config.model import Configuration
from routing.agent import Agent, AgentProfile, off_duty
from routing.waiting import Target

NO_AGENT = "removed"
"""Why somebody is off duty whom the configuration has no more."""


def configuration_applied(centre: Centre, event: ConfigurationApplied) -> Iterator[Command | Event]:
    """A handler for app/handlers. Asterisk has read its files anew, and learns again who may be rung."""
    proposed = centre.proposed
    if proposed is None or proposed.version != event.version:
        return
    centre.proposed = None
    agents = {
        agent_id: _renewed(centre.agents[agent_id], profile)
        if agent_id in centre.agents
        else off_duty(profile, event.at)
        for agent_id, profile in proposed.agents.items()
    }
    gone = {agent_id: agent for agent_id, agent in centre.agents.items() if agent_id not in agents}
    centre.ask_anew = _who_asks_anew(centre, proposed)
    were = {name for name, queue in centre.configuration.queues.items() if queue.emergency}
    centre.once_emergency = (centre.once_emergency | were) - proposed.queues.keys()
    centre.adopt(proposed, agents | gone, event.at)
    centre.reserves.asked_for = [one for one in centre.reserves.asked_for if one.queue in proposed.queues]
    for agent in gone.values():
        if agent.duty is not Duty.OFF:
            yield DutyChanged(at=event.at, agent_id=agent.profile.agent_id, duty=Duty.OFF, reason=NO_AGENT)
    for node in centre.connected_nodes():
        for agent_id in agents:
            agent = centre.agents[agent_id]
            paused = agent.duty is not Duty.READY
            yield MirrorDuty(node=node, agent_id=agent_id, paused=paused, reason=agent.reason)


def _renewed(agent: Agent, profile: AgentProfile) -> Agent:
    """Of a phone that is new we know nothing yet, and nobody tells of one that is gone: an agent on a mobile can be
    rung."""
    had_phone, has_phone = agent.profile.extension is not None, profile.extension is not None
    reachable, in_use = not has_phone or (had_phone and agent.reachable), has_phone and agent.phone_in_use
    return replace(agent, profile=profile, reachable=reachable, phone_in_use=in_use)


def _who_asks_anew(centre: Centre, proposed: Configuration) -> set[str]:
    """The calls that ask for what somebody could serve until now, and what nobody can any more."""
    asks = {call_id: (call.queue, call.needs, call.lang) for call_id, call in centre.calls.items()}
    vain = {ask for ask in set(asks.values()) if _in_vain(proposed, *ask)}
    new = {ask for ask in vain if not _in_vain(centre.configuration, *ask)}
    return {call_id for call_id, ask in asks.items() if ask in new or (ask in vain and call_id in centre.ask_anew)}


def _in_vain(configuration: Configuration, queue: str, asked: Needs, lang: str) -> bool:
    return queue in configuration.queues and still_asked(configuration, queue, asked, lang) != asked


def look(centre: Centre, at: datetime) -> Iterator[Command]:
    """Whoever is no agent any more and has no call goes; who waits in vain or in a queue that is gone is led on."""
    for agent_id, agent in list(centre.agents.items()):
        if agent_id not in centre.configuration.agents and agent.call_id is None:
            del centre.agents[agent_id]
    centre.ask_anew &= centre.calls.keys()
    up = centre.connected_nodes()
    for call_id, call in centre.calls.items():
        lost = call.queue not in centre.configuration.queues
        led_on = call.state is CallState.WAITING and (lost or call_id in centre.ask_anew)
        if led_on and call.node in up and call_id not in centre.moves and call_id not in centre.rings:
            centre.moves[call_id] = Move(Target.QUEUE, at)
            in_need = centre.is_emergency(call)
            queue = heir(centre.configuration, call.line, emergency=in_need) if lost else call.queue
            yield MoveToQueue(node=call.node, call_id=call_id, channel=call.channel, queue=queue)


def obstacles(centre: Centre, proposed: Configuration) -> list[str]:
    """Why this configuration cannot come into force now, a sentence each."""
    going = [queue for name, queue in centre.configuration.queues.items() if name not in proposed.queues]
    inside = {call.queue for call in centre.calls.values()} | {alarm.queue for alarm in centre.alarms.values()}
    return [
        f"queues.{queue.queue_id}: is an emergency queue with callers or alarms, and cannot be taken out now: "
        "apply it when they have been served"
        for queue in going
        if queue.emergency and queue.queue_id in inside
    ]
