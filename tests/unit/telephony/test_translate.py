"""Each message that Asterisk or our dialplan sends becomes one fact, nothing, or a fault that names what is wrong.

Longer than 300 lines, since it is one table of messages and what they mean.
"""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta

import pytest

from calls.call import CallState, ThirdPartyMode
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
from telephony.delivery import Snapshot
from telephony.framing import AmiMessage
from telephony.snapshot import snapshot_taken
from telephony.translate import NATIVE_EVENTS, USER_EVENTS, Malformed, translate

NOW = datetime(2026, 7, 22, 12, 0, tzinfo=UTC)
QUEUED = datetime(2025, 11, 21, 22, 31, 2, 123456, tzinfo=UTC)
CALLER = """\
Channel: PJSIP/trunk-00000007
CallerIDNum: 0501234567
ChanVariable: AL_CALL_ID=node1-1763764262.12
ChanVariable: AL_STATE={state}
ChanVariable: AL_AGENT={agent}
ChanVariable: AL_PLACE=1763764262.123456/hotline/ru/claims/lang:ru=3&desk:approvals=1//"""
PHONE = """\
Channel: PJSIP/agent1-00000008
CallerIDNum: 101
ChanVariable: AL_CALL_ID=
ChanVariable: AL_STATE="""
CALL = {"at": NOW, "call_id": "node1-1763764262.12"}


def a_message(text: str) -> AmiMessage:
    lines = [line.strip() for line in text.strip().split("\n")]
    return AmiMessage("\r\n" + "\r\n".join(lines) + "\r\n")


def user_event(name: str, *headers: str, channel: str = CALLER.format(state="waiting", agent="")) -> AmiMessage:
    return a_message("\n".join(["Event: UserEvent", channel, f"UserEvent: {name}", *headers]))


def native(name: str, *headers: str, state: str = "", agent: str = "") -> AmiMessage:
    return a_message("\n".join([f"Event: {name}", CALLER.format(state=state, agent=agent), *headers]))


ABOUT = "CallId: node1-1763764262.12"

