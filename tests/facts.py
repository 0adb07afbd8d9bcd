"""Facts of one call, told in seconds after noon, and what the projections make of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from calls.call import CallState
from calls.events import (
    AgentAnswered,
    AgentNotReached,
    AgentRinging,
    CallEnded,
    CallerQueued,
    CallSpooled,
    CallStarted,
    Duty,
    DutyChanged,
    EndedBy,
    Event,
    FallbackEntered,
)
from storage.known import Known
from storage.projections import project
from storage.rows import AgentStateRow, CallRow, Row, WaitRow

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


def duty(when: float, duty: Duty, reason: str = "") -> DutyChanged:
    return DutyChanged(at=at(when), agent_id="anna", duty=duty, reason=reason)


def spooled(when: float = 90, **told: str) -> CallSpooled:
    beginning = {"started_at": str(at(0).timestamp()), "queued_at": str(at(2).timestamp()), "reason": "stale"}
    where = {"line": "hotline", "queue": "general", "lang": "ru", "agent": "", "answered_at": "", "voicemail": ""}
    return CallSpooled(at=at(when), call_id="c", payload={**beginning, **where, **told})
