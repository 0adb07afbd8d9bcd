"""What shall be done when a person on duty says something, or their phone does? Handlers for app/handlers.

Registered is not ready: duty is declared by phone code, command line or page, and mirrored into app_queue, so that the
fallback rings the same people.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from app import queue_log
from app.state import Centre
from calls.commands import AnswerCode, Command, MirrorDuty
from calls.events import (
    AgentAnswered,
    AgentMissedRings,
    AlarmCleared,
    AnsweredElsewhere,
    Duty,
    DutyChanged,
    Event,
    PhoneInUse,
    PhoneReachable,
    RingBackAnswered,
    RingBackAsked,
)
from routing import agent as agents
from routing.misses import duty_after_misses, missed_too_often

DIALLABLE = re.compile(r"\+?[0-9]{5,15}")
"""A telephone number (E.164); what is shorter is a service of the network, such as its own emergency number."""

Results = Iterator[Command | Event]


def duty_changed(centre: Centre, event: DutyChanged) -> Results:
    agent = centre.agents.get(event.agent_id)
    if agent is None:
        if event.channel and event.node:
            yield AnswerCode(node=event.node, channel=event.channel, answer="agent-not-known")
        return
    for node in centre.connected_nodes():
        if line := queue_log.duty_line(node, agent.duty, event):
            yield line
        paused = event.duty is not Duty.READY
        yield MirrorDuty(node=node, agent_id=event.agent_id, paused=paused, reason=event.reason)
    centre.agents[event.agent_id] = agents.on_duty(agent, event.duty, event.reason, event.at)
    if event.channel and event.node:
        yield AnswerCode(node=event.node, channel=event.channel, answer=f"agent-{event.duty}")


def answered_elsewhere(centre: Centre, event: AnsweredElsewhere) -> Results:
    """Of phones that rang together another was quicker: the agent is free at once, and has missed nothing."""
    agent = centre.agents.get(event.agent_id)
    if agent and agent.call_id == event.call_id and agent.state is agents.AgentState.RINGING:
        centre.agents[event.agent_id] = agents.released(agent, event.at, 0)
    yield from ()


def missed_rings(centre: Centre, agent_id: str, queue_id: str, at: datetime) -> Results:
    """Who has not answered so many rings in a row is paused, and can say by phone code that they are there."""
    agent, queues = centre.agents[agent_id], centre.configuration.queues
    if queue_id in queues and missed_too_often(agent, queues[queue_id]):
        yield AgentMissedRings(at=at, agent_id=agent_id, misses=agent.misses)
        duty = duty_after_misses(agent, centre.agents.values(), queues.values())
        if duty is not None:
            yield DutyChanged(at=at, agent_id=agent_id, duty=duty, reason=agents.NO_ANSWER)


def phone_reachable(centre: Centre, event: PhoneReachable) -> Results:
    if agent := centre.agents.get(event.agent_id):
        centre.agents[event.agent_id] = agents.reached(agent, event.reachable)
    yield from ()


def phone_in_use(centre: Centre, event: PhoneInUse) -> Results:
    if agent := centre.agents.get(event.agent_id):
        centre.agents[event.agent_id] = agents.phone_in_use(agent, event.in_use)
    if not event.in_use:
        centre.ring_backs.pop(event.agent_id, None)  # whoever rang back has put down: the alarm is open again
    yield from ()


def ring_back_asked(centre: Centre, event: RingBackAsked) -> Results:
    """The oldest alarm whose number nobody is ringing back already, and is one: callers send what they like."""
    others = (call_id for agent_id, call_id in centre.ring_backs.items() if agent_id != event.agent_id)
    taken = {centre.alarms[call_id].number for call_id in others if call_id in centre.alarms}
    open_alarms = sorted(
        (alarm for alarm in centre.alarms.values() if DIALLABLE.fullmatch(alarm.number) and alarm.number not in taken),
        key=lambda alarm: alarm.at,
    )
    if not open_alarms:
        yield AnswerCode(node=event.node, channel=event.channel, answer="nobody")
        return
    oldest = open_alarms[0]
    centre.ring_backs[event.agent_id] = oldest.call_id
    yield AnswerCode(node=event.node, channel=event.channel, answer=oldest.call_id, number=oldest.number)


def ring_back_answered(centre: Centre, event: RingBackAnswered) -> Results:
    centre.ring_backs.pop(event.agent_id, None)
    if alarm := centre.alarms.get(event.call_id):
        yield from _spoken_with({alarm.call_id} | _alarms_of(centre, alarm.number), event)


def emergency_answered(centre: Centre, event: AgentAnswered) -> Results:
    """Who left the emergency line unheard and is talked with on another try need not be rung back any more."""
    if centre.is_emergency(call := centre.calls[event.call_id]):
        yield from _spoken_with(_alarms_of(centre, call.number), event)


def _alarms_of(centre: Centre, number: str) -> set[str]:
    """The alarms of who calls from there; what is no number tells nobody apart."""
    known = DIALLABLE.fullmatch(number)
    return {alarm.call_id for alarm in centre.alarms.values() if known and alarm.number == number}


def _spoken_with(alarms: set[str], event: RingBackAnswered | AgentAnswered) -> Results:
    for call_id in sorted(alarms):
        yield AlarmCleared(at=event.at, call_id=call_id, how="answered", agent_id=event.agent_id)


def alarm_cleared(centre: Centre, event: AlarmCleared) -> Results:
    centre.alarms.pop(event.call_id, None)
    yield from ()
