"""Which ways may a call go, and what does it keep on them?"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from calls.call import HANDED_OVER, Call, CallState
from calls.errors import IllegalEvent
from calls.events import (
    AgentAnswered,
    AgentNotReached,
    AgentRinging,
    CallEnded,
    CallerQueued,
    CallEvent,
    CallStarted,
    CallTransferred,
    EndedBy,
    FallbackEntered,
    LastResortEntered,
    MenuEntered,
    SurveyBegun,
    TalkEnded,
    VoicemailBegun,
)
from calls.lifecycle import TRANSITIONS, apply, start
from calls.needs import parse_needs
from tests.builders import NOON, a_call, seconds

S = CallState


def queued(at: datetime = NOON, queued_at: datetime = NOON, **given: Any) -> CallerQueued:
    event = CallerQueued(
        at=at,
        call_id="call-1",
        node="pbx1",
        channel="PJSIP/trunk-2",
        line="hotline",
        queue="claims",
        lang="ru",
        needs=parse_needs("desk:claims=1"),
        queued_at=queued_at,
    )
    return replace(event, **given)


def ringing(agent_id: str = "anna", attempt: int | None = 1, after: float = 5) -> AgentRinging:
    return AgentRinging(at=NOON + seconds(after), call_id="call-1", agent_id=agent_id, attempt=attempt)


def not_reached(after: float = 25) -> AgentNotReached:
    return AgentNotReached(
        at=NOON + seconds(after), call_id="call-1", agent_id="anna", attempt=1, dial_status="NOANSWER"
    )


def answered(agent_id: str = "anna", after: float = 8) -> AgentAnswered:
    return AgentAnswered(at=NOON + seconds(after), call_id="call-1", agent_id=agent_id)


def ended(state: CallState, after: float = 60) -> CallEnded:
    return CallEnded(at=NOON + seconds(after), call_id="call-1", state=state, cause=16, by=EndedBy.CALLER)


EVENTS: list[CallEvent] = [
    MenuEntered(at=NOON, call_id="call-1", line="hotline", menu="hotline"),
    queued(),
    ringing(),
    not_reached(),
    answered(),
    TalkEnded(at=NOON, call_id="call-1", agent_id="anna", by=EndedBy.AGENT),
    CallTransferred(at=NOON, call_id="call-1", agent_id="galina"),
    FallbackEntered(at=NOON, call_id="call-1", reason="stale"),
    LastResortEntered(at=NOON, call_id="call-1"),
    VoicemailBegun(at=NOON, call_id="call-1"),
    SurveyBegun(at=NOON, call_id="call-1"),
    ended(S.WAITING),
]


def after(*events: CallEvent) -> Call:
    call = a_call()
    for event in events:
        call = apply(call, event)
    return call


def test_the_events_here_are_all_that_the_table_knows() -> None:
    assert {type(event) for event in EVENTS} == set(TRANSITIONS)


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_moves_the_call_as_the_table_says_or_leaves_it_as_it_was(event: CallEvent, state: CallState) -> None:
    call = a_call(state=state, queue="claims", agent_id="anna")
    before = replace(call)
    if state in TRANSITIONS[type(event)]:
        assert apply(call, event).state is TRANSITIONS[type(event)][state]
    else:
        with pytest.raises(IllegalEvent, match=state.value):
            apply(call, event)
    assert call == before


def test_an_ended_call_knows_no_further_event() -> None:
    assert not any(S.ENDED in moves for moves in TRANSITIONS.values())


def test_every_call_can_end_whatever_it_is_doing() -> None:
    assert set(TRANSITIONS[CallEnded]) == set(S) - {S.ENDED}


@pytest.mark.parametrize("state", [S.FALLBACK, S.LAST_RESORT])
def test_a_ring_by_asterisk_itself_leaves_the_call_in_its_hands(state: CallState) -> None:
    ring = AgentRinging(at=NOON, call_id="call-1", agent_id="anna", attempt=None)
    assert apply(a_call(state=state), ring).state is state


def test_an_agent_who_gets_free_takes_a_call_out_of_the_last_resort_but_not_out_of_the_fallback() -> None:
    ring = AgentRinging(at=NOON, call_id="call-1", agent_id="anna", attempt=7)
    assert apply(a_call(state=S.LAST_RESORT), ring).state is S.RINGING
    assert apply(a_call(state=S.FALLBACK), ring).state is S.FALLBACK


def test_a_call_goes_from_menu_to_talk_and_keeps_what_was_said_of_it() -> None:
    call = after(*EVENTS[:1], queued(), ringing(), answered())
    assert (call.state, call.agent_id, call.queue, call.lang) == (S.TALK, "anna", "claims", "ru")
    assert call.state_since == NOON + seconds(8)
    assert call.channel == "PJSIP/trunk-2"


def test_a_ring_without_answer_keeps_the_callers_place_and_the_beginning_of_the_wait() -> None:
    call = after(queued(), ringing(), not_reached(), queued(at=NOON + seconds(25)))
    assert (call.state, call.agent_id, call.attempt) == (S.WAITING, None, None)
    assert call.queued_at == NOON
    assert call.waiting_since == NOON
    assert call.state_since == NOON + seconds(25)


def test_a_transfer_to_a_queue_keeps_the_place_and_begins_a_new_wait() -> None:
    call = after(queued(), ringing(), answered(), queued(at=NOON + seconds(300), queue="doctors"))
    assert (call.state, call.queue, call.queued_at) == (S.WAITING, "doctors", NOON)
    assert call.waiting_since == NOON + seconds(300)


def test_an_overflow_to_another_queue_begins_a_new_wait_there_and_is_not_forgotten() -> None:
    waited = replace(after(queued()), overflowed=frozenset({"queue"}), back_since=NOON)
    call = apply(waited, queued(at=NOON + seconds(60), queue="operator"))
    assert (call.state, call.queue, call.queued_at) == (S.WAITING, "operator", NOON)
    assert (call.waiting_since, call.back_since, call.overflowed) == (NOON + seconds(60), None, {"queue"})
    assert apply(call, queued(at=NOON + seconds(90), queue="operator")).waiting_since == NOON + seconds(60)


def test_a_colleague_who_does_not_take_a_handed_over_caller_leaves_him_waiting_from_the_transfer_on() -> None:
    handed = TalkEnded(at=NOON + seconds(60), call_id="call-1", agent_id="anna", by=EndedBy.AGENT, handed_to="107")
    left = after(queued(), ringing(), answered(), handed)
    assert (left.state, left.agent_id) == (S.TALK, None)  # the ambulance may be with the caller, and nobody else
    rung = apply(left, ringing("galina", HANDED_OVER, after=61))
    assert (rung.state, rung.agent_id, rung.waiting_since) == (S.RINGING, "galina", NOON + seconds(61))
    waits = apply(rung, queued(at=NOON + seconds(81)))
    assert (waits.state, waits.queued_at, waits.waiting_since) == (S.WAITING, NOON, NOON + seconds(61))


def test_an_attended_transfer_changes_who_talks_and_not_since_when() -> None:
    call = after(queued(), ringing(), answered(), CallTransferred(at=NOON, call_id="call-1", agent_id="galina"))
    assert (call.state, call.agent_id, call.state_since) == (S.TALK, "galina", NOON + seconds(8))
    assert apply(call, CallTransferred(at=NOON, call_id="call-1", agent_id=None)).agent_id == "galina"


def test_a_caller_whom_the_last_resort_gives_back_goes_on_with_the_same_wait() -> None:
    resort = LastResortEntered(at=NOON + seconds(60), call_id="call-1")
    call = after(queued(), resort, queued(at=NOON + seconds(70)))
    assert (call.state, call.waiting_since, call.back_since) == (S.WAITING, NOON, NOON + seconds(70))
    assert after(queued(), resort, queued(), ringing(), answered(), queued()).back_since is None


def test_a_caller_who_leaves_no_message_after_all_goes_on_with_the_same_wait_and_is_sent_nowhere_twice() -> None:
    waited = replace(after(queued()), overflowed=frozenset({"voicemail"}))
    call = waited
    for event in (LastResortEntered(at=NOON, call_id="call-1"), VoicemailBegun(at=NOON, call_id="call-1")):
        call = apply(call, event)
    waits = apply(call, queued(at=NOON + seconds(70)))
    assert (waits.state, waits.queued_at, waits.waiting_since) == (S.WAITING, NOON, NOON)
    assert (waits.back_since, waits.overflowed) == (NOON + seconds(70), {"voicemail"})
    fell = apply(call, FallbackEntered(at=NOON + seconds(70), call_id="call-1", reason="stale"))
    assert (fell.state, fell.waiting_since) == (S.FALLBACK, NOON)


def test_the_fallback_and_the_last_resort_do_not_begin_the_wait_anew() -> None:
    waited = after(queued(), FallbackEntered(at=NOON + seconds(3), call_id="call-1", reason="unseen"))
    assert (waited.state, waited.waiting_since) == (S.FALLBACK, NOON)
    resort = apply(waited, LastResortEntered(at=NOON + seconds(30), call_id="call-1"))
    assert (resort.state, resort.waiting_since) == (S.FALLBACK, NOON)


def test_a_call_begins_with_what_its_first_event_says() -> None:
    begun = CallStarted(at=NOON, call_id="call-7", node="pbx2", channel="PJSIP/trunk-7", line="emergency", lang="ru")
    call = start(begun)
    assert (call.call_id, call.node, call.line, call.state) == ("call-7", "pbx2", "emergency", S.MENU)
    assert call.started_at == call.state_since == NOON