FACTS: list[tuple[AmiMessage, Event]] = [
    (
        user_event("CallStarted"),
        CallStarted(
            **CALL, node="node1", channel="PJSIP/trunk-00000007", line="hotline", lang="ru", number="0501234567"
        ),
    ),
    (
        user_event("CallerQueued", "SentBy: agent1", "Caller: clinic:17"),
        CallerQueued(
            **CALL,
            node="node1",
            channel="PJSIP/trunk-00000007",
            line="hotline",
            queue="claims",
            lang="ru",
            needs=(("desk:approvals", 1), ("lang:ru", 3)),
            queued_at=QUEUED,
            number="0501234567",
            caller="clinic:17",
            sent_by="agent1",
        ),
    ),
    (
        user_event("AgentRinging", ABOUT, "Agent: agent1", "Attempt: 3"),
        AgentRinging(**CALL, agent_id="agent1", attempt=3),
    ),
    (
        user_event("AgentRinging", ABOUT, "Agent: agent1", "Attempt: "),
        AgentRinging(**CALL, agent_id="agent1", attempt=None),
    ),
    (
        user_event("AgentAnswered", ABOUT, "Agent: agent1", "Fallback: 0", channel=PHONE),
        AgentAnswered(**CALL, agent_id="agent1", by_fallback=False),
    ),
    (
        user_event("AgentAnswered", ABOUT, "Agent: last_resort_claims-ru", "Fallback: 1", channel=PHONE),
        AgentAnswered(**CALL, agent_id="last_resort_claims-ru", by_fallback=True),
    ),
    (
        user_event("AgentNotReached", ABOUT, "Agent: agent1", "Attempt: 3", "DialStatus: NOANSWER", "Cause: 19"),
        AgentNotReached(**CALL, agent_id="agent1", attempt=3, dial_status="NOANSWER", cause=19),
    ),
    (
        user_event("AgentNotReached", ABOUT, "Agent: agent1", "Attempt: ", "DialStatus: CHANUNAVAIL", "Cause: "),
        AgentNotReached(**CALL, agent_id="agent1", attempt=None, dial_status="CHANUNAVAIL", cause=0),
    ),
    (
        user_event("AnsweredElsewhere", ABOUT, "Agent: agent2", "Attempt: 3"),
        AnsweredElsewhere(**CALL, agent_id="agent2", attempt=3),
    ),
    (
        user_event("TalkEnded", ABOUT, "Agent: agent1", "By: agent"),
        TalkEnded(**CALL, agent_id="agent1", by=EndedBy.AGENT),
    ),
    (
        user_event("TalkEnded", ABOUT, "Agent: agent1", "By: agent", "To: 802"),
        TalkEnded(**CALL, agent_id="agent1", by=EndedBy.AGENT, handed_to="802"),
    ),
    (user_event("FallbackEntered", "Reason: stale"), FallbackEntered(**CALL, reason="stale")),
    (user_event("LastResortEntered"), LastResortEntered(**CALL, queue="claims")),
    (user_event("VoicemailBegun"), VoicemailBegun(**CALL)),
    (user_event("SurveyBegun"), SurveyBegun(**CALL)),
    (
        user_event("VoicemailLeft", "Recording: node1-1763764262.12_voicemail_1763764300.5.sln"),
        VoicemailLeft(**CALL, recording_id="node1-1763764262.12_voicemail_1763764300.5.sln"),
    ),
    (
        user_event(
            "LegRecorded",
            ABOUT,
            "Party: agent1",
            "File: node1-1763764262.12_agent1_1763764262.123456.sln",
            "StartedAt: 1763764262.123456",
            channel=PHONE,
        ),
        LegRecorded(
            at=QUEUED,
            call_id="node1-1763764262.12",
            party="agent1",
            path="node1-1763764262.12_agent1_1763764262.123456.sln",
        ),
    ),
    (
        user_event("AgentCode", "Agent: agent1", "Duty: paused", "Reason: lunch", channel=PHONE),
        DutyChanged(
            at=NOW, agent_id="agent1", duty=Duty.PAUSED, reason="lunch", channel="PJSIP/agent1-00000008", node="node1"
        ),
    ),
    (
        user_event("RingBackAsked", "Agent: agent1", channel=PHONE),
        RingBackAsked(at=NOW, agent_id="agent1", node="node1", channel="PJSIP/agent1-00000008"),
    ),
    (
        user_event("RingBackAnswered", "Agent: agent1", ABOUT, channel=PHONE),
        RingBackAnswered(at=NOW, agent_id="agent1", call_id="node1-1763764262.12"),
    ),
    (
        user_event("ThirdPartyAsked", ABOUT, "Agent: agent1", "Queue: claims", channel=PHONE),
        ThirdPartyAsked(**CALL, agent_id="agent1", queue="claims", node="node1", channel="PJSIP/agent1-00000008"),
    ),
    (
        user_event("AmbulanceCalled", ABOUT, "Agent: agent1", channel=PHONE),
        AmbulanceCalled(**CALL, agent_id="agent1"),
    ),
    (
        user_event("ThirdPartyJoined", ABOUT, "Agent: agent2", "Mode: talk", channel=PHONE),
        ThirdPartyJoined(**CALL, agent_id="agent2", mode=ThirdPartyMode.TALK),
    ),
    (
        user_event("ThirdPartyLeft", ABOUT, "Agent: agent2", "Mode: whisper", channel=PHONE),
        ThirdPartyLeft(**CALL, agent_id="agent2", mode=ThirdPartyMode.WHISPER),
    ),
    (
        user_event("ThirdPartyNotReached", ABOUT, "Agent: agent2", "Mode: talk", "DialStatus: GONE", channel=PHONE),
        ThirdPartyNotReached(**CALL, agent_id="agent2", mode=ThirdPartyMode.TALK, dial_status="GONE"),
    ),
    (user_event("ReserveAccepted", "Agent: agent2", channel=PHONE), ReserveAccepted(at=NOW, agent_id="agent2")),
    (
        user_event("ReserveDeclined", "Agent: agent2", "DialStatus: UNCONFIRMED", channel=PHONE),
        ReserveDeclined(at=NOW, agent_id="agent2", dial_status="UNCONFIRMED"),
    ),
    (
        native("Hangup", "Cause: 16", state="waiting"),
        CallEnded(**CALL, state=CallState.WAITING, cause=16, by=EndedBy.CALLER),
    ),
    (
        native("Hangup", "Cause: 16", state="talk", agent="agent1"),
        CallEnded(**CALL, state=CallState.TALK, cause=16, by=EndedBy.CALLER),
    ),
    (
        native("Hangup", "Cause: 16", state="ended", agent="agent1"),
        CallEnded(**CALL, state=CallState.ENDED, cause=16, by=EndedBy.AGENT),
    ),
    (
        native("Hangup", "Cause: 16", state="ended"),
        CallEnded(**CALL, state=CallState.ENDED, cause=16, by=EndedBy.SYSTEM),
    ),
    (
        a_message("Event: DeviceStateChange\nDevice: PJSIP/agent1\nState: RINGINUSE"),
        PhoneInUse(at=NOW, agent_id="agent1", in_use=True),
    ),
    (
        a_message("Event: DeviceStateChange\nDevice: PJSIP/agent1\nState: UNAVAILABLE"),
        PhoneInUse(at=NOW, agent_id="agent1", in_use=False),
    ),
    (
        a_message("Event: ContactStatus\nContactStatus: Reachable\nAOR: agent1\nEndpointName: agent1"),
        PhoneReachable(at=NOW, agent_id="agent1", reachable=True),
    ),
    (
        a_message("Event: ContactStatus\nContactStatus: Removed\nAOR: agent1\nEndpointName: "),
        PhoneReachable(at=NOW, agent_id="agent1", reachable=False),
    ),
    (user_event("CallTransferred", ABOUT, "Agent: agent2", channel=PHONE), CallTransferred(**CALL, agent_id="agent2")),
    (
        a_message("""Event: AttendedTransfer
            TransfereeChannel: PJSIP/trunk-00000007
            TransfereeChanVariable: AL_CALL_ID=node1-1763764262.12
            TransfereeChanVariable: AL_STATE=talk
            TransferTargetChannel: PJSIP/agent2-0000000a"""),
        CallTransferred(**CALL, agent_id="agent2"),
    ),
    (
        a_message("""Event: AttendedTransfer
            TransfereeChannel: Local/agent1@al-member-0000000c;2
            TransfereeChanVariable: AL_CALL_ID=node1-1763764262.12
            TransfereeChanVariable: AL_STATE=
            TransferTargetChannel: Local/agent2@al-outside-0000000a;1"""),
        CallTransferred(**CALL, agent_id="agent2"),
    ),
]

