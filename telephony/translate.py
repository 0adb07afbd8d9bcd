"""What does an AMI message mean in the words of a call? Asterisk's events become `calls.events`.

Two tables: the UserEvents that our dialplan sends, and the few events of Asterisk's own that we use. What is in
neither table means nothing to us (None); what is in a table and does not read as it should is told as `Malformed`,
never raised.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from calls.call import CallState
from calls.errors import BadNeeds
from calls.events import (
    AgentAnswered,
    AgentNotReached,
    AgentRinging,
    AmbulanceCalled,
    AnsweredElsewhere,
    CallEnded,
    CallerQueued,
    CallStarted,
    CallTransferred,
    Duty,
    DutyChanged,
    EndedBy,
    Event,
    FallbackEntered,
    LastResortEntered,
    LegRecorded,
    PhoneInUse,
    PhoneReachable,
    ReserveAccepted,
    ReserveDeclined,
    RingBackAnswered,
    RingBackAsked,
    SurveyBegun,
    TalkEnded,
    ThirdPartyAsked,
    ThirdPartyJoined,
    ThirdPartyLeft,
    ThirdPartyNotReached,
    VoicemailBegun,
    VoicemailLeft,
)
from calls.needs import parse_needs
from telephony.fields import AGENT_ID, CALL_ID, FILE, INTERNAL_NUMBER, Told, Unreadable, matched, moment, phone, word
from telephony.framing import AmiMessage

CONTEXTS = (
    *("al-wait", "al-ring", "al-stay", "al-move", "al-fallback", "al-last-resort", "al-talk", "al-phones", "al-ended"),
    *("al-together", "al-draw", "al-wake"),
)
"""What our dialplan must hold: a Redirect to a context that is missing answers Success and drops the caller."""

DEVICE_IN_USE = frozenset({"INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD"})
LEG = re.compile(
    r"PJSIP/(?!trunk-)([a-z][a-z0-9_]{0,31})-[0-9a-f]+|Local/([a-z][a-z0-9_]{0,31})@al-outside-[0-9a-f]+;[12]"
)
"""A channel that leads to an agent's phone, inside (1) or outside (2)."""

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
        caller=told.message.get("Caller"),
        preferred=told.preferred(),
        sent_by=matched(AGENT_ID, sender, "SentBy") if (sender := told.message.get("SentBy")) else "",
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


def _answered_elsewhere(told: Told) -> Event:
    return AnsweredElsewhere(at=told.at, call_id=told.call_id(), agent_id=told.agent_id(), attempt=told.attempt())


def _talk_ended(told: Told) -> Event:
    by = word(EndedBy, told.message.get("By"), "By")
    number = told.message.get("To")
    handed_to = matched(INTERNAL_NUMBER, number, "To") if number else ""
    return TalkEnded(at=told.at, call_id=told.call_id(), agent_id=told.agent_id(), by=by, handed_to=handed_to)


def _last_resort_entered(told: Told) -> Event:
    return LastResortEntered(at=told.at, call_id=told.call_id(), queue=told.variables.get("AL_QUEUE", ""))


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


def _third_party_asked(told: Told) -> Event:
    return ThirdPartyAsked(
        at=told.at,
        call_id=told.call_id(),
        agent_id=told.agent_id(),
        queue=matched(AGENT_ID, told.message.get("Queue"), "Queue"),
        node=told.node,
        channel=told.channel(),
    )


def _third_party_joined(told: Told) -> Event:
    return ThirdPartyJoined(at=told.at, call_id=told.call_id(), agent_id=told.agent_id(), mode=told.mode())


def _third_party_left(told: Told) -> Event:
    return ThirdPartyLeft(at=told.at, call_id=told.call_id(), agent_id=told.agent_id(), mode=told.mode())


def _third_party_not_reached(told: Told) -> Event:
    return ThirdPartyNotReached(
        at=told.at,
        call_id=told.call_id(),
        agent_id=told.agent_id(),
        mode=told.mode(),
        dial_status=told.message.get("DialStatus"),
    )


def _reserve_declined(told: Told) -> Event:
    return ReserveDeclined(at=told.at, agent_id=told.agent_id(), dial_status=told.message.get("DialStatus"))


def _hangup(told: Told) -> Event | None:
    """The caller's channel is the one with AL_STATE; the dialplan says `ended` before it hangs up by itself.

    An agent's own channel whose place a caller has taken (attended transfer while a phone rings) hangs up with a copy
    of what the caller carries.
    """
    copied = LEG.fullmatch(told.channel()) and told.message.get("Uniqueid") != told.variables.get("AL_CALL_ID")
    if copied or not told.variables.get("AL_STATE"):
        return None
    state = told.state()
    by = EndedBy.CALLER
    if state is CallState.ENDED:
        by = EndedBy.AGENT if told.variables.get("AL_AGENT") else EndedBy.SYSTEM
    return CallEnded(at=told.at, call_id=told.call_id(), state=state, cause=told.cause(), by=by)


def _device_state(told: Told) -> Event | None:
    name = phone(told.message)
    in_use = told.message.get("State") in DEVICE_IN_USE
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
    target = LEG.fullmatch(told.message.get("TransferTargetChannel"))
    call_id = matched(CALL_ID, variables["AL_CALL_ID"], "call id")
    return CallTransferred(at=told.at, call_id=call_id, agent_id=target[1] or target[2] if target else None)


USER_EVENTS: dict[str, Callable[[Told], Event | None]] = {
    "CallStarted": _call_started,
    "CallerQueued": _caller_queued,
    "AgentRinging": _agent_ringing,
    "AgentAnswered": _agent_answered,
    "AgentNotReached": _agent_not_reached,
    "AnsweredElsewhere": _answered_elsewhere,
    "CallTransferred": lambda told: CallTransferred(at=told.at, call_id=told.call_id(), agent_id=told.agent_id()),
    "TalkEnded": _talk_ended,
    "FallbackEntered": lambda told: FallbackEntered(
        at=told.at, call_id=told.call_id(), reason=told.message.get("Reason")
    ),
    "LastResortEntered": _last_resort_entered,
    "VoicemailBegun": lambda told: VoicemailBegun(at=told.at, call_id=told.call_id()),
    "VoicemailLeft": _voicemail_left,
    "SurveyBegun": lambda told: SurveyBegun(at=told.at, call_id=told.call_id()),
    "LegRecorded": _leg_recorded,
    "AgentCode": _agent_code,
    "RingBackAsked": _ring_back_asked,
    "RingBackAnswered": lambda told: RingBackAnswered(at=told.at, agent_id=told.agent_id(), call_id=told.call_id()),
    "ThirdPartyAsked": _third_party_asked,
    "AmbulanceCalled": lambda told: AmbulanceCalled(at=told.at, call_id=told.call_id(), agent_id=told.agent_id()),
    "ThirdPartyJoined": _third_party_joined,
    "ThirdPartyLeft": _third_party_left,
    "ThirdPartyNotReached": _third_party_not_reached,
    "ReserveAccepted": lambda told: ReserveAccepted(at=told.at, agent_id=told.agent_id()),
    "ReserveDeclined": _reserve_declined,
}

NATIVE_EVENTS: dict[str, Callable[[Told], Event | None]] = {
    "Hangup": _hangup,
    "DeviceStateChange": _device_state,
    "ContactStatus": _contact_status,
    "AttendedTransfer": _attended_transfer,
}
