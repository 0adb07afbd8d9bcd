"""What does queue_log say of this event, in Asterisk's own vocabulary, so that the usual report tools read our queues?

Vocabulary and order of fields: asterisk.org, "Queue Logs". The caller's number is left out of ENTERQUEUE on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from calls.call import Call, CallState
from calls.commands import LogQueue
from calls.events import (
    AgentAnswered,
    AgentNotReached,
    CallEnded,
    CallerQueued,
    CallEvent,
    Duty,
    DutyChanged,
    EndedBy,
    TalkEnded,
)


def lines(before: Call, event: CallEvent) -> Iterator[LogQueue]:
    """The line, if any, for an event that happens to the call ``before``."""

    def line(name: str, message: str, agent_id: str | None = None, queue: str = before.queue) -> LogQueue:
        return LogQueue(
            node=before.node, queue=queue, event=name, call_id=before.call_id, agent_id=agent_id, message=message
        )

    match event:
        case CallerQueued() if before.state not in (CallState.RINGING, CallState.WAITING, CallState.LAST_RESORT):
            yield line("ENTERQUEUE", "||1", queue=event.queue)
        case AgentNotReached(agent_id=agent_id) if before.state is CallState.RINGING:
            yield line("RINGNOANSWER", str(1000 * _seconds(before.state_since, event.at)), agent_id)
        case AgentAnswered(agent_id=agent_id, by_fallback=False):
            ring = _seconds(before.state_since, event.at) if before.state is CallState.RINGING else 0
            yield line("CONNECT", f"{_seconds(before.waiting_since, event.at)}||{ring}", agent_id)
        case TalkEnded(agent_id=agent_id, by=by) if before.state is CallState.TALK:
            name = "COMPLETEAGENT" if by is EndedBy.AGENT else "COMPLETECALLER"
            hold, talk = _seconds(before.waiting_since, before.state_since), _seconds(before.state_since, event.at)
            yield line(name, f"{hold}|{talk}|1", agent_id)
        case CallEnded(state=CallState.WAITING | CallState.RINGING):
            yield line("ABANDON", f"1|1|{_seconds(before.waiting_since, event.at)}")


def duty_line(node: str, before: Duty, event: DutyChanged) -> LogQueue | None:
    """The line for an agent who changes duty; None when nothing changes."""
    if event.duty is before and event.duty is not Duty.PAUSED:
        return None
    name = {
        (Duty.OFF, Duty.READY): "AGENTLOGIN",
        (Duty.OFF, Duty.PAUSED): "PAUSE",
        (Duty.PAUSED, Duty.READY): "UNPAUSE",
    }.get((before, event.duty), {Duty.PAUSED: "PAUSE", Duty.OFF: "AGENTLOGOFF", Duty.READY: "UNPAUSE"}[event.duty])
    return LogQueue(node=node, queue="NONE", event=name, agent_id=event.agent_id, message=event.reason)


def _seconds(since: datetime | None, at: datetime | None) -> int:
    return round((at - since).total_seconds()) if since and at else 0
