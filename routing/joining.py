"""Who joins another's talk? An agent who can be rung now: unasked, where caller or region need one, or of a queue that
the agent asks for.

An interpreter speaks what caller and agent speak; a region's coordinator joins whoever has its caller and is not of the
region. Whom an emergency queue keeps joins the talks of its own callers alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from calls.needs import Needs, needs, together
from routing.agent import Agent, AgentProfile, can_serve, is_free
from routing.waiting import Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A talk of ``talker`` with a caller of this language (empty: unknown) and region, whose id is ``call_id``.

    ``interpreter``: one is promised; ``coordinator`` is the id of the agent who joins for the region, or None;
    ``emergency``: the caller is in one. ``rung`` are the ids of those who were rung for this talk already.
    """

    call_id: str
    talker: AgentProfile
    lang: str = ""
    emergency: bool = False
    interpreter: bool = False
    region: str | None = None
    coordinator: str | None = None
    rung: frozenset[str] = frozenset()


Agents = Mapping[str, Agent]


def unasked(talk: Talk, agents: Agents, queues: Iterable[Queue], now: datetime) -> list[str]:
    """The ids of those who are to be rung for the talk; nobody twice, and no interpreter beside a coordinator who is
    one."""
    if not talk.coordinator and not _wants_interpreter(talk):
        return []
    spare = [agent for agent in _spare(agents, queues, talk.emergency, now) if agent.profile.agent_id not in talk.rung]
    chosen = [agent.profile for agent in spare if _coordinates(agent.profile, talk)]
    drawn = (agents[agent_id] for agent_id in talk.rung)
    there = [agent.profile for agent in drawn if agent.call_id == talk.call_id]
    if _wants_interpreter(talk) and not any(_interprets(profile, talk) for profile in [*there, *chosen]):
        chosen += [agent.profile for agent in spare if _interprets(agent.profile, talk)][:1]
    return [profile.agent_id for profile in chosen]


def of_queue(
    asked: Queue, lang: str, agents: Agents, queues: Iterable[Queue], now: datetime, *, emergency: bool
) -> str | None:
    """Who of the queue that the agent asks for, and speaks the caller's language; None if nobody can be rung.

    ``emergency``: the caller of the talk is in one.
    """
    wanted = together(asked.needs, _language(lang))
    spare = _spare(agents, queues, emergency, now)
    return next((agent.profile.agent_id for agent in spare if can_serve(agent.profile, wanted)), None)


def _spare(agents: Agents, queues: Iterable[Queue], emergency: bool, now: datetime) -> list[Agent]:
    """Who can be rung now, the longest idle first; whom an emergency queue keeps, for callers in one alone."""
    free = [agent for agent in agents.values() if is_free(agent, now)]
    kept: set[str] = set()
    for queue in queues:
        held = [agent.profile.agent_id for agent in free if queue.emergency and can_serve(agent.profile, queue.needs)]
        if len(held) <= queue.reserve and not emergency:
            kept.update(held)
    spare = (agent for agent in free if agent.profile.agent_id not in kept)
    return sorted(spare, key=lambda agent: (agent.since, agent.profile.agent_id))


def _coordinates(profile: AgentProfile, talk: Talk) -> bool:
    """Whether this is the coordinator, and who talks is not of the region (at head office, or of another one)."""
    home = can_serve(talk.talker, needs({f"region:{talk.region}": 1})) if talk.region else True
    return profile.agent_id == talk.coordinator and not home


def _wants_interpreter(talk: Talk) -> bool:
    return talk.interpreter and bool(talk.lang) and not can_serve(talk.talker, _language(talk.lang))


def _interprets(profile: AgentProfile, talk: Talk) -> bool:
    spoken = [skill for skill, _ in talk.talker.skills if skill.startswith("lang:")]
    return can_serve(profile, _language(talk.lang)) and any(can_serve(profile, needs({skill: 1})) for skill in spoken)


def _language(lang: str) -> Needs:
    return needs({f"lang:{lang}": 1}) if lang else ()
