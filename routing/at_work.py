"""Who is on duty, who of them is at work, and at a call of which queue? What an estimate has to know of the agents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from calls.events import Duty
from calls.needs import Needs
from routing.agent import Agent, AgentProfile, AgentState, Grade, can_serve
from routing.pace import Pace

AT_WORK: Final = frozenset({AgentState.RINGING, AgentState.TALKING, AgentState.WRAP_UP})
"""From the ring to the end of the wrap-up an agent is at work for one call."""


@dataclass(slots=True)
class Alike:
    """The agents on duty of equal skills and grade: ``ready`` for a call, and how many are at work, by its queue."""

    profile: AgentProfile
    pace: Pace
    ready: dict[str, Agent] = field(default_factory=dict)
    busy: Counter[str] = field(default_factory=Counter)
    serves: dict[Needs, bool] = field(default_factory=dict)

    def can_serve(self, needs: Needs) -> bool:
        """Whether each of them can."""
        known = self.serves.get(needs)
        if known is None:
            known = self.serves[needs] = can_serve(self.profile, needs)
        return known

    def count(self) -> int:
        """How many they are."""
        return len(self.ready) + self.busy.total()

    def strength(self, now: datetime) -> tuple[int, int, float]:
        """How many can be rung now; how many cannot yet, and how many of those get free per second.

        Whoever rests after a ring that failed, or has a full hour as a trainee, gets free when that is over.
        """
        moment = now.timestamp()
        rests = [
            (agent.not_before - now).total_seconds()
            for agent in self.ready.values()
            if agent.not_before is not None and agent.not_before > now
        ]
        pace = sum(count * self.pace.handling(queue, moment).per_second(moment) for queue, count in self.busy.items())
        return len(self.ready) - len(rests), self.busy.total() + len(rests), pace + sum(1 / rest for rest in rests)


@dataclass(slots=True)
class _Work:
    """What an agent is at; a ring that nobody answered is work too, by which no call is handled."""

    call_id: str | None
    queue: str
    talked: bool = False


class AtWork:
    """All agents, told of each change; learns how fast calls are handled."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._alike: dict[tuple[Needs, Grade], Alike] = {}
        self._place: dict[str, tuple[Alike, str | None]] = {}
        self._works: dict[str, _Work] = {}

    def on_duty(self) -> Iterable[Alike]:
        """Those who take calls, or will when their present one is over."""
        return [alike for alike in self._alike.values() if alike.count()]

    def now(self, agent: Agent, queue: str, moment: float) -> None:
        """This is the agent from this moment (epoch seconds) on; ``queue`` is that of a call just taken from it.

        It is empty if others have taken the call before, who may be rung together with the agent.
        """
        work = self._follow(agent, queue, moment)
        agent_id = agent.profile.agent_id
        self._unplace(agent_id)
        if agent.duty is not Duty.READY or not agent.reachable:
            return
        alike = self._of(agent.profile)
        if work or agent.phone_in_use:
            at = work.queue if work else ""
            alike.busy[at] += 1
            self._place[agent_id] = (alike, at)
        else:
            alike.ready[agent_id] = agent
            self._place[agent_id] = (alike, None)

    def _of(self, profile: AgentProfile) -> Alike:
        key = (profile.skills, profile.grade)
        if key not in self._alike:
            self._alike[key] = Alike(profile, self._pace)
        return self._alike[key]

    def _unplace(self, agent_id: str) -> None:
        alike, queue = self._place.pop(agent_id, (None, None))
        if alike and queue is None:
            del alike.ready[agent_id]
        elif alike and queue is not None:
            alike.busy[queue] -= 1

    def _follow(self, agent: Agent, queue: str, moment: float) -> _Work | None:
        """Learn from what the agent was at until now; what they are at from now on."""
        agent_id = agent.profile.agent_id
        work = self._works.get(agent_id)
        at_work = agent.state in AT_WORK
        if work and (not at_work or agent.call_id not in (None, work.call_id)):
            handling = self._pace.handling(work.queue, moment)
            handling.expose(-1, moment)
            if work.talked:
                handling.happened(moment)
            del self._works[agent_id]
            work = None
        if at_work and work is None:
            queue = queue or next((one.queue for one in self._works.values() if one.call_id == agent.call_id), "")
            work = self._works[agent_id] = _Work(agent.call_id, queue)
            self._pace.handling(queue, moment).expose(1, moment)
        if work and agent.state is AgentState.TALKING:
            work.talked = True
        return work
