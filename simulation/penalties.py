"""How do others route the same calls? Primary skill first, and Asterisk's own queues with penalties, for comparison.

Both know a penalty: how far an agent's levels are below 10 in the skills that a call asks for, so that a primary skill
of level 10 costs nothing. Neither knows targets, emergencies or relaxation, so their rooms need no deadlines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from calls.needs import Needs
from routing.agent import Agent, AgentProfile, AgentState, can_serve
from routing.assign import Ring
from routing.explain import Reason
from routing.waiting import Queue, WaitingCall
from simulation.room import OURS, Routing

RETRY: Final = timedelta(seconds=5)
"""How often the first caller of each queue looks for an agent: app_queue's default ``retry`` (apps/app_queue.c)."""


class _Agents(dict[str, Agent]):
    """The agents by id; those who become free, or are so no more, are told to the room."""

    def __init__(self, free: dict[str, Agent]) -> None:
        super().__init__()
        self._free = free

    def __setitem__(self, agent_id: str, agent: Agent) -> None:
        super().__setitem__(agent_id, agent)
        if agent.state is AgentState.READY and agent.reachable:
            self._free[agent_id] = agent
        else:
            self._free.pop(agent_id, None)


class PenaltyRoom:
    """Who is free, and the callers of each queue with the same needs in the order in which they came."""

    def __init__(self, queues: Mapping[str, Queue]) -> None:
        self.free: dict[str, Agent] = {}
        self.agents = _Agents(self.free)
        self.lines: dict[tuple[str, Needs], dict[str, WaitingCall]] = {}
        self.waiting: dict[str, WaitingCall] = {}
        self._penalties: dict[tuple[str, Needs], int | None] = {}

    def put(self, call: WaitingCall) -> None:
        """A caller waits, behind the others of these needs."""
        self.drop(call.call_id)
        self.waiting[call.call_id] = call
        self.lines.setdefault((call.queue, call.needs), {})[call.call_id] = call

    def drop(self, call_id: str) -> None:
        """A caller waits no more."""
        call = self.waiting.pop(call_id, None)
        if call is not None:
            line = self.lines[call.queue, call.needs]
            del line[call_id]
            if not line:
                del self.lines[call.queue, call.needs]

    def next_deadline(self) -> datetime | None:
        """Never: nothing changes by time alone."""
        return None

    def penalty(self, profile: AgentProfile, needs: Needs) -> int | None:
        """How far below 10 the agent's levels are for this, in all; None if the agent cannot serve it."""
        key = (profile.agent_id, needs)
        if key not in self._penalties:
            levels = dict(profile.skills)
            able = can_serve(profile, needs)
            self._penalties[key] = sum(10 - levels.get(skill, 10) for skill, _ in needs) if able else None
        return self._penalties[key]


Rank = Callable[[int, WaitingCall, datetime], tuple[Any, ...]]
"""Which pair of a free agent and a first caller comes before others, by the penalty between them."""


def _ring_by(rank: Rank, room: PenaltyRoom, now: datetime) -> list[Ring]:
    """The best pair, then the best of the others, as long as there are any; equal → the agent longest idle."""
    free = dict(room.free)
    lines = {line: iter(calls.values()) for line, calls in room.lines.items()}
    firsts = {line: next(calls) for line, calls in lines.items()}
    rings: list[Ring] = []
    while free and firsts:
        pairs = [
            (*rank(penalty, call, now), agent.since, agent_id, line)
            for line, call in firsts.items()
            for agent_id, agent in free.items()
            if (penalty := room.penalty(agent.profile, call.needs)) is not None
        ]
        if not pairs:
            break
        *_, agent_id, line = min(pairs)
        rings.append(Ring(firsts[line].call_id, agent_id, Reason.MOST_ENDANGERED))
        del free[agent_id]
        following = next(lines[line], None)
        if following is None:
            del firsts[line]
        else:
            firsts[line] = following
    return rings


def primary_first(room: PenaltyRoom, now: datetime) -> list[Ring]:
    """The lowest penalty, then the caller who has waited longest: Wallace and Whitt 2005, M&SOM 7:276-294."""
    return _ring_by(lambda penalty, call, _: (penalty, call.queued_at), room, now)


def asterisk(room: PenaltyRoom, now: datetime) -> list[Ring]:
    """The queue whose first caller looks next, and for that caller the member of the lowest penalty.

    Between queues of one weight app_queue knows no order: each first caller looks again every ``retry`` seconds, and
    takes whom they find. The time until they look is not counted here, which flatters it.
    """
    return _ring_by(lambda penalty, call, at: (-((at - call.queued_at) % RETRY), penalty), room, now)


ROUTINGS: Final[Mapping[str, Routing]] = {
    "assistline": OURS,
    "primary-first": Routing(PenaltyRoom, primary_first),
    "asterisk": Routing(PenaltyRoom, asterisk),
}
"""By the names that scenarios use."""