NOTHING = [
    a_message("""Event: Hangup
        Channel: PJSIP/agent1-00000002
        Uniqueid: node1-1763764263.2
        ChanVariable: AL_CALL_ID=node1-1763764262.12
        ChanVariable: AL_STATE=talk
        Cause: 16"""),
    native("Newchannel", state="waiting"),
    native("Hangup", "Cause: 16", state=""),
    user_event("SomebodyElses"),
    a_message("Event: DeviceStateChange\nDevice: Local/agent1@al-member\nState: INUSE"),
    a_message("Event: ContactStatus\nContactStatus: Updated\nAOR: agent1"),
    a_message("Event: AttendedTransfer\nTransfereeChannel: PJSIP/agent3-1"),
]

FAULTS = [
    (user_event("CallerQueued", channel=PHONE), "AL_QUEUED_AT is no moment", ""),
    (user_event("CallStarted", channel=PHONE), "call id is missing", ""),
    (user_event("CallStarted", "CallId: ../../etc"), "call id is not as it should be", ""),
    (user_event("AgentRinging", ABOUT), "Agent is missing", "node1-1763764262.12"),
    (user_event("AgentRinging", ABOUT, "Agent: Agent 1"), "Agent is not as it should be", "node1-1763764262.12"),
    (
        user_event("AgentRinging", ABOUT, "Agent: a1", "Attempt: x"),
        "Attempt is not as it should be",
        "node1-1763764262.12",
    ),
    (
        user_event("TalkEnded", ABOUT, "Agent: a1", "By: agent", "To: +7 900"),
        "To is not as it should be",
        "node1-1763764262.12",
    ),
    (user_event("TalkEnded", ABOUT, "Agent: a1", "By: fate"), "By is no EndedBy", "node1-1763764262.12"),
    (
        user_event("LegRecorded", ABOUT, "Party: a1", "File: ../x.sln"),
        "File is not as it should be",
        "node1-1763764262.12",
    ),
    (
        user_event("ThirdPartyLeft", ABOUT, "Agent: a1", "Mode: song"),
        "Mode is no ThirdPartyMode",
        "node1-1763764262.12",
    ),
    (user_event("AgentCode", "Agent: a1", "Duty: asleep"), "Duty is no Duty", "node1-1763764262.12"),
    (native("Hangup", "Cause: 16", state="lost"), "AL_STATE is no CallState", "node1-1763764262.12"),
    (a_message("Event: ContactStatus\nContactStatus: Reachable"), "EndpointName is missing", ""),
]


