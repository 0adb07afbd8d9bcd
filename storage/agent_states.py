"""What was each agent doing, from when until when? Pure: rows in, changed rows out.

An agent who neither rings nor talks does what they declared (or is unreachable); after a talk they wrap up until time
is up, they are rung or declare something.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from calls.events import (
    AgentAnswered,
    AgentNotReached,
    AgentRinging,
    AnsweredElsewhere,
    CallerQueued,
    DutyChanged,
    PhoneReachable,
    TalkEnded,
    WrapUpEnded,
)
from storage.known import BUSY, Known
from storage.rows import AgentRow, AgentStateRow, Doing, Row


def change_state(
    known: Known, agent_id: str, at: datetime, state: Doing, reason: str = "", call_id: str | None = None
) -> list[Row]:
    """End what the agent did and begin this; a state that would have lasted no time at all is replaced."""
    before = known.states.get(agent_id)
    new = AgentStateRow(agent_id=agent_id, since=at, state=state, reason=reason, call_id=call_id)
    if before is None:
        return [new]
    if (before.state, before.reason, before.call_id) == (new.state, new.reason, new.call_id):
        return []
    if at <= before.since:
        return [replace(new, since=before.since)]
    return [replace(before, until=at), new]


def at_rest(known: Known, agent: AgentRow, at: datetime) -> list[Row]:
    """The agent is free of calls: what they declared shows again. One who declared nothing counts as ready."""
    if agent.reachable is False and agent.duty != Doing.OFF:
        return change_state(known, agent.agent_id, at, Doing.UNREACHABLE)
    return change_state(known, agent.agent_id, at, Doing(agent.duty or Doing.READY), agent.reason)


def agent_row(known: Known, agent_id: str) -> AgentRow:
    """What is stored of the agent, or the beginning of it."""
    return known.agents.get(agent_id) or AgentRow(agent_id=agent_id)


def busy(known: Known, agent_id: str) -> bool:
    """Does the agent ring or talk?"""
    state = known.states.get(agent_id)
    return state is not None and state.state in BUSY


def duty_changed(known: Known, event: DutyChanged) -> list[Row]:
    agent = replace(agent_row(known, event.agent_id), duty=event.duty.value, reason=event.reason, since=event.at)
    return [agent] if busy(known, event.agent_id) else [agent, *at_rest(known, agent, event.at)]


def phone_reachable(known: Known, event: PhoneReachable) -> list[Row]:
    agent = replace(agent_row(known, event.agent_id), reachable=event.reachable)
    return [agent] if busy(known, event.agent_id) else [agent, *at_rest(known, agent, event.at)]


def agent_ringing(known: Known, event: AgentRinging) -> list[Row]:
    return change_state(known, event.agent_id, event.at, Doing.RINGING, call_id=event.call_id)


def agent_talks(known: Known, event: AgentAnswered) -> list[Row]:
    return change_state(known, event.agent_id, event.at, Doing.TALK, call_id=event.call_id)


def agent_not_reached(known: Known, event: AgentNotReached | AnsweredElsewhere) -> list[Row]:
    """Only who rang for this very call comes to rest: a refused ring leaves the talk of another call alone."""
    state = known.states.get(event.agent_id)
    if state is None or state.state != Doing.RINGING or state.call_id != event.call_id:
        return []
    return at_rest(known, agent_row(known, event.agent_id), event.at)


def rings_over(known: Known, event: CallerQueued) -> list[Row]:
    """For a caller who waits again nobody rings, also of a ring that was given up."""
    rung = [one.agent_id for one in known.occupied_by(event.call_id) if one.state == Doing.RINGING]
    return release(known, event.call_id, event.at, rung)


def talk_ended(known: Known, event: TalkEnded) -> list[Row]:
    return release(known, event.call_id, event.at, [event.agent_id])


def wrap_up_ended(known: Known, event: WrapUpEnded) -> list[Row]:
    state = known.states.get(event.agent_id)
    if state is None or state.state != Doing.WRAP_UP:
        return []
    return at_rest(known, agent_row(known, event.agent_id), event.at)


def release(known: Known, call_id: str, at: datetime, only: Collection[str] | None = None) -> list[Row]:
    """The call lets go of its agents (or of some only): who talked wraps up, who rang is at rest."""
    rows: list[Row] = []
    for state in known.occupied_by(call_id):
        if only is not None and state.agent_id not in only:
            continue
        if state.state == Doing.TALK:
            rows += change_state(known, state.agent_id, at, Doing.WRAP_UP, call_id=call_id)
        else:
            rows += at_rest(known, agent_row(known, state.agent_id), at)
    return rows
