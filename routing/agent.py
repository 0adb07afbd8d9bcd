"""Who can take calls, what is each of them doing now, and what changes that?

One table says which state follows which happening. What it does not name changes nothing, since an event may repeat
what a snapshot of Asterisk has already shown. Asterisk is believed: whoever it rings is ringing, also off duty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from calls.events import Duty
from calls.needs import Needs


class Grade(StrEnum):
    """What an agent is; declared from the lowest to the highest, and a higher grade can do what a lower one can."""

    TRAINEE = "trainee"
    DISPATCHER = "dispatcher"
    NURSE = "nurse"
    DOCTOR = "doctor"
    EXPERT = "expert"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentProfile:
    """What the configuration says of an agent: ``skills`` with levels 1-10, sorted by skill.

    ``extension`` is the internal number of the agent's own phone, ``mobile`` an outside number (a secret in logs); an
    agent has at least one of them. ``name`` is shown to colleagues, never logged.

    ``on_call`` staff are off duty until they are woken and accept. ``calls_per_hour`` caps a trainee's load, and
    ``mentor`` is the id of the agent who may listen in and whisper.
    """

    agent_id: str
    name: str
    grade: Grade
    skills: tuple[tuple[str, int], ...] = ()
    extension: str | None = None
    mobile: str | None = None
    on_call: bool = False
    calls_per_hour: int | None = None
    mentor: str | None = None


class AgentState(StrEnum):
    """What an agent is doing. Ready, paused and offline are declared by the agent; the others come with a call."""

    OFFLINE = "offline"
    READY = "ready"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap-up"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One agent now; ``since`` is when the present state began, ``reason`` belongs to ``duty``.

    ``call_id`` and ``attempt`` name the call that rings or is talked to. ``not_before``: no ring sooner, after one that
    failed or while a trainee's hour is full, and ``missed`` is the call of that ring. ``misses`` counts the rings in a
    row that were not answered; ``answers`` are the times of the answers that a trainee's cap still counts.
    ``yields``: the phone rings for a call that gives way to an emergency.
    ``reachable`` and ``phone_in_use`` are what Asterisk says of the phone; an agent on a mobile is always thought
    reachable.
    """

    profile: AgentProfile
    since: datetime
    duty: Duty = Duty.OFF
    reason: str = ""
    state: AgentState = AgentState.OFFLINE
    call_id: str | None = None
    attempt: int | None = None
    reachable: bool = False
    phone_in_use: bool = False
    wrap_up_until: datetime | None = None
    not_before: datetime | None = None
    missed: str = ""
    misses: int = 0
    answers: tuple[datetime, ...] = ()
    yields: bool = False


NO_ANSWER: Final = "no-answer"
"""Why an agent is paused who did not answer."""


class Happening(StrEnum):
    """What can change an agent's state."""

    RUNG = "rung"
    ANSWERED = "answered"
    MISSED = "missed"
    RELEASED = "released"
    WRAPPED_UP = "wrapped-up"
    DECLARED = "declared"


S, H = AgentState, Happening

AT_REST: Final[Mapping[Duty, AgentState]] = {Duty.READY: S.READY, Duty.PAUSED: S.PAUSED, Duty.OFF: S.OFFLINE}
"""The state of an agent without a call, by what they have declared."""

REST: Final = "rest"
"""In the table: the state AT_REST."""

TRANSITIONS: Final[Mapping[Happening, Mapping[AgentState, AgentState | str]]] = {
    H.RUNG: dict.fromkeys(S, S.RINGING),
    H.ANSWERED: dict.fromkeys(S, S.TALKING),
    H.MISSED: {S.RINGING: REST},
    H.RELEASED: {S.RINGING: REST, S.TALKING: S.WRAP_UP},
    H.WRAPPED_UP: {S.WRAP_UP: REST},
    H.DECLARED: dict.fromkeys([S.OFFLINE, S.READY, S.PAUSED, S.WRAP_UP], REST),
}

BACK_OFF: Final[Mapping[str, timedelta]] = {"CANCEL": timedelta(0), "REFUSED": timedelta(seconds=2)}
"""How long an agent is left alone after a ring that failed, by DIALSTATUS: not at all if the caller hung up; shortly if
another ring or talk held the agent."""

USUAL_BACK_OFF: Final = timedelta(seconds=5)
"""Busy, declined and unreachable phones answer at once (measured): without a pause they would be rung in a hot loop."""

HOUR: Final = timedelta(hours=1)
"""What a trainee's cap counts in."""

LEAST_BACK_OFF: Final = timedelta(seconds=1)
"""The pause that even an emergency caller keeps: a busy phone would be rung as fast as it refuses."""


def off_duty(profile: AgentProfile, at: datetime) -> Agent:
    """An agent of whom nothing is known yet but the configuration."""
    return Agent(profile=profile, since=at, reachable=profile.extension is None)


def apply(agent: Agent, happening: Happening, at: datetime, **changed: Any) -> Agent:
    """The agent after the happening; the very same value if the table does not name it for the present state."""
    following = TRANSITIONS[happening].get(agent.state)
    if following is None:
        return agent
    state = AT_REST[agent.duty] if following == REST else AgentState(following)
    return replace(agent, state=state, since=agent.since if state is agent.state else at, **changed)


