"""Does queue_log say in Asterisk's words what happened, once, and no number?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.queue_log import duty_line, lines
from calls.call import HANDED_OVER, CallState
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
from tests.builders import NOON, a_call, seconds

S = CallState
AT: dict[str, Any] = {"at": NOON + seconds(100), "call_id": "call-1"}
QUEUED = CallerQueued(
    **AT, node="pbx1", channel="x", line="direct", queue="doctors", lang="ru", needs=(), queued_at=NOON, number="+4420"
)
BACK = replace(QUEUED, queue="claims")
ANSWERED = AgentAnswered(**AT, agent_id="anna")
NOT_REACHED = AgentNotReached(**AT, agent_id="anna", attempt=7, dial_status="NOANSWER")
TALKED = TalkEnded(**AT, agent_id="anna", by=EndedBy.AGENT)


def gone(state: CallState) -> CallEnded:
    return CallEnded(**AT, state=state, cause=16, by=EndedBy.CALLER)


LINES = [
    # the state, waiting and in this state since so many seconds, the fact -> the line
    (S.MENU, 0, 0, QUEUED, "doctors||ENTERQUEUE|||1"),
    (S.TALK, 90, 60, QUEUED, "doctors||ENTERQUEUE|||1"),
    (S.RINGING, 90, 5, BACK, None),
    (S.LAST_RESORT, 90, 5, BACK, None),
    (S.VOICEMAIL, 90, 5, BACK, "claims||ENTERQUEUE|||1"),
    (S.RINGING, 30, 5, NOT_REACHED, "claims|anna|RINGNOANSWER|5000"),
    (S.WAITING, 30, 5, NOT_REACHED, None),
    (S.RINGING, 30, 5, ANSWERED, "claims|anna|CONNECT|30||5"),
    (S.LAST_RESORT, 30, 5, ANSWERED, "claims|anna|CONNECT|30||0"),
    (S.FALLBACK, 30, 5, ANSWERED, None),
    (S.TALK, 90, 60, ANSWERED, None),
    (S.TALK, 90, 60, TALKED, "claims|anna|COMPLETEAGENT|30|60|1"),
    (S.TALK, 90, 60, TalkEnded(**AT, agent_id="anna", by=EndedBy.CALLER), "claims|anna|COMPLETECALLER|30|60|1"),
    (
        S.TALK,
        90,
        60,
        TalkEnded(**AT, agent_id="anna", by=EndedBy.AGENT, handed_to="802"),
        "claims|anna|BLINDTRANSFER|802|al-phones|30|60|1",
    ),
    (S.TALK, 90, 60, CallTransferred(**AT, agent_id="galina"), "claims|anna|ATTENDEDTRANSFER|BRIDGE||30|60|1"),
    (S.FALLBACK_TALK, 90, 60, TALKED, None),
    (S.LAST_RESORT, 90, 60, VoicemailBegun(**AT), "claims||EXITWITHKEY|1|1|1|90"),
    (S.WAITING, 4, 4, FallbackEntered(**AT, reason="unseen"), "claims||EXITWITHTIMEOUT|1|1|4"),
    (S.WAITING, 12, 12, gone(S.WAITING), "claims||ABANDON|1|1|12"),
    (S.RINGING, 12, 3, gone(S.RINGING), "claims||ABANDON|1|1|12"),
    (S.LAST_RESORT, 12, 3, gone(S.LAST_RESORT), "claims||ABANDON|1|1|12"),
    (S.MENU, 0, 12, gone(S.MENU), None),
    (S.TALK, 90, 60, gone(S.TALK), None),
]


def said(event: CallEvent, state: CallState, waited: float, since: float, **given: Any) -> list[str]:
    at = NOON + seconds(100)
    waits: dict[str, Any] = {"waiting_since": at - seconds(waited), "state_since": at - seconds(since)}
    call = a_call(state=state, queue="claims", agent_id="anna", number="+442079461000", **waits, **given)
    return [f"{line.queue}|{line.agent_id or ''}|{line.event}|{line.message}" for line in lines(call, event)]


@pytest.mark.parametrize(("state", "waited", "since", "event", "line"), LINES)
def test_each_fact_has_its_line(
    state: CallState, waited: float, since: float, event: CallEvent, line: str | None
) -> None:
    assert said(event, state, waited, since) == ([line] if line else [])


@pytest.mark.parametrize("event", [NOT_REACHED, ANSWERED, gone(S.RINGING)])
def test_a_ring_for_a_caller_whom_a_colleague_sent_is_not_the_queues(event: CallEvent) -> None:
    assert said(event, S.RINGING, 30, 5, attempt=HANDED_OVER) == []


def test_a_talk_that_a_colleague_handed_over_ends_without_a_line_and_a_new_wait_begins_with_one() -> None:
    assert said(TALKED, S.TALK, 30, 5, attempt=HANDED_OVER) == []
    assert said(QUEUED, S.RINGING, 30, 5, attempt=HANDED_OVER) == ["doctors||ENTERQUEUE|||1"]


def test_a_caller_whose_queue_overflows_leaves_the_one_and_enters_the_other() -> None:
    assert said(QUEUED, S.WAITING, 30, 30) == ["claims||EXITWITHTIMEOUT|1|1|30", "doctors||ENTERQUEUE|||1"]


DUTIES = [
    (Duty.OFF, Duty.READY, "AGENTLOGIN"),
    (Duty.OFF, Duty.PAUSED, "AGENTLOGIN"),
    (Duty.READY, Duty.OFF, "AGENTLOGOFF"),
    (Duty.PAUSED, Duty.OFF, "AGENTLOGOFF"),
    (Duty.READY, Duty.PAUSED, None),
    (Duty.PAUSED, Duty.READY, None),
    (Duty.READY, Duty.READY, None),
    (Duty.OFF, Duty.OFF, None),
]


@pytest.mark.parametrize(("before", "after", "event"), DUTIES)
def test_an_agent_logs_in_and_off(before: Duty, after: Duty, event: str | None) -> None:
    line = duty_line("pbx1", before, DutyChanged(at=NOON, agent_id="anna", duty=after))
    assert (line.event if line else None) == event
