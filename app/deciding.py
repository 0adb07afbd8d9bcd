"""Who is rung now? Asks the router after every fact that can change its mind, and turns its decisions into commands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from app.state import Centre, Ring
from calls.call import CallState
from calls.commands import Command, GoToLastResort, RingAgent
from calls.events import (
    AgentNotReached,
    CallEnded,
    CallerQueued,
    CallTransferred,
    CommandFailed,
    Decided,
    DutyChanged,
    Event,
    FallbackEntered,
    PhoneInUse,
    PhoneReachable,
    SnapshotTaken,
    TalkEnded,
    Tick,
)
from routing import agent as agents
from routing.assign import LastResort, LeaveToFallback, Overflowed, assign
from routing.assign import Ring as RingDecision

DECISIVE: frozenset[type[Event]] = frozenset(
    {
        AgentNotReached,
        CallEnded,
        CallerQueued,
        CallTransferred,
        CommandFailed,
        DutyChanged,
        FallbackEntered,
        PhoneInUse,
        PhoneReachable,
        SnapshotTaken,
        TalkEnded,
        Tick,
    }
)


def decide(centre: Centre, event: Event) -> Iterator[Command | Event]:
    """The rings and last resorts that the router wants after this fact; agents are reserved before the command goes."""
    centre.keep_floor()
    if type(event) not in DECISIVE:
        return
    now = event.at
    for decision in assign(centre.floor, now):
        call = centre.calls[decision.call_id]
        centre.reasons[call.call_id] = decision.reason
        told = Decided(at=now, call_id=call.call_id, decision="", reason=decision.reason, queue=call.queue)
        match decision:
            case RingDecision(agent_id=agent_id, step=step):
                attempt = centre.next_attempt(now)
                centre.rings[call.call_id] = Ring(agent_id=agent_id, attempt=attempt, asked_at=now)
                centre.agents[agent_id] = agents.reserve(centre.agents[agent_id], call.call_id, attempt, now)
                yield replace(told, decision="ring", agent_id=agent_id, step=step)
                yield RingAgent(
                    node=call.node, call_id=call.call_id, channel=call.channel, agent_id=agent_id, attempt=attempt
                )
            case LastResort():
                centre.calls[call.call_id] = replace(call, state=CallState.LAST_RESORT, state_since=now)
                yield replace(told, decision="last-resort")
                yield GoToLastResort(node=call.node, call_id=call.call_id, channel=call.channel)
            case Overflowed() | LeaveToFallback():
                pass
    centre.keep_floor()
