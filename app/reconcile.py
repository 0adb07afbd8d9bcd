"""What has changed while we could not see? A snapshot of one Asterisk replaces what we believed of it.

Asterisk holds the truth of who waits, rings and talks. Two things are kept against it: a ring that we asked for a
moment ago, of which the snapshot may not know yet, and the memory of when a wait began.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from app.state import Centre
from calls.call import TALKS, Call, CallState
from calls.commands import AcknowledgeCaller, Command, MirrorDuty
from calls.events import CallEnded, CallFound, ChannelSeen, Duty, EndedBy, Event, SnapshotTaken
from routing import agent as agents
from routing.agent import Agent

JUST_ASKED = timedelta(seconds=2)
"""A Redirect shows in a snapshot within milliseconds; after this a ring that does not show was lost."""

BUSY_IN = TALKS | {CallState.RINGING, CallState.FALLBACK}
"""Where a call has an agent, if one is named."""


def snapshot_taken(centre: Centre, event: SnapshotTaken) -> Iterator[Command | Event]:
    """Make calls, agents and acknowledgements agree with the snapshot."""
    fresh = centre.nodes.get(event.node) is None
    centre.nodes[event.node] = event.faults
    seen = {channel.call_id: channel for channel in event.calls if channel.state is not CallState.ENDED}
    yield from _gone(centre, event, fresh)
    for channel in seen.values():
        yield from _take_over(centre, event, channel)
    for agent_id, agent in list(_agreed(centre, event)):
        centre.agents[agent_id] = agent
    if fresh:
        for agent in centre.agents.values():
            paused = agent.duty is not Duty.READY
            yield MirrorDuty(node=event.node, agent_id=agent.profile.agent_id, paused=paused, reason=agent.reason)


def tells_news(centre: Centre, event: SnapshotTaken) -> bool:
    """Whether the snapshot changes what we believe of calls and agents. Most tell what is known, and are not stored."""
    if centre.nodes.get(event.node) != event.faults:
        return True
    for channel in event.calls:
        known = centre.calls.get(channel.call_id)
        if channel.state is not CallState.ENDED and (
            known is None or _merged(known, event, channel) != known or _shows_ring(centre, event, channel)
        ):
            return True
    return any(agent is not centre.agents[agent_id] for agent_id, agent in _agreed(centre, event))


def _gone(centre: Centre, event: SnapshotTaken, fresh: bool) -> Iterator[Event]:
    """Calls that we know and Asterisk does not: they ended out of our sight.

    On a link that has held, the news of an end may be on its way behind the snapshot: a call is missed twice first.
    """
    there = {channel.call_id for channel in event.calls}
    ours = [call for call in centre.calls.values() if call.node == event.node and call.started_at < event.at]
    missed = {call.call_id: call for call in ours if call.call_id not in there}
    gone = missed.keys() if fresh else missed.keys() & centre.missed
    elsewhere = {call.call_id for call in centre.calls.values() if call.node != event.node}
    centre.missed = (centre.missed & elsewhere) | (missed.keys() - gone)
    centre.suspects |= centre.missed
    for call_id in sorted(gone):
        call = missed[call_id]
        yield CallEnded(at=event.at, call_id=call_id, state=call.state, cause=0, by=EndedBy.SYSTEM)


def _take_over(centre: Centre, event: SnapshotTaken, channel: ChannelSeen) -> Iterator[Command | Event]:
    known = centre.calls.get(channel.call_id)
    if _shows_ring(centre, event, channel):
        del centre.rings[channel.call_id]
    centre.calls[channel.call_id] = _merged(known, event, channel)
    if known is None:
        yield CallFound(
            at=event.at,
            call_id=channel.call_id,
            node=event.node,
            line=channel.line,
            lang=channel.lang,
            queue=channel.queue,
            state=channel.state,
            started_at=channel.started_at,
            queued_at=channel.queued_at,
            agent_id=channel.agent_id,
            number=channel.number,
        )
    if channel.state is CallState.WAITING:
        yield AcknowledgeCaller(node=event.node, call_id=channel.call_id, channel=channel.channel)


def _shows_ring(centre: Centre, event: SnapshotTaken, channel: ChannelSeen) -> bool:
    """Whether the ring that was asked for shows, or would show by now."""
    ring = centre.rings.get(channel.call_id)
    return ring is not None and (channel.state is not CallState.WAITING or event.at - ring.asked_at > JUST_ASKED)


def _merged(known: Call | None, event: SnapshotTaken, channel: ChannelSeen) -> Call:
    same_state = known is not None and known.state is channel.state
    return Call(
        call_id=channel.call_id,
        node=event.node,
        channel=channel.channel,
        line=channel.line,
        state=channel.state,
        started_at=known.started_at if known else channel.started_at,
        lang=channel.lang,
        queue=channel.queue,
        needs=channel.needs,
        number=(known.number if known else "") or channel.number,
        caller=known.caller if known else "",
        queued_at=channel.queued_at,
        waiting_since=(known.waiting_since if known else None) or channel.queued_at,
        back_since=known.back_since if known else None,
        agent_id=channel.agent_id,
        attempt=known.attempt if known and same_state else None,
        state_since=known.state_since if known and same_state else event.at,
        preferred=channel.preferred,
        overflowed=known.overflowed if known else frozenset(),
    )


def _rung_besides(seen: ChannelSeen) -> tuple[str, ...]:
    """Who is rung together with the agent whom the call has."""
    return seen.besides if seen.state is CallState.RINGING else ()


def _agreed(centre: Centre, event: SnapshotTaken) -> Iterator[tuple[str, Agent]]:
    """Who rings or talks is told by the calls, who takes part in a talk by their legs; everybody else here is free."""
    busy = {call.agent_id: call for call in centre.calls.values() if call.state in BUSY_IN and call.agent_id}
    busy |= {one: centre.calls[seen.call_id] for seen in event.calls for one in _rung_besides(seen)}
    third = dict(event.third_parties)
    elsewhere = {call.call_id for call in centre.calls.values() if call.node != event.node}
    reserved = {one for ring in centre.rings.values() for one in (ring.agent_id, *ring.besides)}
    for agent_id, known in centre.agents.items():
        agent = agents.reached(known, agent_id in event.reachable)
        agent = agents.phone_in_use(agent, agent_id in event.in_use)
        call = busy.get(agent_id)
        if call and agent.call_id != call.call_id:
            yields = centre.gives_way(call, call.attempt)
            agent = agents.reserve(agent, call.call_id, call.attempt, event.at, yields=yields)
        if call and call.state in TALKS:
            agent = agents.answered(agent, call.call_id, event.at)
        if not call and agent_id in third and agent.call_id != third[agent_id]:
            agent = agents.answered(agent, third[agent_id], event.at)
        if not call and agent.call_id and agent_id not in reserved | third.keys() and agent.call_id not in elsewhere:
            agent = agents.released(agent, event.at, 0)
        yield agent_id, known if agent == known else agent
