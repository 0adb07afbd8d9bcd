"""What does queue_log say of this event, in Asterisk's own vocabulary, so that the usual report tools read our queues?

Vocabulary and order of fields: asterisk.org, "Queue Logs". The caller's number is left out of ENTERQUEUE on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from calls.call import HANDED_OVER, Call, CallState
from calls.commands import LogQueue
from calls.events import (
    AgentAnswered,
    AgentNotReached,
    CallEnded,
    CallerQueued,
    CallEvent,
    CallTransferred,
    Duty,
    DutyChanged,
    EndedBy,
    FallbackEntered,
    TalkEnded,
    VoicemailBegun,
)

IN_QUEUE = frozenset({CallState.WAITING, CallState.RINGING, CallState.LAST_RESORT})


def lines(before: Call, event: CallEvent) -> Iterator[LogQueue]:
    """The line, if any, for an event that happens to the call ``before``.

    A talk that a colleague handed over is not the queue's: its line was the transfer.
    """

    def line(name: str, message: str, agent_id: str | None = None, queue: str = before.queue) -> LogQueue:
        return LogQueue(
            node=before.node, queue=queue, event=name, call_id=before.call_id, agent_id=agent_id, message=message
        )

    ours = before.attempt != HANDED_OVER
    queued = ours and before.state in IN_QUEUE
    waited = _seconds(before.waiting_since, event.at)
    match event:
        case CallerQueued() if not queued:
            yield line("ENTERQUEUE", "||1", queue=event.queue)
        case CallerQueued(queue=other) if other != before.queue:
            yield line("EXITWITHTIMEOUT", f"1|1|{waited}")
            yield line("ENTERQUEUE", "||1", queue=other)
        case AgentNotReached(agent_id=agent_id) if ours and before.state is CallState.RINGING:
            yield line("RINGNOANSWER", str(1000 * _seconds(before.state_since, event.at)), agent_id)
        case AgentAnswered(agent_id=agent_id) if queued:
            ring = _seconds(before.state_since, event.at) if before.state is CallState.RINGING else 0
            yield line("CONNECT", f"{waited}||{ring}", agent_id)
        case TalkEnded() | CallTransferred() if ours and before.state is CallState.TALK:
            hold, talk = _seconds(before.waiting_since, before.state_since), _seconds(before.state_since, event.at)
            name, message = _talk_line(event, f"{hold}|{talk}|1")
            yield line(name, message, before.agent_id)
        case VoicemailBegun() if queued:
            yield line("EXITWITHKEY", f"1|1|1|{waited}")
        case FallbackEntered() if queued:
            yield line("EXITWITHTIMEOUT", f"1|1|{waited}")
        case CallEnded() if queued and event.state is not CallState.ENDED:
            yield line("ABANDON", f"1|1|{waited}")


def _talk_line(event: TalkEnded | CallTransferred, times: str) -> tuple[str, str]:
    match event:
        case CallTransferred():
            return "ATTENDEDTRANSFER", f"BRIDGE||{times}"
        case TalkEnded(handed_to=number) if number:
            return "BLINDTRANSFER", f"{number}|al-phones|{times}"
        case TalkEnded(by=EndedBy.AGENT):
            return "COMPLETEAGENT", times
    return "COMPLETECALLER", times


def duty_line(node: str, before: Duty, event: DutyChanged) -> LogQueue | None:
    """The line for an agent who comes on duty or goes off. Of pauses app_queue itself tells, where we mirror them."""
    if (before is Duty.OFF) is (event.duty is Duty.OFF):
        return None
    name = "AGENTLOGOFF" if event.duty is Duty.OFF else "AGENTLOGIN"
    return LogQueue(node=node, queue="NONE", event=name, agent_id=event.agent_id)


def _seconds(since: datetime | None, at: datetime | None) -> int:
    return round((at - since).total_seconds()) if since and at else 0
