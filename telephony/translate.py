"""What does an AMI message mean in the words of a call? Asterisk's events become `calls.events`.

Two tables: the UserEvents that our dialplan sends, and the few events of Asterisk's own that we use. What is in
neither table means nothing to us (None); what is in a table and does not read as it should is told as `Malformed`,
never raised.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from calls.call import CallState
from calls.errors import BadNeeds
from calls.events import (
    AgentAnswered,
    AgentNotReached,
    AgentRinging,
    CallEnded,
    CallerQueued,
    CallStarted,
    CallTransferred,
    ChannelSeen,
    Duty,
    DutyChanged,
    EndedBy,
    Event,
    FallbackEntered,
    LastResortEntered,
    LegRecorded,
    PhoneInUse,
    PhoneReachable,
    RingBackAnswered,
    RingBackAsked,
    SnapshotTaken,
    TalkEnded,
    VoicemailBegun,
    VoicemailLeft,
)
from calls.needs import parse_needs
from telephony.delivery import Snapshot
from telephony.fields import AGENT_ID, CALL_ID, FILE, INTERNAL_NUMBER, Told, Unreadable, matched, moment, phone, word
from telephony.framing import AmiMessage

CONTEXTS = ("al-wait", "al-ring", "al-fallback", "al-last-resort", "al-talk", "al-phones", "al-ended")
"""What our dialplan must hold: a Redirect to a context that is missing answers Success and drops the caller."""

_PHONES_LEG = re.compile(r"PJSIP/(?!trunk-)([a-z][a-z0-9_]{0,31})-[0-9a-f]+")
_DEVICE_ABSENT = frozenset({"UNAVAILABLE", "INVALID", "UNKNOWN"})
_DEVICE_IN_USE = frozenset({"INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD"})
_LEG = re.compile(r"PJSIP/([a-z][a-z0-9_]{0,31})-[0-9a-f]+|Local/([a-z][a-z0-9_]{0,31})@al-outside-[0-9a-f]+;[12]")
_CONTACT_REACHABLE = {"Reachable": True, "NonQualified": True, "Unreachable": False, "Removed": False}


@dataclass(frozen=True, slots=True)
class Malformed:
    """A message of a kind that we read, in which something is missing or wrong. Holds no value of it but `call_id`."""

    event: str
    reason: str
    call_id: str = ""


def translate(node: str, message: AmiMessage, at: datetime) -> Event | Malformed | None:
    """The fact that an AMI event of `node` tells; `at` (aware, UTC) is used where the event has no `Timestamp`."""
    name = message.event
    if name == "UserEvent":
        name = message.get("UserEvent")
        read = USER_EVENTS.get(name)
    else:
        read = NATIVE_EVENTS.get(name)
    if read is None:
        return None
    variables = message.variables()
    try:
        return read(Told(node, moment(message.get("Timestamp")) or at, message, variables))
    except (Unreadable, BadNeeds) as wrong:
        call_id = message.get("CallId") or variables.get("AL_CALL_ID", "")
        return Malformed(name, str(wrong), call_id if CALL_ID.fullmatch(call_id) else "")


def snapshot_taken(node: str, snapshot: Snapshot, at: datetime) -> SnapshotTaken:
    """All calls and phones of `node`. A channel that cannot be read is a fault of the snapshot, and the rest stands."""
    faults = [f"context {context} is missing" for context in snapshot.missing]
    calls = []
    channels = [(channel, channel.variables()) for channel in snapshot.channels]
    rung = {
        variables.get("AL_CALL_ID", ""): leg[1]
        for channel, variables in channels
        if not variables.get("AL_STATE") and (leg := _PHONES_LEG.fullmatch(channel.get("Channel")))
    }
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
        in_use=frozenset(name for name, state in phones.items() if state in _DEVICE_IN_USE),
        faults=tuple(faults),
    )


def _channel_seen(told: Told, rung: Mapping[str, str]) -> ChannelSeen:
    """`rung` maps a call to the phone that has a leg of it: whom app_queue rings is told by nothing else."""
    call_id, state = told.call_id(), told.state()
    agent = rung.get(call_id, "") if state is CallState.FALLBACK else told.variables.get("AL_AGENT", "")
    return ChannelSeen(
        call_id=call_id,
        channel=told.channel(),
        line=told.variables.get("AL_LINE", ""),
        lang=told.variables.get("AL_LANG", ""),
        queue=told.variables.get("AL_QUEUE", ""),
        needs=parse_needs(told.variables.get("AL_NEEDS", "")),
        state=state,
        queued_at=told.queued_at(),
        agent_id=matched(AGENT_ID, agent, "AL_AGENT") if agent else None,
        number=told.number(),
        started_at=told.at - told.duration(),
    )


def _call_started(told: Told) -> Event:
    return CallStarted(
        at=told.at,
        call_id=told.call_id(),
        node=told.node,
        channel=told.channel(),
        line=told.variables.get("AL_LINE", ""),
        lang=told.variables.get("AL_LANG", ""),
        number=told.number(),
    )


def _caller_queued(told: Told) -> Event:
    queued_at = told.queued_at()
    if queued_at is None:
        raise Unreadable("AL_QUEUED_AT is no moment")
    return CallerQueued(
        at=told.at,
        call_id=told.call_id(),
        node=told.node,
        channel=told.channel(),
        line=told.variables.get("AL_LINE", ""),
        queue=told.variables.get("AL_QUEUE", ""),
        lang=told.variables.get("AL_LANG", ""),
        needs=parse_needs(told.variables.get("AL_NEEDS", "")),
        queued_at=queued_at,
        number=told.number(),
        caller=told.variables.get("AL_CALLER", ""),
    )


def _agent_ringing(told: Told) -> Event:
    return AgentRinging(at=told.at, call_id=told.call_id(), agent_id=told.agent_id(), attempt=told.attempt())


def _agent_answered(told: Told) -> Event:
    fallback = told.message.get("Fallback") == "1"
    return AgentAnswered(at=told.at, call_id=told.call_id(), agent_id=told.agent_id(), by_fallback=fallback)


def _agent_not_reached(told: Told) -> Event:
    return AgentNotReached(
        at=told.at,
        call_id=told.call_id(),
        agent_id=told.agent_id(),
        attempt=told.attempt(),
        dial_status=told.message.get("DialStatus"),
        cause=told.cause(),
    )


def _talk_ended(told: Told) -> Event:
    by = word(EndedBy, told.message.get("By"), "By")
    number = told.message.get("To")
    handed_to = matched(INTERNAL_NUMBER, number, "To") if number else ""
    return TalkEnded(at=told.at, call_id=told.call_id(), agent_id=told.agent_id(), by=by, handed_to=handed_to)


def _fallback_entered(told: Told) -> Event:
    return FallbackEntered(at=told.at, call_id=told.call_id(), reason=told.message.get("Reason"))


def _last_resort_entered(told: Told) -> Event:
    return LastResortEntered(at=told.at, call_id=told.call_id(), queue=told.variables.get("AL_QUEUE", ""))


def _voicemail_begun(told: Told) -> Event:
    return VoicemailBegun(at=told.at, call_id=told.call_id())


def _voicemail_left(told: Told) -> Event:
    recording = matched(FILE, told.message.get("Recording"), "Recording")
    return VoicemailLeft(at=told.at, call_id=told.call_id(), recording_id=recording)


def _leg_recorded(told: Told) -> Event:
    return LegRecorded(
        at=moment(told.message.get("StartedAt")) or told.at,
        call_id=told.call_id(),
        party=matched(AGENT_ID, told.message.get("Party"), "Party"),
        path=matched(FILE, told.message.get("File"), "File"),
    )


def _agent_code(told: Told) -> Event:
    return DutyChanged(
        at=told.at,
        agent_id=told.agent_id(),
        duty=word(Duty, told.message.get("Duty"), "Duty"),
        reason=told.message.get("Reason"),
        channel=told.channel(),
        node=told.node,
    )


def _ring_back_asked(told: Told) -> Event:
    return RingBackAsked(at=told.at, agent_id=told.agent_id(), node=told.node, channel=told.channel())


def _ring_back_answered(told: Told) -> Event:
    return RingBackAnswered(at=told.at, agent_id=told.agent_id(), call_id=told.call_id())


def _hangup(told: Told) -> Event | None:
    """The caller's channel is the one with AL_STATE; the dialplan says `ended` before it hangs up by itself."""
    if not told.variables.get("AL_STATE"):
        return None
    state = told.state()
    by = EndedBy.CALLER
    if state is CallState.ENDED:
        by = EndedBy.AGENT if told.variables.get("AL_AGENT") else EndedBy.SYSTEM
    return CallEnded(at=told.at, call_id=told.call_id(), state=state, cause=told.cause(), by=by)


