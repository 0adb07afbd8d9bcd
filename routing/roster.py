"""Which agents are free, and which only rest? Each is filed in a profile, and anew when something about them changes.

Whoever sets an agent says what is so; what follows from it, also by time alone, is worked out at the next ``look``.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, MutableMapping, ValuesView
from datetime import datetime
from typing import NamedTuple

from calls.events import Duty
from routing.agent import LEAST_BACK_OFF, Agent, AgentState, gives_way, is_free, is_there, rests
from routing.classes import CallClass, Classes, Profile
from routing.in_turn import InTurn, moment


class Filed(NamedTuple):
    """Where an agent is filed, and whether they count as ready for an emergency, and as there for other callers."""

    profile: Profile
    ready: bool
    there: bool


class Roster(MutableMapping[str, Agent]):
    """Agents by id. ``free`` are the profiles in which somebody is free.

    ``freed`` and ``rested`` are the profiles in which somebody can be rung who could not before, ``left`` the classes
    that may have lost the last who was there for them: whoever asks empties them. ``shifted``: others are ready for an
    emergency than before, until whoever asks takes it back.
    """

    def __init__(self, classes: Classes, agents: Iterable[Agent]) -> None:
        self._classes = classes
        self._agents = {agent.profile.agent_id: agent for agent in agents}
        self._changed = dict.fromkeys(self._agents)
        self._filed: dict[str, Filed] = {}
        self._waking = InTurn()
        self.free: dict[Profile, None] = {}
        self.freed: dict[Profile, None] = {}
        self.rested: dict[Profile, None] = {}
        self.left: dict[CallClass, None] = {}
        self.shifted = False

    def __getitem__(self, agent_id: str) -> Agent:
        return self._agents[agent_id]

    def __setitem__(self, agent_id: str, agent: Agent) -> None:
        self._agents[agent_id] = agent
        self._changed[agent_id] = None

    def __delitem__(self, agent_id: str) -> None:
        del self._agents[agent_id]
        self._changed[agent_id] = None

    def __iter__(self) -> Iterator[str]:
        return iter(self._agents)

    def __len__(self) -> int:
        return len(self._agents)

    def items(self) -> ItemsView[str, Agent]:
        """As of a dict: faster than one by one."""
        return self._agents.items()

    def values(self) -> ValuesView[Agent]:
        """As of a dict: faster than one by one."""
        return self._agents.values()

    def next_deadline(self) -> int | None:
        """When time alone lets somebody be rung."""
        return self._waking.first[0] if self._waking.first else None

    def profile_if_free(self, agent_id: str) -> Profile | None:
        """Where the agent is filed, if they can be rung without disturbing their rest."""
        filed = self._filed.get(agent_id)
        return filed.profile if filed and agent_id in filed.profile.free else None

    def take(self, profile: Profile, agent_id: str) -> None:
        """The agent has been decided upon, and is not free until the next look at least."""
        self._take(profile, agent_id)
        self._changed[agent_id] = None

    def _take(self, profile: Profile, agent_id: str) -> None:
        profile.take(agent_id)
        if profile.free.first is None:
            self.free.pop(profile, None)

    def look(self, now: datetime) -> list[str]:
        """File whoever has changed or whose rest is over; their ids."""
        at = moment(now)
        while self._waking.first is not None and self._waking.first[0] <= at:
            agent_id = self._waking.first[1]
            self._waking.drop(agent_id)
            self._changed[agent_id] = None
        changed = list(self._changed)
        self._changed.clear()
        thinned: dict[Profile, None] = {}
        for agent_id in changed:
            before, after = self._filed.get(agent_id), self._file(agent_id, now)
            if before and before != after:
                thinned[before.profile] = None
            self.shifted |= _ready_in(before) is not _ready_in(after)
        for profile in thinned:
            self._thinned(profile)
        return changed

    def _thinned(self, profile: Profile) -> None:
        """Fewer are there than before: note who may have lost the last one."""
        self.left.update(dict.fromkeys(() if profile.ready else profile.urgent))
        kept = [one for reserve in profile.reserves if not reserve.spares() for one in reserve.profiles]
        for one in kept if profile.there else [profile, *kept]:
            self.left.update(dict.fromkeys(one.classes))

    def _file(self, agent_id: str, now: datetime) -> Filed | None:
        agent, before = self._agents.get(agent_id), self._filed.pop(agent_id, None)
        if before is not None:
            self._take(before.profile, agent_id)
            self._count(before, -1)
        self._waking.drop(agent_id)
        if agent is None:
            return None
        known = before is not None and before.profile.like is agent.profile
        profile = before.profile if before is not None and known else self._classes.profile_of(agent.profile)
        ready = agent.duty is Duty.READY and agent.reachable
        filed = self._filed[agent_id] = Filed(profile, ready, is_there(agent, now))
        self._count(filed, 1)
        if is_free(agent, now):
            self.free[profile] = self.freed[profile] = None
            for reserve in profile.give(moment(agent.since), agent_id):
                self.freed.update(dict.fromkeys(reserve.free.values()))
        elif rests(agent, now):
            profile.resting.put(moment(agent.since), agent_id)
            self.rested[profile] = None
        elif gives_way(agent):
            profile.yielding.put(-moment(agent.since), agent_id)
            self.rested[profile] = None
        self._wait_for(agent, now)
        return filed

    def _count(self, filed: Filed, by: int) -> None:
        filed.profile.ready += by * filed.ready
        filed.profile.there += by * filed.there
        for reserve in filed.profile.reserves:
            reserve.there += by * filed.there

    def _wait_for(self, agent: Agent, now: datetime) -> None:
        """Note when time alone changes what the agent can be asked, or that they are there."""
        if agent.not_before is None:
            return
        ends = {agent.not_before} | ({agent.since + LEAST_BACK_OFF} if agent.state is AgentState.READY else set())
        ahead = [moment(at) for at in ends if at > now]
        if ahead:
            self._waking.put(min(ahead), agent.profile.agent_id)


def _ready_in(filed: Filed | None) -> Profile | None:
    """Where the agent counts as ready for an emergency, if they do."""
    return filed.profile if filed and filed.ready else None
