"""Who is rung now? Asks the router after every fact that can change its mind, and carries its decisions out.

Each decision is told as a fact, with its reason, so that history can explain it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from app import on_call
from app.state import Centre, Ring
from calls.call import Call, CallState
from calls.commands import Command, GoToLastResort, MoveToQueue, OfferVoicemail, RingAgent
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
from routing.assign import Decision, LastResort, LeaveToFallback, Overflowed, assign
from routing.assign import Ring as RingDecision
from routing.waiting import Target

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
    """What the router wants after this fact; agents are reserved before the command goes."""
    centre.keep_floor(event.at)
    if type(event) not in DECISIVE:
        return
    for decision in assign(centre.floor, event.at):
        call = centre.calls[decision.call_id]
        centre.reasons[call.call_id] = decision.reason
        yield from _carry_out(centre, call, decision, event.at)
    centre.keep_floor(event.at)


def _carry_out(centre: Centre, call: Call, decision: Decision, at: datetime) -> Iterator[Command | Event]:
    told = Decided(at=at, call_id=call.call_id, decision="", reason=decision.reason, queue=call.queue)
    match decision:
        case RingDecision(agent_id=agent_id, step=step):
            yield replace(told, decision="ring", agent_id=agent_id, step=step)
            yield _ring(centre, call, agent_id, at)
        case LastResort():
            centre.calls[call.call_id] = replace(call, state=CallState.LAST_RESORT, state_since=at)
            yield replace(told, decision="last-resort")
            yield GoToLastResort(node=call.node, call_id=call.call_id, channel=call.channel)
        case Overflowed(to=to, queue=queue):
            yield replace(told, decision=to, queue=queue or call.queue)
            yield from _overflow(centre, call, decision, at)
        case LeaveToFallback():
            pass


def _ring(centre: Centre, call: Call, agent_id: str, at: datetime) -> RingAgent:
    attempt = centre.next_attempt(at)
    centre.rings[call.call_id] = Ring(agent_id=agent_id, attempt=attempt, asked_at=at)
    centre.agents[agent_id] = agents.reserve(centre.agents[agent_id], call.call_id, attempt, at)
    return RingAgent(node=call.node, call_id=call.call_id, channel=call.channel, agent_id=agent_id, attempt=attempt)


def _overflow(centre: Centre, call: Call, decision: Overflowed, at: datetime) -> Iterator[Command]:
    """Whoever has been sent on is decided upon again when the dialplan says where they are."""
    call = replace(call, overflowed=call.overflowed | {decision.to})
    match decision.to:
        case Target.QUEUE:
            centre.moves[call.call_id] = at
            yield MoveToQueue(node=call.node, call_id=call.call_id, channel=call.channel, queue=decision.queue)
        case Target.RESERVE:
            on_call.wanted_for(centre, call, at)
        case Target.VOICEMAIL:
            centre.moves[call.call_id] = at
            call = replace(call, state=CallState.LAST_RESORT, state_since=at)
            yield OfferVoicemail(node=call.node, call_id=call.call_id, channel=call.channel)
    centre.calls[call.call_id] = call