@pytest.mark.parametrize(("message", "fact"), FACTS, ids=lambda value: type(value).__name__)
def test_a_message_becomes_its_fact(message: AmiMessage, fact: Event) -> None:
    assert translate("node1", message, NOW) == fact


@pytest.mark.parametrize("message", NOTHING)
def test_what_is_not_ours_means_nothing(message: AmiMessage) -> None:
    assert translate("node1", message, NOW) is None


@pytest.mark.parametrize(("message", "reason", "call_id"), FAULTS)
def test_what_does_not_read_is_told_without_its_values(message: AmiMessage, reason: str, call_id: str) -> None:
    fault = translate("node1", message, NOW)
    assert isinstance(fault, Malformed) and (fault.reason, fault.call_id) == (reason, call_id)


def test_bad_needs_are_a_fault() -> None:
    channel = CALLER.format(state="waiting", agent="").replace("lang:ru=3", "lang:ru=0501234567")
    assert isinstance(translate("node1", user_event("CallerQueued", channel=channel), NOW), Malformed)


def test_asterisks_own_moment_counts_before_ours() -> None:
    message = user_event("LastResortEntered", "Timestamp: 1763764262.123456")
    assert translate("node1", message, NOW) == LastResortEntered(
        at=QUEUED, call_id="node1-1763764262.12", queue="claims"
    )


def test_an_unknown_caller_has_no_number() -> None:
    channel = CALLER.format(state="menu", agent="").replace("0501234567", "<unknown>")
    started = translate("node1", user_event("CallStarted", channel=channel), NOW)
    assert isinstance(started, CallStarted) and started.number == ""


def test_every_kind_of_message_that_is_read_has_a_case_here() -> None:
    shown = {message.get("UserEvent") or message.event for message, _ in FACTS}
    assert shown == set(USER_EVENTS) | set(NATIVE_EVENTS)


def test_fuzzed_user_events_become_facts_or_faults_and_never_raise() -> None:
    rng = random.Random(20260724)
    texts = [message.text for message, _ in FACTS]
    noise = ["", "\0", ": ", "=", "&", "-1", "9" * 30, "lang:", "…", "a;b", "PJSIP/", "AL_STATE="]
    for _ in range(100_000 if os.environ.get("AL_LONG") else 3_000):
        text = rng.choice(texts)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(2, len(text) - 2)
            text = text[:at] + rng.choice(noise) + text[at + rng.randrange(0, 20) :]
        result = translate("node1", AmiMessage(text + "\r\n"), NOW)
        assert result is None or isinstance(result, Malformed | Event)


