"""What the projections say of calls, waits, alarms and recordings when facts are stored in order."""

from __future__ import annotations

import pytest

from calls.call import CallState
from calls.events import (
    AlarmCleared,
    AlarmRaised,
    CallFound,
    EndedBy,
    Event,
    LastResortEntered,
    RecordingReady,
    SwitchLost,
    TalkEnded,
    VoicemailBegun,
    VoicemailLeft,
)
from storage.rows import RecordingRow
from tests.facts import (
    NOON,
    answered,
    at,
    call_after,
    ended,
    fell,
    not_reached,
    queued,
    ringing,
    rows_after,
    started,
    waits_after,
)


def test_an_answered_call() -> None:
    events = (started(), queued(2), ringing(3), answered(8), ended(68, CallState.TALK))
    call = call_after(*events)
    assert (call.line, call.lang, call.queue, call.number) == ("hotline", "ru", "general", "+380441234567")
    assert (call.started_at, call.answered_at, call.ended_at) == (at(0), at(8), at(68))
    assert (call.outcome, call.agent_id, call.by_fallback, call.ended_by) == ("answered", "anna", False, "caller")
    [wait] = waits_after(*events)
    assert (wait.queue, wait.began, wait.ended, wait.result) == ("general", at(2), at(8), "answered")
    assert (wait.wait_seconds, wait.agent_id) == (6.0, "anna")


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ([ended(4, CallState.MENU)], "ended_in_menu"),
        ([ended(4, CallState.ENDED, EndedBy.SYSTEM)], "ended_in_menu"),
        ([queued(2), ended(6.9, CallState.WAITING)], "short_abandoned"),
        ([queued(2), ended(7, CallState.WAITING)], "abandoned"),
        ([queued(2), ringing(3), ended(9, CallState.RINGING)], "abandoned"),
        ([queued(2), fell(5), ended(9, CallState.FALLBACK)], "abandoned"),
        ([queued(2), ended(60, CallState.LAST_RESORT, EndedBy.SYSTEM)], "fallback"),
        ([queued(2), VoicemailLeft(at=at(50), call_id="c", recording_id="r"), ended(60, CallState.ENDED)], "voicemail"),
        ([queued(2), answered(5), TalkEnded(at=at(9), call_id="c", agent_id="anna", by=EndedBy.AGENT)], None),
        ([queued(2), answered(5), ended(9, CallState.ENDED, EndedBy.AGENT)], "answered"),
        ([queued(2), ended(9, CallState.TALK)], "answered"),  # the answer itself was not seen
    ],
)
def test_what_became_of_a_call(events: list[Event], outcome: str | None) -> None:
    assert call_after(started(), *events).outcome == outcome


def test_a_caller_back_from_a_ring_goes_on_with_the_same_wait() -> None:
    events = (started(), queued(2), ringing(3), not_reached(18), queued(18, since=2), answered(30, "boris"))
    [wait] = waits_after(*events)
    assert (wait.began, wait.ended, wait.agent_id, wait.wait_seconds) == (at(2), at(30), "boris", 28.0)


def test_a_transfer_to_another_queue_ends_one_wait_and_begins_the_next() -> None:
    events = (started(), queued(2), queued(20, "doctors", since=2), ended(32, CallState.WAITING))
    first, second = waits_after(*events)
    assert (first.result, first.ended, first.wait_seconds) == ("transferred", at(20), 18.0)
    assert (second.nth, second.queue, second.began, second.result) == (2, "doctors", at(20), "abandoned")


def test_a_transfer_out_of_a_talk_begins_a_second_wait() -> None:
    events = (started(), queued(2), answered(4), queued(100, "doctors", since=2), answered(103, "vera"))
    first, second = waits_after(*events)
    assert (first.result, first.wait_seconds, second.result, second.wait_seconds) == ("answered", 2.0, "answered", 3.0)
    assert call_after(*events).answered_at == at(4)
    assert call_after(*events).agent_id == "vera"


def test_the_fallback_marks_a_wait_and_does_not_end_it() -> None:
    [wait] = waits_after(started(), queued(2), fell(6))
    assert (wait.ended, wait.by_fallback) == (None, True)
    [wait] = waits_after(started(), queued(2), fell(6), answered(12, by_fallback=True))
    assert (wait.result, wait.wait_seconds, wait.by_fallback) == ("answered", 10.0, True)
    assert call_after(started(), queued(2), fell(6), answered(12, by_fallback=True)).by_fallback


def test_a_wait_goes_on_when_the_last_resort_brings_the_caller_back() -> None:
    resort = LastResortEntered(at=at(60), call_id="c")
    [wait] = waits_after(started(), queued(2), resort)
    assert (wait.result, wait.ended) == ("last_resort", at(60))
    [wait] = waits_after(started(), queued(2), resort, queued(70, since=2), answered(90))
    assert (wait.result, wait.wait_seconds) == ("answered", 88.0)
    message = VoicemailBegun(at=at(66), call_id="c")
    [wait] = waits_after(started(), queued(2), resort, message, queued(70, since=2), answered(90))
    assert (wait.result, wait.wait_seconds) == ("answered", 88.0), "no message was left after all"
    [wait] = waits_after(started(), queued(2), resort, answered(65, "last_resort_general"))
    assert (wait.result, wait.wait_seconds) == ("answered", 63.0)


def test_a_caller_sent_from_the_menu_to_the_last_resort_waits_there() -> None:
    events = (started(), LastResortEntered(at=at(5), call_id="c", queue="general"))
    assert call_after(*events, ended(30, CallState.LAST_RESORT)).outcome == "abandoned"
    [wait] = waits_after(*events, answered(12, "last_resort_general"))
    assert (wait.queue, wait.began, wait.result, wait.wait_seconds) == ("general", at(5), "answered", 7.0)


def test_a_call_found_in_a_snapshot_waits_since_it_was_queued() -> None:
    found = CallFound(
        at=at(30),
        call_id="c",
        node="n",
        line="hotline",
        lang="ru",
        queue="general",
        state=CallState.WAITING,
        started_at=at(0),
        queued_at=at(2),
        agent_id=None,
        number="+380",
    )
    call, wait = call_after(found), waits_after(found, answered(40))[0]
    assert (call.started_at, call.number) == (at(0), "+380")
    assert (wait.began, wait.wait_seconds) == (at(2), 38.0)


def test_an_alarm_stands_until_it_is_cleared() -> None:
    raised = AlarmRaised(at=at(9), call_id="c", queue="emergency")
    cleared = AlarmCleared(at=at(60), call_id="c", how="answered", agent_id="anna")
    [alarm] = rows_after(raised)
    assert (alarm.raised_at, alarm.cleared_at) == (at(9), None)  # type: ignore[union-attr]
    assert rows_after(raised, raised) == [alarm]
    [alarm] = rows_after(raised, cleared, AlarmCleared(at=at(99), call_id="c", how="by hand"))
    assert (alarm.cleared_at, alarm.how, alarm.agent_id) == (at(60), "answered", "anna")  # type: ignore[union-attr]


def test_a_recording_is_known_by_its_id() -> None:
    ready = RecordingReady(at=at(99), call_id="c", recording_id="r", path="2026/r.flac", seconds=12.5, short_by=0.25)
    row = RecordingRow(recording_id="r", call_id="c", path="2026/r.flac", seconds=12.5, short_by=0.25, created=at(99))
    assert rows_after(ready, ready) == [row]


def test_events_that_no_projection_tells_of_change_no_row() -> None:
    assert rows_after(SwitchLost(at=NOON, node="n")) == []
