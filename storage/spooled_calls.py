"""What does a line of the failsafe spool add to the history? Only what is missing there.

The line was written by Asterisk's own hangup handler about a call that the service did not see to its end. Its keys
are told in agi_scripts/failsafe.py: texts, empty where unknown, times as seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from calls.call import TALKS, CallState
from calls.events import CallSpooled, EndedBy
from storage import waits
from storage.agent_states import release
from storage.known import Known
from storage.rows import CallRow, Outcome, Row, WaitResult, WaitRow


def call_spooled(known: Known, event: CallSpooled) -> list[Row]:
    """The rows that a spooled call fills; a call whose end the engine saw keeps that end."""
    seen = known.calls.get(event.call_id)
    began = moment(event.payload.get("started_at")) or event.at
    call = _filled(seen or CallRow(call_id=event.call_id, started_at=began), event.payload)
    if seen and seen.ended_at:
        return [call]
    state = _text(event.payload, "state")
    wait = known.last_waits.get(event.call_id) or _wait(event)
    outcome = call.outcome or _outcome(call, wait, event)
    ended = replace(
        call,
        ended_at=event.at,
        ended_by=EndedBy.AGENT.value if state == CallState.ENDED else EndedBy.CALLER.value,
        ended_state=state,
        outcome=outcome,
        by_fallback=call.by_fallback or (outcome == Outcome.ANSWERED and bool(_text(event.payload, "reason"))),
    )
    ended_wait = [_ended_wait(wait, event, ended)] if wait and wait.ended is None else []
    return [ended, *ended_wait, *release(known, event.call_id, event.at)]


def moment(text: object) -> datetime | None:
    """A time of the spool, or None where it holds none."""
    try:
        return datetime.fromtimestamp(float(str(text)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _filled(call: CallRow, payload: Mapping[str, object]) -> CallRow:
    """The call with its empty fields taken from the spool."""
    return replace(
        call,
        line=call.line or _text(payload, "line"),
        lang=call.lang or _text(payload, "lang"),
        queue=call.queue or _text(payload, "queue"),
        agent_id=call.agent_id or _text(payload, "agent") or None,
        answered_at=call.answered_at or moment(payload.get("answered_at")),
    )


def _wait(event: CallSpooled) -> WaitRow | None:
    began = moment(event.payload.get("queued_at"))
    if began is None:
        return None
    fell = bool(_text(event.payload, "reason"))
    return WaitRow(call_id=event.call_id, nth=1, queue=_text(event.payload, "queue"), began=began, by_fallback=fell)


def _outcome(call: CallRow, wait: WaitRow | None, event: CallSpooled) -> Outcome:
    if _text(event.payload, "voicemail"):
        return Outcome.VOICEMAIL
    if call.answered_at or _text(event.payload, "state") in TALKS:
        return Outcome.ANSWERED
    return waits.left(wait, event.at) if wait else Outcome.ENDED_IN_MENU


def _ended_wait(wait: WaitRow, event: CallSpooled, call: CallRow) -> WaitRow:
    """A wait whose answer nobody noted has no length."""
    if call.outcome == Outcome.VOICEMAIL:
        return waits.end(wait, event.at, WaitResult.LAST_RESORT)
    if call.outcome != Outcome.ANSWERED:
        return waits.end(wait, event.at, WaitResult.ABANDONED)
    answered = waits.end(wait, call.answered_at or event.at, WaitResult.ANSWERED, call.agent_id)
    return answered if call.answered_at else replace(answered, wait_seconds=None)


def _text(payload: Mapping[str, object], key: str) -> str:
    value = payload.get(key)
    return value if isinstance(value, str) else ""
