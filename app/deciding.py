"""Who is rung now? Asks the router after every fact that can change its mind, and carries its decisions out.

Each decision is told as a fact, with its reason, so that history can explain it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from app import on_call
from app.state import Centre, Move, Ring, ring_of
from calls.call import Call, CallState
from calls.commands import Command, GoToLastResort, MoveToQueue, OfferVoicemail, ReturnToWaiting
from calls.events import (
    AgentNotReached,
    AnsweredElsewhere,
    CallEnded,
    CallerQueued,
    CallTransferred,
    CommandFailed,
    DeadlineReached,
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
from routing.assign import Decision, GiveWay, LastResort, LeaveToFallback, Overflowed, assign
from routing.assign import Ring as RingDecision
from routing.floor import Floor
from routing.waiting import Target

DECISIVE: frozenset[type[Event]] = frozenset(
    {
        AgentNotReached,
        AnsweredElsewhere,
        CallEnded,
        CallerQueued,
        CallTransferred,
        CommandFailed,
        DeadlineReached,
        DutyChanged,
        FallbackEntered,
        PhoneInUse,
        PhoneReachable,
        SnapshotTaken,
        TalkEnded,
        Tick,
    }
)


def decide(
    centre: Centre, event: Event, asked: Callable[[Floor, datetime], list[Decision]] = assign
) -> Iterator[Command | Event]:
    """What the router, who is ``asked``, wants after this fact; agents are reserved before the command goes."""
    centre.keep_floor(event.at)
    if type(event) not in DECISIVE:
        return
    for decision in asked(centre.floor, event.at):
        call = centre.calls[decision.call_id]
        centre.reasons[call.call_id] = decision.reason
        if told := told_of(call, decision, event.at):
            yield told
        yield from _carry_out(centre, call, decision, event.at)
    centre.keep_floor(event.at)


def told_of(call: Call, decision: Decision, at: datetime) -> Decided | None:
    """The decision as a fact; that a call is left to app_queue is none, since it is found again and again."""
    told = Decided(at=at, call_id=call.call_id, decision="", reason=decision.reason, queue=call.queue)
    match decision:
        case RingDecision(agent_id=agent_id, step=step, besides=besides):
            return replace(told, decision="ring", agent_id=agent_id, step=step, besides=besides)
        case GiveWay(agent_id=agent_id, step=step):
            return replace(told, decision="ring", agent_id=agent_id, step=step)
        case LastResort():
            return replace(told, decision="last-resort")
        case Overflowed(to=to, queue=queue):
            return replace(told, decision=to, queue=queue or call.queue)
    return None


def _carry_out(centre: Centre, call: Call, decision: Decision, at: datetime) -> Iterator[Command]:
    match decision:
        case RingDecision(agent_id=agent_id, besides=besides):
            yield ring_of(call, _reserved(centre, call, (agent_id, *besides), at))
        case GiveWay(agent_id=agent_id, instead_of=rung_for):
            yield from _give_way(centre, call, agent_id, rung_for, at)
        case LastResort():
            centre.calls[call.call_id] = replace(call, state=CallState.LAST_RESORT, state_since=at)
            yield GoToLastResort(node=call.node, call_id=call.call_id, channel=call.channel)
        case Overflowed():
            yield from _overflow(centre, call, decision, at)
        case LeaveToFallback():
            pass


def _reserved(centre: Centre, call: Call, together: tuple[str, ...], at: datetime, after: str = "") -> Ring:
    """The agents are taken from now on; of the ring nothing is known yet."""
    first, *besides = together
    attempt = centre.next_attempt(at)
    ring = Ring(agent_id=first, attempt=attempt, asked_at=at, after=after, besides=tuple(besides))
    centre.rings[call.call_id] = ring
    yields = centre.gives_way(call, attempt)
    for agent_id in together:
        agent = centre.agents[agent_id]
        centre.agents[agent_id] = agents.reserve(agent, call.call_id, ring.attempt, at, yields=yields)
    return ring


def _give_way(centre: Centre, call: Call, agent_id: str, rung_for: str, at: datetime) -> Iterator[Command]:
    """The phone must have stopped ringing before it can ring anew: app/handlers asks when the other caller waits.

    Of several phones that ring for that caller, two may be needed at the same moment: all stop at one command.
    """
    asked = any(ring.after == rung_for for ring in centre.rings.values())
    _reserved(centre, call, (agent_id,), at, after=rung_for)
    if not asked:
        other = centre.calls[rung_for]
        yield ReturnToWaiting(node=other.node, call_id=other.call_id, channel=other.channel)


def _overflow(centre: Centre, call: Call, decision: Overflowed, at: datetime) -> Iterator[Command]:
    """Whoever has been sent on is decided upon again when the dialplan says where they are."""
    call = replace(call, overflowed=call.overflowed | {decision.to})
    match decision.to:
        case Target.QUEUE:
            centre.moves[call.call_id] = Move(decision.to, at)
            yield MoveToQueue(node=call.node, call_id=call.call_id, channel=call.channel, queue=decision.queue)
        case Target.RESERVE:
            on_call.wanted_for(centre, call, at)
        case Target.VOICEMAIL:
            centre.moves[call.call_id] = Move(decision.to, at)
            call = replace(call, state=CallState.LAST_RESORT, state_since=at)
            yield OfferVoicemail(node=call.node, call_id=call.call_id, channel=call.channel)
    centre.calls[call.call_id] = call
