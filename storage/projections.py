"""Which rows change when a fact is stored? ``project(known, event)``, pure: rows in, changed rows out.

The fallback does not end a wait, it marks it. What the failsafe spool says only fills gaps: it never overrides what the
engine saw. Waits are told in waits.py, agents' states in agent_states.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from calls.call import TALKS, CallState
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
    CallFound,
    CallSpooled,
    CallStarted,
    CallTransferred,
    DutyChanged,
    EndedBy,
    Event,
    FallbackEntered,
    LastResortEntered,
    MenuEnded,
    PhoneReachable,
    RecordingReady,
    TalkEnded,
    VoicemailLeft,
    WrapUpEnded,
)
from ivr.dialogue import Outcome as MenuOutcome
from storage import callbacks, waits
from storage.agent_states import (
    agent_not_reached,
    agent_ringing,
    agent_talks,
    change_state,
    duty_changed,
    phone_reachable,
    release,
    rings_over,
    talk_ended,
    wrap_up_ended,
)
from storage.known import Known
from storage.rows import AlarmRow, CallRow, Doing, Outcome, RecordingRow, Row, WaitResult, WaitRow
from storage.spooled_calls import call_spooled

LEFT_TO_ASTERISK = frozenset({CallState.FALLBACK, CallState.LAST_RESORT})

AFTER_TALK = frozenset({MenuOutcome.RATED.value, MenuOutcome.UNRATED.value})


def project(known: Known, event: Event) -> list[Row]:
    """The rows that this event makes or changes; none for an event that no projection tells of."""
    projection = PROJECTIONS.get(type(event))
    return projection(known, event) if projection else []


def _call(known: Known, call_id: str, at: datetime) -> CallRow:
    """What is stored of the call; one whose start we missed begins when it is first heard of."""
    return known.calls.get(call_id) or CallRow(call_id=call_id, started_at=at)


def _started(known: Known, event: CallStarted) -> list[Row]:
    call = _call(known, event.call_id, event.at)
    return [replace(call, line=event.line, number=event.number, lang=event.lang, started_at=event.at)]


def _found(known: Known, event: CallFound) -> list[Row]:
    call = _call(known, event.call_id, event.started_at)
    known_now = replace(
        call,
        line=event.line,
        number=event.number or call.number,
        lang=event.lang,
        queue=event.queue,
        agent_id=event.agent_id or call.agent_id,
        answered_at=call.answered_at or (event.at if event.state in TALKS else None),
    )
    if event.queued_at is None or event.state in TALKS | {CallState.MENU, CallState.ENDED}:
        return [known_now]
    return [known_now, *waits.enter(known, event.call_id, event.queue, event.queued_at)]


def _queued(known: Known, event: CallerQueued) -> list[Row]:
    call = _call(known, event.call_id, event.queued_at)
    number, lang = event.number or call.number, event.lang or call.lang
    call = replace(call, line=event.line, queue=event.queue, lang=lang, number=number)
    first = event.call_id not in known.last_waits
    entered = waits.enter(known, event.call_id, event.queue, event.queued_at if first else event.at)
    return [call, *entered, *rings_over(known, event)]


def _answered(known: Known, event: AgentAnswered) -> list[Row]:
    call = _call(known, event.call_id, event.at)
    answered_at = call.answered_at or event.at
    by_fallback = event.by_fallback if call.answered_at is None else call.by_fallback
    rows: list[Row] = [replace(call, agent_id=event.agent_id, answered_at=answered_at, by_fallback=by_fallback)]
    wait = known.last_waits.get(event.call_id)
    if wait and (wait.ended is None or wait.result == WaitResult.LAST_RESORT):
        ended = waits.end(wait, event.at, WaitResult.ANSWERED, event.agent_id)
        rows.append(replace(ended, by_fallback=event.by_fallback))
    return [*rows, *agent_talks(known, event)]


def _fell(known: Known, event: FallbackEntered) -> list[Row]:
    wait = known.open_wait(event.call_id)
    return [replace(wait, by_fallback=True)] if wait else []


def _last_resort(known: Known, event: LastResortEntered) -> list[Row]:
    """Also for a caller who comes straight from the menu: that wait begins here."""
    if event.call_id in known.last_waits:
        wait = known.open_wait(event.call_id)
        return [waits.end(wait, event.at, WaitResult.LAST_RESORT)] if wait else []
    [wait] = waits.enter(known, event.call_id, event.queue, event.at)
    call = replace(_call(known, event.call_id, event.at), queue=event.queue)
    return [call, waits.end(wait, event.at, WaitResult.LAST_RESORT)]


def _message_left(known: Known, event: VoicemailLeft) -> list[Row]:
    call = replace(_call(known, event.call_id, event.at), outcome=Outcome.VOICEMAIL)
    return [call, *callbacks.message_left(known, event, call)]


def _spooled(known: Known, event: CallSpooled) -> list[Row]:
    return [*call_spooled(known, event), *callbacks.message_spooled(known, event)]


def _menu_ended(known: Known, event: MenuEnded) -> list[Row]:
    """The survey after the talk says nothing of what the menu before it came to."""
    if event.outcome in AFTER_TALK:
        return []
    return [replace(_call(known, event.call_id, event.at), menu_outcome=event.outcome)]


def _ended(known: Known, event: CallEnded) -> list[Row]:
    call = _call(known, event.call_id, event.at)
    rows: list[Row] = [
        replace(
            call,
            ended_at=event.at,
            ended_by=event.by.value,
            ended_state=event.state.value,
            outcome=_outcome(call, known.last_waits.get(event.call_id), event),
        )
    ]
    if wait := known.open_wait(event.call_id):
        rows.append(waits.end(wait, event.at, _wait_result(event)))
    return [*rows, *release(known, event.call_id, event.at)]


def _wait_result(event: CallEnded) -> WaitResult:
    """How a wait ended that lasted until the call's own end."""
    if event.state in TALKS:
        return WaitResult.ANSWERED
    if event.state in LEFT_TO_ASTERISK and event.by is EndedBy.SYSTEM:
        return WaitResult.FALLBACK
    return WaitResult.ABANDONED


