"""What the projections say of calls, waits and agents when facts are stored in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calls.call import CallState
from calls.events import (
    AgentAnswered,
    AgentNotReached,
    AgentRinging,
    AlarmCleared,
    AlarmRaised,
    CallEnded,
    CallerQueued,
    CallFound,
    CallSpooled,
    CallStarted,
    CallTransferred,
    Duty,
    DutyChanged,
    EndedBy,
    Event,
    FallbackEntered,
    LastResortEntered,
    PhoneReachable,
    RecordingReady,
    SwitchLost,
    TalkEnded,
    VoicemailLeft,
)
from storage.known import Known
from storage.projections import project
from storage.rows import AgentStateRow, CallRow, RecordingRow, Row, WaitRow

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def rows_after(*events: Event) -> list[Row]:
    """Every row as it stands after these events, each projected onto what the ones before it left."""
    known = Known()
    for event in events:
        known.put(project(known, event))
    return list(known.changed.values())


def call_after(*events: Event) -> CallRow:
    [call] = [row for row in rows_after(*events) if isinstance(row, CallRow)]
    return call


def waits_after(*events: Event) -> list[WaitRow]:
    return [row for row in rows_after(*events) if isinstance(row, WaitRow)]


def states_after(*events: Event) -> list[tuple[str, float, float | None]]:
    """What the agents did: state, from and until, in seconds after noon."""
    states = [row for row in rows_after(*events) if isinstance(row, AgentStateRow)]
    return [
        (row.state, (row.since - NOON).total_seconds(), row.until and (row.until - NOON).total_seconds())
        for row in sorted(states, key=lambda row: row.since)
    ]


def started(when: float = 0) -> CallStarted:
    return CallStarted(
        at=at(when), call_id="c", node="n", channel="ch", line="hotline", lang="ru", number="+380441234567"
    )


def queued(when: float = 2, queue: str = "general", since: float | None = None) -> CallerQueued:
    return CallerQueued(
        at=at(when),
        call_id="c",
        node="n",
        channel="ch",
        line="hotline",
        queue=queue,
        lang="ru",
        needs=(),
        queued_at=at(when if since is None else since),
    )


def ringing(when: float, agent: str = "anna") -> AgentRinging:
    return AgentRinging(at=at(when), call_id="c", agent_id=agent, attempt=1)


def answered(when: float, agent: str = "anna", by_fallback: bool = False) -> AgentAnswered:
    return AgentAnswered(at=at(when), call_id="c", agent_id=agent, by_fallback=by_fallback)


def not_reached(when: float, agent: str = "anna", status: str = "NOANSWER") -> AgentNotReached:
    return AgentNotReached(at=at(when), call_id="c", agent_id=agent, attempt=1, dial_status=status)


def fell(when: float) -> FallbackEntered:
    return FallbackEntered(at=at(when), call_id="c", reason="stale")


def ended(when: float, state: CallState, by: EndedBy = EndedBy.CALLER) -> CallEnded:
    return CallEnded(at=at(when), call_id="c", state=state, cause=16, by=by)


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
    [wait] = waits_after(started(), queued(2), resort, answered(65, "last_resort_general"))
    assert (wait.result, wait.wait_seconds) == ("answered", 63.0)


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


def duty(when: float, duty: Duty, reason: str = "") -> DutyChanged:
    return DutyChanged(at=at(when), agent_id="anna", duty=duty, reason=reason)


def test_a_day_of_an_agent() -> None:
    events = (
        duty(0, Duty.READY),
        ringing(10),
        not_reached(25),
        duty(30, Duty.PAUSED, "lunch"),
        duty(90, Duty.READY),
        ringing(100),
        answered(104),
        TalkEnded(at=at(160), call_id="c", agent_id="anna", by=EndedBy.CALLER),
        duty(175, Duty.READY),
        duty(200, Duty.OFF),
    )
    assert states_after(*events) == [
        ("ready", 0.0, 10.0),
        ("ringing", 10.0, 25.0),
        ("ready", 25.0, 30.0),
        ("paused", 30.0, 90.0),
        ("ready", 90.0, 100.0),
        ("ringing", 100.0, 104.0),
        ("talk", 104.0, 160.0),
        ("wrap-up", 160.0, 175.0),
        ("ready", 175.0, 200.0),
        ("off", 200.0, None),
    ]


def test_what_an_agent_declares_during_a_talk_shows_after_it() -> None:
    events = (duty(0, Duty.READY), answered(5), duty(20, Duty.PAUSED, "lunch"), not_reached(30), duty(50, Duty.OFF))
    assert states_after(*events) == [("ready", 0.0, 5.0), ("talk", 5.0, None)]
    assert states_after(*events, ended(60, CallState.TALK))[-1] == ("wrap-up", 60.0, None)


def test_a_phone_out_of_reach_shows_only_while_its_agent_is_on_duty() -> None:
    gone = PhoneReachable(at=at(5), agent_id="anna", reachable=False)
    back = PhoneReachable(at=at(9), agent_id="anna", reachable=True)
    on_duty = states_after(duty(0, Duty.READY), gone, back)
    assert on_duty == [("ready", 0.0, 5.0), ("unreachable", 5.0, 9.0), ("ready", 9.0, None)]
    assert states_after(duty(0, Duty.OFF), gone) == [("off", 0.0, None)]


def test_the_end_of_a_call_frees_whoever_rang_for_it() -> None:
    events = (duty(0, Duty.READY), started(1), queued(2), ringing(3), ended(7, CallState.RINGING))
    assert states_after(*events)[-2:] == [("ringing", 3.0, 7.0), ("ready", 7.0, None)]


def test_a_transfer_frees_one_agent_and_occupies_the_other() -> None:
    events = (started(), answered(5), CallTransferred(at=at(20), call_id="c", agent_id="vera"))
    states = [row for row in rows_after(*events) if isinstance(row, AgentStateRow)]
    assert {(row.agent_id, row.state) for row in states if row.until is None} == {("anna", "wrap-up"), ("vera", "talk")}


def test_facts_that_come_late_make_no_state_that_ends_before_it_begins() -> None:
    states = [row for row in rows_after(duty(10, Duty.READY), ringing(9)) if isinstance(row, AgentStateRow)]
    assert [(row.state, row.since, row.until) for row in states] == [("ringing", at(10), None)]


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


def spooled(when: float = 90, **told: str) -> CallSpooled:
    beginning = {"started_at": str(at(0).timestamp()), "queued_at": str(at(2).timestamp()), "reason": "stale"}
    where = {"line": "hotline", "queue": "general", "lang": "ru", "agent": "", "answered_at": "", "voicemail": ""}
    return CallSpooled(at=at(when), call_id="c", payload={**beginning, **where, **told})


@pytest.mark.parametrize(
    ("event", "outcome", "result", "seconds"),
    [
        (spooled(state="fallback"), "abandoned", "abandoned", 88.0),
        (spooled(6, state="fallback"), "short_abandoned", "abandoned", 4.0),
        (spooled(state="fallback-talk", agent="boris"), "answered", "answered", None),
        (spooled(state="ended", agent="boris", answered_at=str(at(12).timestamp())), "answered", "answered", 10.0),
        (spooled(state="ended", voicemail="1"), "voicemail", "last_resort", 88.0),
    ],
)
def test_a_call_known_only_from_the_spool(event: CallSpooled, outcome: str, result: str, seconds: float | None) -> None:
    call, [wait] = call_after(event), waits_after(event)
    assert (call.line, call.started_at, call.ended_at, call.outcome) == ("hotline", at(0), event.at, outcome)
    assert (wait.queue, wait.began, wait.result, wait.wait_seconds) == ("general", at(2), result, seconds)
    assert call.by_fallback == (outcome == "answered")


def test_a_spooled_call_that_never_waited_ended_in_the_menu() -> None:
    event = spooled(state="menu", queued_at="")
    assert call_after(event).outcome == "ended_in_menu"
    assert waits_after(event) == []


def test_the_spool_ends_a_call_whose_beginning_was_seen() -> None:
    call = call_after(started(), queued(2), spooled(40, state="fallback", line="another"))
    assert (call.line, call.number, call.outcome, call.ended_at) == ("hotline", "+380441234567", "abandoned", at(40))


def test_the_spool_never_overrides_an_end_that_was_seen() -> None:
    seen = (started(), queued(2), answered(5), ended(60, CallState.TALK))
    before = rows_after(*seen)
    after = rows_after(*seen, spooled(61, state="fallback", line="another"))
    assert after == before


def test_the_engines_word_on_the_end_wins_over_an_earlier_one_of_the_spool() -> None:
    call = call_after(started(), queued(2), spooled(61, state="fallback"), ended(60, CallState.FALLBACK_TALK))
    assert (call.ended_at, call.ended_state, call.outcome) == (at(60), "fallback-talk", "answered")


def test_events_that_no_projection_tells_of_change_no_row() -> None:
    assert rows_after(SwitchLost(at=NOON, node="n")) == []
