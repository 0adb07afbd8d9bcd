"""Which call comes first, and which agent takes it?

Calls: emergency before all; then the one most endangered against its own target (waited / target), which ages every
queue and starves none; then the longest waiting. Agents: those who meet the needs, and for other callers only those
whom no reserve keeps; the preferred agent first; then those who have not just missed this very call; of them the one
least wanted elsewhere, then the longest idle. Ids break the last ties, so the same state always gives the same choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from routing.classes import Profile
from routing.floor import Floor, Waiter
from routing.in_turn import SECOND, InTurn

COMPARED: Final = 16
"""Of so many profiles with somebody free, those of the lowest grade and the fewest skills, the least wanted is sought:
a bound to what one decision costs."""

Place = tuple[bool, float, int, str]
"""The smaller, the sooner."""


class Choice(NamedTuple):
    """The agent who shall take a call, where they are filed, and whether the caller prefers just this one."""

    agent_id: str
    profile: Profile
    preferred: bool = False
    missed: bool = False


def place(waiter: Waiter, at: int) -> Place:
    """Where the caller stands at this moment among all who wait."""
    queue = waiter.queue
    endangered = (at - waiter.queued) / SECOND / queue.target_seconds
    return (not queue.emergency, -endangered, waiter.queued, waiter.call.call_id)


def choose(floor: Floor, waiter: Waiter, now: datetime) -> Choice | None:
    """Who of the free agents, or for an emergency of those who rest, shall be rung for this caller; or nobody."""
    call_id, emergency = waiter.call.call_id, waiter.queue.emergency
    if waiter.call.preferred is not None:
        if (wished := _preferred(floor, waiter)) is not None:
            return wished
        if floor.waits_for_preferred(waiter, now):
            return None
    compared: list[Profile] = []
    for profile in waiter.alike.profiles:
        if profile.free.first is not None and (emergency or not profile.reserves or profile.open()):
            compared.append(profile)
    return (
        _least_wanted(floor, call_id, compared, missed=False)
        or _least_wanted(floor, call_id, compared, missed=True)
        or (_longest_resting(floor, waiter) if emergency else None)
    )


def _preferred(floor: Floor, waiter: Waiter) -> Choice | None:
    agent_id = waiter.call.preferred or ""
    profile = floor.roster.profile_if_free(agent_id)
    if profile is None or floor.agents[agent_id].missed == waiter.call.call_id:
        return None
    if profile not in waiter.alike.profiles or not (waiter.queue.emergency or profile.open()):
        return None
    return Choice(agent_id, profile, preferred=True)


def _least_wanted(floor: Floor, call_id: str, profiles: list[Profile], *, missed: bool) -> Choice | None:
    """The best of the first profiles in which somebody has, or has not, missed this call."""
    found: list[tuple[int, str, Profile]] = []
    for profile in profiles:
        first = next(_who(floor, profile.free, call_id, missed), None)
        if first is not None:
            found.append((*first, profile))
            if len(found) == COMPARED:
                break
    if not found:
        return None
    if len(found) > 1:
        found.sort(key=lambda one: (one[2].wanted_elsewhere(), one[0], one[1]))
    return Choice(found[0][1], found[0][2], missed=missed)


def _who(floor: Floor, several: InTurn, call_id: str, missed: bool) -> Iterator[tuple[int, str]]:
    """Those who have, or have not, missed this call, in turn; nearly always it is the first."""
    first = several.first
    if first is None:
        return
    agents = floor.agents
    if (agents[first[1]].missed == call_id) is missed:
        yield first
    elif len(several) > 1:
        yield from (one for one in several if (agents[one[1]].missed == call_id) is missed)


def _longest_resting(floor: Floor, waiter: Waiter) -> Choice | None:
    call_id, agents = waiter.call.call_id, floor.agents
    resting = [
        (agents[agent_id].missed == call_id, since, agent_id, profile)
        for profile in waiter.alike.profiles
        for since, agent_id in profile.resting
    ]
    if not resting:
        return None
    missed, _, agent_id, profile = min(resting, key=lambda one: one[:3])
    return Choice(agent_id, profile, missed=missed)