def test_a_snapshot_holds_callers_and_phones_and_names_what_it_could_not_read() -> None:
    caller = native("CoreShowChannel", "Duration: 01:02:03", state="talk", agent="agent1")
    agent_leg = a_message("Event: CoreShowChannel\n" + PHONE)
    broken = native("CoreShowChannel", "Duration: 00:00:01", state="lost")
    devices = [
        a_message(f"Event: DeviceStateChange\nDevice: {device}\nState: {state}")
        for device, state in [
            ("PJSIP/agent1", "INUSE"),
            ("PJSIP/agent2", "NOT_INUSE"),
            ("PJSIP/agent3", "UNAVAILABLE"),
            ("Queue:al-claims_avail", "INUSE"),
        ]
    ]
    taken = snapshot_taken("node1", Snapshot((caller, agent_leg, broken), tuple(devices), ("al-ring",)), NOW)

    assert taken.calls == (
        ChannelSeen(
            call_id="node1-1763764262.12",
            channel="PJSIP/trunk-00000007",
            line="hotline",
            lang="ru",
            queue="claims",
            needs=(("desk:approvals", 1), ("lang:ru", 3)),
            state=CallState.TALK,
            queued_at=QUEUED,
            agent_id="agent1",
            number="0501234567",
            started_at=NOW - timedelta(hours=1, minutes=2, seconds=3),
        ),
    )
    assert (taken.reachable, taken.in_use) == ({"agent1", "agent2"}, {"agent1"})
    assert taken.faults == ("context al-ring is missing", "a caller's channel cannot be read: AL_STATE is no CallState")


def test_a_snapshot_names_the_phone_that_app_queue_rings() -> None:
    """The caller's own channel does not: the phone is rung from a channel of app_queue's."""
    caller = native("CoreShowChannel", "Duration: 00:00:09", state="fallback", agent="")
    leg = "Event: CoreShowChannel\nChannel: {}\nChanVariable: AL_CALL_ID=node1-1763764262.12\nChanVariable: AL_STATE="
    legs = [a_message(leg.format(name)) for name in ("Local/nina@al-member-00000001;2", "PJSIP/nina-0000000a")]
    outside = a_message(leg.format("PJSIP/trunk-0000000b"))
    for channels, rung in [((caller, *legs), "nina"), ((caller, outside), None), ((caller,), None)]:
        [call] = snapshot_taken("node1", Snapshot(channels, (), ()), NOW).calls
        assert (call.state, call.agent_id) == (CallState.FALLBACK, rung)


def test_a_snapshot_names_all_who_are_rung_together() -> None:
    ringing = native("CoreShowChannel", "Duration: 00:00:01", state="ringing", agent="anna.boris.clara")
    [seen] = snapshot_taken("node1", Snapshot((ringing,), (), ()), NOW).calls
    assert (seen.agent_id, seen.besides) == ("anna", ("boris", "clara"))


def test_a_snapshot_names_who_takes_part_in_anothers_talk() -> None:
    leg = "Event: CoreShowChannel\nChannel: {}\nChanVariable: AL_CALL_ID=node1-1763764262.12\nChanVariable: AL_STATE="
    names = (
        "PJSIP/agent1-00000008",
        "PJSIP/galina-00000009",
        "Local/marat@al-outside-0000000b;1",
        "PJSIP/trunk-0000000c",
    )
    legs = [a_message(leg.format(name)) for name in names]
    for state, takes_part in (("talk", ("galina", "marat")), ("ringing", ())):
        caller = native("CoreShowChannel", "Duration: 00:00:09", state=state, agent="agent1")
        taken = snapshot_taken("node1", Snapshot((caller, *legs), (), ()), NOW)
        assert taken.third_parties == tuple((agent, "node1-1763764262.12") for agent in takes_part)


@pytest.mark.parametrize(
    ("named", "preferred"),
    [("galina", "galina"), ("", ""), ("Dr House", ""), ("44207", ""), ("galina/x,AL_QUEUE=y", "")],
)
def test_whom_a_lookup_has_named_is_read_where_it_can_be_an_agent(named: str, preferred: str) -> None:
    channel = f"{CALLER.format(state='waiting', agent='')}{named}"
    queued = translate("node1", user_event("CallerQueued", channel=channel), NOW)
    assert isinstance(queued, CallerQueued) and queued.preferred == preferred