def _device_state(told: Told) -> Event | None:
    name = phone(told.message)
    in_use = told.message.get("State") in _DEVICE_IN_USE
    return PhoneInUse(at=told.at, agent_id=name, in_use=in_use) if name else None


def _contact_status(told: Told) -> Event | None:
    reachable = _CONTACT_REACHABLE.get(told.message.get("ContactStatus"))
    if reachable is None:
        return None
    name = matched(AGENT_ID, told.message.get("EndpointName") or told.message.get("AOR"), "EndpointName")
    return PhoneReachable(at=told.at, agent_id=name, reachable=reachable)


def _attended_transfer(told: Told) -> Event | None:
    """The caller is the transferee; whom he talks to now is the target's phone, inside or outside, if it is a phone."""
    variables = told.message.variables("Transferee")
    if not variables.get("AL_CALL_ID"):
        return None
    target = _LEG.fullmatch(told.message.get("TransferTargetChannel"))
    call_id = matched(CALL_ID, variables["AL_CALL_ID"], "call id")
    return CallTransferred(at=told.at, call_id=call_id, agent_id=target[1] or target[2] if target else None)


USER_EVENTS: dict[str, Callable[[Told], Event | None]] = {
    "CallStarted": _call_started,
    "CallerQueued": _caller_queued,
    "AgentRinging": _agent_ringing,
    "AgentAnswered": _agent_answered,
    "AgentNotReached": _agent_not_reached,
    "TalkEnded": _talk_ended,
    "FallbackEntered": _fallback_entered,
    "LastResortEntered": _last_resort_entered,
    "VoicemailBegun": _voicemail_begun,
    "VoicemailLeft": _voicemail_left,
    "LegRecorded": _leg_recorded,
    "AgentCode": _agent_code,
    "RingBackAsked": _ring_back_asked,
    "RingBackAnswered": _ring_back_answered,
}

NATIVE_EVENTS: dict[str, Callable[[Told], Event | None]] = {
    "Hangup": _hangup,
    "DeviceStateChange": _device_state,
    "ContactStatus": _contact_status,
    "AttendedTransfer": _attended_transfer,
}
