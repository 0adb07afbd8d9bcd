"""What shall be done when this happens? One handler for each type of event; the table stands at the end.

A handler changes the centre and yields what follows: commands for Asterisk, and further facts. Events may repeat what a
snapshot has already shown, so a handler that runs twice does no harm. Reconciling with a snapshot is in app/reconcile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from app import announcing, changeover, menus, on_call, out_of_sight, people, queue_log, third_party, time_alone
from app.engine import Handler
from app.reconcile import snapshot_taken
from app.state import Alarm, Centre, ring_of
from calls.call import TALKS, WAITS, Call, CallState
from calls.commands import AcknowledgeCaller, Command, NameAgent, RingAgent
from calls.events import (
    AgentAnswered,
    AgentNotReached,
    AgentRinging,
    AlarmCleared,
    AlarmRaised,
    AnsweredElsewhere,
    CallbackAsked,
    CallbackDone,
    CallEnded,
    CallerQueued,
    CallEvent,
    CallSpooled,
    CallStarted,
    CallTransferred,
    CallVanished,
    CommandFailed,
    ConfigurationApplied,
    DeadlineReached,
    DutyChanged,
    EndedBy,
    Event,
    FallbackEntered,
    LastResortEntered,
    MenuEnded,
    MenuEntered,
    MenuHandedOver,
    PhoneInUse,
    PhoneReachable,
    ReserveAccepted,
    ReserveDeclined,
    ReserveStoodDown,
    ReserveWoken,
    RingBackAnswered,
    RingBackAsked,
    SnapshotTaken,
    SurveyBegun,
    SwitchDoubted,
    SwitchLost,
    TalkEnded,
    ThirdPartyAsked,
    ThirdPartyJoined,
    ThirdPartyLeft,
    ThirdPartyNotReached,
    Tick,
    VoicemailBegun,
    VoicemailLeft,
)
from calls.lifecycle import apply, start
from routing import agent as agents

Results = Iterator[Command | Event]


def call_started(centre: Centre, event: CallStarted) -> Results:
    centre.calls.setdefault(event.call_id, start(event))
    yield from ()


def _known(centre: Centre, event: CallEvent) -> Call:
    """The call of an event; one that we never saw starts with what the event tells."""
    call = centre.calls.get(event.call_id)
    if call is None and isinstance(event, CallerQueued):
        call = start(
            CallStarted(
                at=event.at,
                call_id=event.call_id,
                node=event.node,
                channel=event.channel,
                line=event.line,
                lang=event.lang,
                number=event.number,
            )
        )
    if call is None:
        raise LookupError("event of an unknown call")
    return call


def _changed(centre: Centre, event: CallEvent) -> Iterator[Command]:
    """Apply the event to its call, and tell queue_log."""
    before = _known(centre, event)
    centre.calls[event.call_id] = apply(before, event)
    yield from queue_log.lines(before, event)


def menu_entered(centre: Centre, event: MenuEntered) -> Results:
    if event.call_id in centre.calls:
        yield from _changed(centre, event)


def caller_queued(centre: Centre, event: CallerQueued) -> Results:
    yield AcknowledgeCaller(node=event.node, call_id=event.call_id, channel=event.channel)
    centre.rings.pop(event.call_id, None)
    if centre.moves.pop(event.call_id, None):
        centre.ask_anew.discard(event.call_id)
    _free(centre, event.call_id, event.at)
    yield from _changed(centre, event)
    yield from _way_given(centre, event.call_id, event.at)


def _way_given(centre: Centre, call_id: str, at: datetime) -> Iterator[Command]:
    """The phone has stopped ringing for this call: it may ring for the emergency to which the call gave way.

    The agent is taken once more, since a ring that had only been asked for may have begun, or been answered, meanwhile.
    """
    for urgent, ring in list(centre.rings.items()):
        if ring.after == call_id:
            centre.rings[urgent] = replace(ring, after="")
            agent = centre.agents[ring.agent_id]
            if agent.call_id is None:
                centre.agents[ring.agent_id] = agents.reserve(agent, urgent, ring.attempt, at)
            yield ring_of(centre.calls[urgent], ring)


def agent_ringing(centre: Centre, event: AgentRinging) -> Results:
    centre.rings.pop(event.call_id, None)
    yield from _changed(centre, event)
    _free(centre, event.call_id, event.at, but=event.agent_id, together=event.attempt or None)
    if agent := centre.agents.get(event.agent_id):
        yields = centre.gives_way(centre.calls[event.call_id], event.attempt)
        centre.agents[event.agent_id] = agents.reserve(agent, event.call_id, event.attempt, event.at, yields=yields)


def agent_not_reached(centre: Centre, event: AgentNotReached) -> Results:
    yield from _changed(centre, event)
    agent = centre.agents.get(event.agent_id)
    if agent and agent.call_id == event.call_id:
        centre.agents[event.agent_id] = agents.not_reached(agent, event.call_id, event.dial_status, event.at)
        yield from people.missed_rings(centre, event.agent_id, centre.calls[event.call_id].queue, event.at)


def agent_answered(centre: Centre, event: AgentAnswered) -> Results:
    centre.rings.pop(event.call_id, None)
    yield from _changed(centre, event)
    _free(centre, event.call_id, event.at, but=event.agent_id)
    if agent := centre.agents.get(event.agent_id):
        centre.agents[event.agent_id] = agents.answered(agent, event.call_id, event.at)
    centre.drawn_in.pop(event.call_id, None)
    yield from third_party.unasked(centre, centre.calls[event.call_id], event.at)
    yield from people.emergency_answered(centre, event)


def talk_ended(centre: Centre, event: TalkEnded) -> Results:
    yield from _changed(centre, event)
    _free(centre, event.call_id, event.at)


def survey_begun(centre: Centre, event: SurveyBegun) -> Results:
    """The talk is over: whoever talked is free, while the caller still answers."""
    yield from _changed(centre, event)
    _free(centre, event.call_id, event.at)


def call_transferred(centre: Centre, event: CallTransferred) -> Results:
    """An agent has joined the caller with whom he asked. The dialplan does not see it: Asterisk is told who talks."""
    yield from _changed(centre, event)
    _free(centre, event.call_id, event.at, but=event.agent_id)
    if agent := centre.agents.get(event.agent_id or ""):
        centre.agents[agent.profile.agent_id] = agents.answered(agent, event.call_id, event.at)
        call = centre.calls[event.call_id]
        yield NameAgent(node=call.node, call_id=call.call_id, channel=call.channel, agent_id=agent.profile.agent_id)


def left_to_asterisk(centre: Centre, event: FallbackEntered | LastResortEntered | VoicemailBegun) -> Results:
    centre.rings.pop(event.call_id, None)
    centre.moves.pop(event.call_id, None)
    _free(centre, event.call_id, event.at)
    yield from _changed(centre, event)
    yield from _way_given(centre, event.call_id, event.at)
    if isinstance(event, VoicemailBegun):
        yield from announcing.at_a_message(centre, event.call_id, event.at)


def call_ended(centre: Centre, event: CallEnded) -> Results:
    call = centre.calls.get(event.call_id)
    if call is None:
        return
    if call.state in TALKS and event.by is EndedBy.CALLER and call.agent_id:
        yield from queue_log.lines(
            call, TalkEnded(at=event.at, call_id=event.call_id, agent_id=call.agent_id, by=event.by)
        )
    centre.cut_off.ended(call, event)
    yield from _changed(centre, event)
    _free(centre, event.call_id, event.at)
    centre.rings.pop(event.call_id, None)
    centre.moves.pop(event.call_id, None)
    yield from _way_given(centre, event.call_id, event.at)
    centre.reasons.pop(event.call_id, None)
    centre.drawn_in.pop(event.call_id, None)
    centre.handovers.pop(event.call_id, None)
    del centre.calls[event.call_id]
    if centre.is_emergency(call) and _abandoned(call, event):
        centre.alarms[call.call_id] = Alarm(call_id=call.call_id, queue=call.queue, at=event.at, number=call.number)
        yield AlarmRaised(at=event.at, call_id=call.call_id, queue=call.queue)


def _abandoned(call: Call, event: CallEnded) -> bool:
    """Whether nobody has talked with the caller: he left, or left a message."""
    return call.state is CallState.VOICEMAIL or (call.state in WAITS and event.state is not CallState.ENDED)


def _free(centre: Centre, call_id: str, at: datetime, but: str | None = None, together: int | None = None) -> None:
    """Whoever rang or talked for this call is free of it, ``but`` this one and who rings ``together`` with them in that
    attempt; after a talk, wrap-up begins."""
    call = centre.calls.get(call_id)
    queue = centre.configuration.queues.get(call.queue) if call else None
    for agent in [agent for agent in centre.agents.values() if agent.call_id == call_id]:
        if agent.profile.agent_id != but and (together is None or agent.attempt != together):
            centre.agents[agent.profile.agent_id] = agents.released(agent, at, queue.wrap_up_seconds if queue else 0)


def switch_lost(centre: Centre, event: SwitchLost | SwitchDoubted) -> Results:
    """What we believed of its calls is kept, but nothing is decided until a snapshot."""
    centre.nodes[event.node] = None
    if isinstance(event, SwitchLost) and not centre.connected_nodes():
        centre.reserves.look_at = None
    yield from ()


def command_failed(centre: Centre, event: CommandFailed) -> Results:
    """What could not be asked for has not happened: the agent is free again, and the call is looked at anew.

    A caller who was to go elsewhere is sent there again, at the earliest when the first time would have shown.
    """
    if event.command == RingAgent.__name__ and event.call_id:
        centre.rings.pop(event.call_id, None)
        _free(centre, event.call_id, event.at)
    if event.call_id:
        move = centre.moves.pop(event.call_id, None) if event.reason == time_alone.NOT_BEGUN else None
        if move and (call := centre.calls.get(event.call_id)):
            centre.calls[event.call_id] = replace(call, overflowed=call.overflowed - {move.to})
        centre.suspects.add(event.call_id)
    yield from ()


HANDLERS: Mapping[type[Event], Handler] = {
    AgentAnswered: agent_answered,
    AgentNotReached: agent_not_reached,
    AgentRinging: agent_ringing,
    AlarmCleared: people.alarm_cleared,
    AnsweredElsewhere: people.answered_elsewhere,
    CallEnded: call_ended,
    CallbackAsked: menus.callback_asked,
    CallbackDone: menus.callback_done,
    CallerQueued: caller_queued,
    CallSpooled: out_of_sight.call_spooled,
    CallStarted: call_started,
    CallTransferred: call_transferred,
    CallVanished: out_of_sight.call_vanished,
    CommandFailed: command_failed,
    ConfigurationApplied: changeover.configuration_applied,
    DeadlineReached: time_alone.deadline_reached,
    DutyChanged: people.duty_changed,
    FallbackEntered: left_to_asterisk,
    LastResortEntered: left_to_asterisk,
    MenuEnded: menus.menu_ended,
    MenuEntered: menu_entered,
    MenuHandedOver: menus.menu_handed_over,
    SurveyBegun: survey_begun,
    VoicemailLeft: menus.message_left,
    PhoneInUse: people.phone_in_use,
    PhoneReachable: people.phone_reachable,
    ReserveAccepted: on_call.reserve_accepted,
    ReserveDeclined: on_call.reserve_declined,
    ReserveStoodDown: on_call.reserve_stood_down,
    ReserveWoken: on_call.reserve_woken,
    RingBackAnswered: people.ring_back_answered,
    RingBackAsked: people.ring_back_asked,
    SnapshotTaken: snapshot_taken,
    SwitchDoubted: switch_lost,
    SwitchLost: switch_lost,
    TalkEnded: talk_ended,
    ThirdPartyAsked: third_party.third_party_asked,
    ThirdPartyJoined: third_party.third_party_joined,
    ThirdPartyLeft: third_party.third_party_left,
    ThirdPartyNotReached: third_party.third_party_not_reached,
    Tick: time_alone.tick,
    VoicemailBegun: left_to_asterisk,
}
