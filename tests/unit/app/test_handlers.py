"""What does each fact do to calls and agents, and which commands follow? One row a fact."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.handlers import HANDLERS
from app.state import Centre, Ring
from app.time_alone import BEGINS_WITHIN
from calls.call import HANDED_OVER, INTERNAL_LINE, Call, CallState
from calls.commands import AcknowledgeCaller, Command, LogQueue, NameAgent
from calls.errors import IllegalEvent
from calls.events import (
    AgentAnswered,
    AgentNotReached,
    AgentRinging,
    AlarmRaised,
    CallEnded,
    CallerQueued,
    CallStarted,
    CallTransferred,
    CommandFailed,
    EndedBy,
    Event,
    FallbackEntered,
    LastResortEntered,
    MenuEntered,
    SwitchLost,
    TalkEnded,
    Tick,
    VoicemailBegun,
)
from config.load import load
from routing.agent import Agent, AgentState
from tests.builders import NOON, a_call, an_agent, seconds

CONFIGURATION = load(Path(__file__).parents[3] / "config" / "sample" / "assistline.yaml")
S, A = CallState, AgentState
CALL = {"at": NOON, "call_id": "call-1"}
RUNG = an_agent("anna", state=A.RINGING, call_id="call-1", attempt=7)
TALKS = an_agent("anna", state=A.TALKING, call_id="call-1")
QUEUED = CallerQueued(
    **CALL, node="pbx1", channel="PJSIP/trunk-2", line="hotline", queue="claims", lang="ru", needs=(), queued_at=NOON
)


def a_centre(call: Call | None = None, *agents: Agent, **given: Any) -> Centre:
    calls = {call.call_id: call} if call else {}
    return Centre(
        configuration=CONFIGURATION,
        agents={agent.profile.agent_id: agent for agent in agents},
        calls=calls,
        nodes={"pbx1": ()},
        **given,
    )


def handle(centre: Centre, event: Event) -> list[Command | Event]:
    return list(HANDLERS[type(event)](centre, event))


def kinds(results: list[Command | Event]) -> list[str]:
    """What followed, by name; a line of queue_log by its event."""
    return [one.event if isinstance(one, LogQueue) else type(one).__name__ for one in results]


ROWS = [
    # the call's state, the agent, the fact -> the call's state, the agent's state, what follows
    (S.MENU, None, MenuEntered(**CALL, line="hotline", menu="hotline"), S.MENU, None, []),
    (S.MENU, None, QUEUED, S.WAITING, None, ["AcknowledgeCaller", "ENTERQUEUE"]),
    (S.WAITING, RUNG, AgentRinging(**CALL, agent_id="anna", attempt=7), S.RINGING, A.RINGING, []),
    (S.RINGING, RUNG, AgentAnswered(**CALL, agent_id="anna"), S.TALK, A.TALKING, ["CONNECT"]),
    (S.TALK, TALKS, AgentAnswered(**CALL, agent_id="anna"), S.TALK, A.TALKING, []),
    (
        S.RINGING,
        RUNG,
        AgentNotReached(**CALL, agent_id="anna", attempt=7, dial_status="BUSY"),
        S.RINGING,
        A.READY,
        ["RINGNOANSWER"],
    ),
    (S.RINGING, RUNG, QUEUED, S.WAITING, A.READY, ["AcknowledgeCaller"]),
    (S.LAST_RESORT, None, QUEUED, S.WAITING, None, ["AcknowledgeCaller"]),
    (S.TALK, TALKS, TalkEnded(**CALL, agent_id="anna", by=EndedBy.AGENT), S.TALK, A.WRAP_UP, ["COMPLETEAGENT"]),
    (
        S.TALK,
        TALKS,
        TalkEnded(**CALL, agent_id="anna", by=EndedBy.AGENT, handed_to="802"),
        S.TALK,
        A.WRAP_UP,
        ["BLINDTRANSFER"],
    ),
    (S.WAITING, RUNG, FallbackEntered(**CALL, reason="stale"), S.FALLBACK, A.READY, ["EXITWITHTIMEOUT"]),
    (S.WAITING, RUNG, LastResortEntered(**CALL, queue="claims"), S.LAST_RESORT, A.READY, []),
    (S.LAST_RESORT, None, VoicemailBegun(**CALL), S.VOICEMAIL, None, ["EXITWITHKEY"]),
    (S.LAST_RESORT, RUNG, VoicemailBegun(**CALL), S.VOICEMAIL, A.READY, ["EXITWITHKEY"]),
    (S.FALLBACK, None, AgentAnswered(**CALL, agent_id="anna", by_fallback=True), S.FALLBACK_TALK, None, []),
]


@pytest.mark.parametrize(("before", "agent", "event", "after", "agents_state", "follows"), ROWS)
def test_a_fact_moves_call_and_agent(
    before: CallState,
    agent: Agent | None,
    event: Event,
    after: CallState,
    agents_state: AgentState | None,
    follows: list[str],
) -> None:
    call = a_call(state=before, queue="claims", queued_at=NOON, waiting_since=NOON, agent_id=agent and "anna")
    centre = a_centre(call, *([agent] if agent else []))
    results = handle(centre, event)
    assert centre.calls["call-1"].state is after
    assert (centre.agents["anna"].state if agent else None) is agents_state
    assert kinds(results) == follows
    once = (dict(centre.calls), dict(centre.agents))
    handle(centre, event)
    assert (centre.calls, centre.agents) == once, "told twice, it changes nothing more"


def test_a_caller_whose_start_we_missed_is_known_from_being_queued() -> None:
    centre = a_centre()
    [acknowledged, _] = handle(centre, QUEUED)
    assert acknowledged == AcknowledgeCaller(node="pbx1", call_id="call-1", channel="PJSIP/trunk-2")
    assert (centre.calls["call-1"].line, centre.calls["call-1"].queue) == ("hotline", "claims")


def test_a_call_that_started_twice_goes_on_as_it_is() -> None:
    centre = a_centre(a_call(state=S.TALK))
    handle(centre, CallStarted(**CALL, node="pbx1", channel="x", line="hotline"))
    assert centre.calls["call-1"].state is S.TALK


@pytest.mark.parametrize("event", [VoicemailBegun(**CALL), AgentRinging(**CALL, agent_id="anna", attempt=1)])
def test_a_fact_about_a_call_that_nobody_knows_is_a_reason_to_look(event: Event) -> None:
    with pytest.raises(LookupError):
        handle(a_centre(), event)


def test_an_impossible_fact_moves_nothing() -> None:
    call = a_call(state=S.VOICEMAIL)
    centre = a_centre(call, RUNG)
    with pytest.raises(IllegalEvent):
        handle(centre, AgentAnswered(**CALL, agent_id="anna"))
    assert centre.calls == {"call-1": call} and centre.agents == {"anna": RUNG}


def test_a_colleague_who_is_rung_for_a_caller_frees_the_one_who_sent_him() -> None:
    call = a_call(state=S.TALK, queue="claims", agent_id="anna")
    centre = a_centre(call, TALKS, an_agent("galina"))
    handle(centre, AgentRinging(**CALL, agent_id="galina", attempt=HANDED_OVER))
    states = {name: (agent.state, agent.call_id) for name, agent in centre.agents.items()}
    assert states == {"anna": (A.WRAP_UP, None), "galina": (A.RINGING, "call-1")}


def test_an_attended_transfer_is_told_to_asterisk_and_frees_the_agent_who_made_it() -> None:
    call = a_call(state=S.TALK, queue="claims", agent_id="anna", waiting_since=NOON)
    centre = a_centre(call, TALKS, an_agent("galina", state=A.TALKING, call_id="asked"))
    results = handle(centre, CallTransferred(**CALL, agent_id="galina"))
    assert kinds(results) == ["ATTENDEDTRANSFER", "NameAgent"]
    assert results[-1] == NameAgent(node="pbx1", call_id="call-1", channel=call.channel, agent_id="galina")
    assert (centre.agents["anna"].state, centre.agents["galina"].call_id) == (A.WRAP_UP, "call-1")
    handle(centre, CallEnded(at=NOON, call_id="asked", state=S.TALK, cause=16, by=EndedBy.CALLER))
    assert centre.agents["galina"].state is A.TALKING, "the consultation's end is not the talk's"


ENDS = [
    # queue, line, what we knew, what the channel was, who ended it -> an alarm
    ("emergency", "emergency", S.WAITING, S.WAITING, EndedBy.CALLER, True),
    ("emergency", "emergency", S.RINGING, S.RINGING, EndedBy.CALLER, True),
    ("emergency", "emergency", S.LAST_RESORT, S.LAST_RESORT, EndedBy.CALLER, True),
    ("emergency", "emergency", S.FALLBACK, S.FALLBACK, EndedBy.CALLER, True),
    ("emergency", "emergency", S.VOICEMAIL, S.VOICEMAIL, EndedBy.CALLER, True),
    ("emergency", "emergency", S.VOICEMAIL, S.ENDED, EndedBy.SYSTEM, True),
    ("emergency", "emergency", S.TALK, S.TALK, EndedBy.CALLER, False),
    ("emergency", "emergency", S.WAITING, S.ENDED, EndedBy.SYSTEM, False),
    ("emergency", INTERNAL_LINE, S.WAITING, S.WAITING, EndedBy.CALLER, False),
    ("claims", "hotline", S.WAITING, S.WAITING, EndedBy.CALLER, False),
]


@pytest.mark.parametrize(("queue", "line", "known", "state", "by", "alarm"), ENDS)
def test_an_emergency_caller_with_whom_nobody_has_talked_is_an_alarm(
    queue: str, line: str, known: CallState, state: CallState, by: EndedBy, alarm: bool
) -> None:
    call = a_call(state=known, queue=queue, line=line, number="+442079461000", agent_id="anna")
    centre = a_centre(call, RUNG, rings={"call-1": Ring(agent_id="anna", attempt=7, asked_at=NOON)})
    results = handle(centre, CallEnded(**CALL, state=state, cause=16, by=by))
    assert (centre.calls, centre.rings) == ({}, {})
    assert centre.agents["anna"].call_id is None
    assert [type(one) for one in results if isinstance(one, Event)] == ([AlarmRaised] if alarm else [])
    assert [alarm.number for alarm in centre.alarms.values()] == (["+442079461000"] if alarm else [])
    assert handle(centre, CallEnded(**CALL, state=state, cause=16, by=by)) == []


@pytest.mark.parametrize("command", ["RingAgent", "AcknowledgeCaller"])
def test_a_command_that_failed_is_looked_into_and_a_ring_gives_the_agent_back(command: str) -> None:
    ring = Ring(agent_id="anna", attempt=7, asked_at=NOON)
    centre = a_centre(a_call(state=S.WAITING), RUNG, rings={"call-1": ring})
    handle(centre, CommandFailed(at=NOON, node="pbx1", command=command, reason="no such channel", call_id="call-1"))
    assert centre.suspects == {"call-1"}
    assert (centre.agents["anna"].call_id, centre.rings) == (
        (None, {}) if command == "RingAgent" else ("call-1", {"call-1": ring})
    )


def test_a_lost_link_leaves_the_callers_of_that_node_alone() -> None:
    call = a_call(state=S.WAITING, queue="claims", queued_at=NOON)
    centre = a_centre(call)
    assert [waiting.call_id for waiting in centre.waiting()] == ["call-1"]
    handle(centre, SwitchLost(at=NOON, node="pbx1"))
    assert list(centre.waiting()) == []


@pytest.mark.parametrize(("after", "given_up"), [(0.0, False), (0.1, True)])
def test_a_ring_that_never_begins_gives_the_agent_back(after: float, given_up: bool) -> None:
    ring = Ring(agent_id="anna", attempt=7, asked_at=NOON)
    centre = a_centre(a_call(state=S.WAITING), RUNG, rings={"call-1": ring})
    for failed in handle(centre, Tick(at=NOON + BEGINS_WITHIN + seconds(after))):
        assert isinstance(failed, CommandFailed)
        handle(centre, failed)
    assert (not centre.rings, centre.agents["anna"].call_id is None, bool(centre.suspects)) == (given_up,) * 3


@pytest.mark.parametrize(("now", "state"), [(NOON + seconds(9), A.WRAP_UP), (NOON + seconds(10), A.READY)])
def test_time_alone_ends_a_wrap_up(now: datetime, state: AgentState) -> None:
    centre = a_centre(None, an_agent("anna", state=A.WRAP_UP, wrap_up_until=NOON + seconds(10)))
    handle(centre, Tick(at=now))
    assert centre.agents["anna"].state is state