def reserve(agent: Agent, call_id: str, attempt: int | None, at: datetime, *, yields: bool = False) -> Agent:
    """The agent is about to be rung, or rings; ``attempt`` is None when app_queue rings. ``yields`` if the ring can be
    ended for an emergency."""
    return apply(agent, H.RUNG, at, call_id=call_id, attempt=attempt, wrap_up_until=None, yields=yields)


def answered(agent: Agent, call_id: str, at: datetime) -> Agent:
    """The agent talks with this caller; told twice of one talk, it counts once for a trainee's cap."""
    heard = agent.state is S.TALKING and agent.call_id == call_id
    cap = agent.profile.calls_per_hour
    answers = agent.answers if heard or cap is None else (*agent.answers, at)[-cap:]
    agent = apply(agent, H.ANSWERED, at, call_id=call_id, wrap_up_until=None, missed="", misses=0, answers=answers)
    return replace(agent, not_before=_hour_full_until(agent))


def not_reached(agent: Agent, call_id: str, dial_status: str, at: datetime) -> Agent:
    """The ring for this call ended without a talk; ``dial_status`` is Asterisk's DIALSTATUS, or REFUSED.

    Only a phone that rang and rang makes a miss: a caller who hung up makes none, nor a busy phone or a faulty trunk.
    """
    rested = at + BACK_OFF.get(dial_status, USUAL_BACK_OFF)
    not_before = max(rested, _hour_full_until(agent) or rested)
    misses = agent.misses + (dial_status == "NOANSWER")
    return apply(agent, H.MISSED, at, call_id=None, attempt=None, not_before=not_before, missed=call_id, misses=misses)


def _hour_full_until(agent: Agent) -> datetime | None:
    """When a trainee may take the next call: an hour after the oldest of as many answers as the cap allows."""
    cap = agent.profile.calls_per_hour
    return agent.answers[0] + HOUR if cap is not None and len(agent.answers) >= cap else None


def released(agent: Agent, at: datetime, wrap_up_seconds: float) -> Agent:
    """The agent's call is over or rings elsewhere; after a talk so many seconds of wrap-up follow."""
    until = at + timedelta(seconds=wrap_up_seconds) if agent.state is S.TALKING else None
    return woke(apply(agent, H.RELEASED, at, call_id=None, attempt=None, wrap_up_until=until), at)


def woke(agent: Agent, at: datetime) -> Agent:
    """The agent after time has passed: a wrap-up ends; the very same value if nothing has changed."""
    if agent.wrap_up_until is None or at < agent.wrap_up_until:
        return agent
    return apply(agent, H.WRAPPED_UP, at, wrap_up_until=None)


def on_duty(agent: Agent, duty: Duty, reason: str, at: datetime) -> Agent:
    """The agent declares themselves ready, paused or off; a call that rings or is talked to goes on.

    Whoever says ready is there: wrap-up and the pause after a missed ring are over, but not a trainee's full hour.
    """
    full = _hour_full_until(agent)
    declared = replace(agent, duty=duty, reason=reason, not_before=full, missed="", misses=0)
    return apply(declared, H.DECLARED, at, wrap_up_until=None)


def reached(agent: Agent, reachable: bool) -> Agent:
    """The agent's own phone can, or can no longer, be rung; says nothing of an agent on a mobile."""
    return agent if agent.profile.extension is None else replace(agent, reachable=reachable)


def phone_in_use(agent: Agent, in_use: bool) -> Agent:
    """The agent's own phone rings or talks, whoever called."""
    return replace(agent, phone_in_use=in_use)


def is_there(agent: Agent, now: datetime) -> bool:
    """Whether callers in no emergency can hope for the agent when a call, a rest or a break is over.

    Not for one who was paused since they do not answer, nor for a trainee whose hour is full.
    """
    full = _hour_full_until(agent)
    comes_back = agent.duty is Duty.READY or (agent.duty is Duty.PAUSED and agent.reason != NO_ANSWER)
    return comes_back and agent.reachable and (full is None or full <= now)


def is_free(agent: Agent, now: datetime) -> bool:
    """Whether the agent can be rung now."""
    rested = agent.not_before is None or agent.not_before <= now
    return agent.state is S.READY and agent.reachable and not agent.phone_in_use and rested


def rests(agent: Agent, now: datetime) -> bool:
    """Whether only wrap-up, or the pause after a ring that failed, may keep the agent from being rung."""
    just_missed = agent.not_before is not None and now - agent.since < LEAST_BACK_OFF
    at_desk = agent.state is S.WRAP_UP or (agent.state is S.READY and not just_missed)
    return agent.duty is Duty.READY and at_desk and agent.reachable and not agent.phone_in_use


def gives_way(agent: Agent) -> bool:
    """Whether the phone rings for a call that an emergency may take the agent from."""
    return agent.state is S.RINGING and agent.yields and agent.duty is Duty.READY and agent.reachable


def is_outside(agent: Agent) -> bool:
    """Whether calls reach the agent on a telephone that is not ours, whose owner must press 1."""
    return agent.profile.extension is None


def can_serve(profile: AgentProfile, asked: Needs) -> bool:
    """Whether the agent has each skill at its least level; ``grade:doctor`` is met by that grade and higher ones."""
    return all(_meets(profile, skill, level) for skill, level in asked)


def _meets(profile: AgentProfile, skill: str, level: int) -> bool:
    kind, _, name = skill.partition(":")
    if kind == "grade":
        grades = list(Grade)
        return name in grades and grades.index(profile.grade) >= grades.index(Grade(name))
    return any(has == skill and at >= level for has, at in profile.skills)
