"""What does one Asterisk hold now? All its channels and phones as one fact, `SnapshotTaken`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from calls.call import TALKS, CallState
from calls.errors import BadNeeds
from calls.events import ChannelSeen, SnapshotTaken
from calls.needs import parse_needs
from telephony.delivery import Snapshot
from telephony.fields import AGENT_ID, Told, Unreadable, matched, phone
from telephony.translate import DEVICE_IN_USE, LEG

_DEVICE_ABSENT = frozenset({"UNAVAILABLE", "INVALID", "UNKNOWN"})


def snapshot_taken(node: str, snapshot: Snapshot, at: datetime) -> SnapshotTaken:
    """All calls and phones of `node`. A channel that cannot be read is a fault of the snapshot, and the rest stands."""
    faults = [f"context {context} is missing" for context in snapshot.missing]
    calls = []
    channels = [(channel, channel.variables()) for channel in snapshot.channels]
    legs = [
        (leg[1] or leg[2], variables.get("AL_CALL_ID", ""))
        for channel, variables in channels
        if not variables.get("AL_STATE") and (leg := LEG.fullmatch(channel.get("Channel")))
    ]
    rung = {call_id: agent for agent, call_id in legs}
    for channel, variables in channels:
        if not variables.get("AL_STATE"):
            continue
        try:
            calls.append(_channel_seen(Told(node, at, channel, variables), rung))
        except (Unreadable, BadNeeds) as wrong:
            faults.append(f"a caller's channel cannot be read: {wrong}")
    phones = {name: device.get("State") for device in snapshot.devices if (name := phone(device))}
    return SnapshotTaken(
        at=at,
        node=node,
        calls=tuple(calls),
        reachable=frozenset(name for name, state in phones.items() if state not in _DEVICE_ABSENT),
        in_use=frozenset(name for name, state in phones.items() if state in DEVICE_IN_USE),
        faults=tuple(faults),
        third_parties=tuple(sorted(_third_parties(calls, legs))),
    )


def _third_parties(calls: Iterable[ChannelSeen], legs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Of the legs, as agent and call, those of agents who take part in another's talk."""
    talkers = {call.call_id: call.agent_id for call in calls if call.state in TALKS}
    return {(agent, call_id) for agent, call_id in legs if call_id in talkers and agent != talkers[call_id]}


def _channel_seen(told: Told, rung: Mapping[str, str]) -> ChannelSeen:
    """`rung` maps a call to the agent who has a leg of it: whom app_queue rings is told by nothing else."""
    call_id, state = told.call_id(), told.state()
    agent = rung.get(call_id, "") if state is CallState.FALLBACK else told.variables.get("AL_AGENT", "")
    agents = [matched(AGENT_ID, one, "AL_AGENT") for one in agent.split(".")] if agent else []
    return ChannelSeen(
        call_id=call_id,
        channel=told.channel(),
        line=told.variables.get("AL_LINE", ""),
        lang=told.variables.get("AL_LANG", ""),
        queue=told.variables.get("AL_QUEUE", ""),
        needs=parse_needs(told.variables.get("AL_NEEDS", "")),
        state=state,
        queued_at=told.queued_at(),
        agent_id=next(iter(agents), None),
        number=told.number(),
        started_at=told.at - told.duration(),
        preferred=told.preferred(),
        besides=tuple(agents[1:]),
    )