def _outcome(call: CallRow, wait: WaitRow | None, event: CallEnded) -> Outcome:
    if call.outcome == Outcome.VOICEMAIL:
        return Outcome.VOICEMAIL
    if call.answered_at or event.state in TALKS:
        return Outcome.ANSWERED
    if wait is None:
        return Outcome.ENDED_IN_MENU
    if event.state in LEFT_TO_ASTERISK and event.by is EndedBy.SYSTEM:
        return Outcome.FALLBACK
    return waits.left(wait, event.at)


def _transferred(known: Known, event: CallTransferred) -> list[Row]:
    rows = release(known, event.call_id, event.at)
    if event.agent_id is None:
        return rows
    call = replace(_call(known, event.call_id, event.at), agent_id=event.agent_id)
    return [*rows, call, *change_state(known, event.agent_id, event.at, Doing.TALK, call_id=event.call_id)]


def _recorded(_known: Known, event: RecordingReady) -> list[Row]:
    return [
        RecordingRow(
            recording_id=event.recording_id,
            call_id=event.call_id,
            path=event.path,
            seconds=event.seconds,
            short_by=event.short_by,
            created=event.at,
        )
    ]


def _alarm_raised(known: Known, event: AlarmRaised) -> list[Row]:
    if event.call_id in known.alarms:
        return []
    return [AlarmRow(call_id=event.call_id, queue=event.queue, raised_at=event.at)]


def _alarm_cleared(known: Known, event: AlarmCleared) -> list[Row]:
    alarm = known.alarms.get(event.call_id)
    if alarm is None or alarm.cleared_at:
        return []
    return [replace(alarm, cleared_at=event.at, how=event.how, agent_id=event.agent_id)]


PROJECTIONS: dict[type[Event], Callable[[Known, Any], list[Row]]] = {
    CallStarted: _started,
    CallFound: _found,
    CallerQueued: _queued,
    AgentRinging: agent_ringing,
    AgentAnswered: _answered,
    AgentNotReached: agent_not_reached,
    AnsweredElsewhere: agent_not_reached,
    TalkEnded: talk_ended,
    CallTransferred: _transferred,
    FallbackEntered: _fell,
    LastResortEntered: _last_resort,
    VoicemailLeft: _message_left,
    CallEnded: _ended,
    CallSpooled: _spooled,
    CallbackAsked: callbacks.callback_asked,
    CallbackDone: callbacks.callback_done,
    MenuEnded: _menu_ended,
    RecordingReady: _recorded,
    AlarmRaised: _alarm_raised,
    AlarmCleared: _alarm_cleared,
    DutyChanged: duty_changed,
    PhoneReachable: phone_reachable,
    WrapUpEnded: wrap_up_ended,
}
