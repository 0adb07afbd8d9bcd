"""Which agent takes a call?

Of those who meet the needs, and for callers in no emergency only of those whom no reserve keeps: the preferred agent
first; then those who have not just missed this very call; of them the one least wanted elsewhere, then the longest
idle. Ids break the last ties, so the same state always gives the same choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from routing.classes import Profile
from routing.floor import Floor, Waiter

COMPARED: Final = 16
"""Of so many profiles with somebody free, those of the lowest grade and the fewest skills, the least wanted is sought:
a bound to what one decision costs."""


class Choice(NamedTuple):
    """The agent who shall take a call, where they are filed, and whether the caller prefers just this one, or has been
    missed by them before."""

    agent_id: str
    profile: Profile
    preferred: bool = False
    missed: bool = False


def choose(floor: Floor, waiter: Waiter, at: int) -> Choice | None:
    """Who of the free agents, or for an emergency of those who rest, shall be rung for this caller; or nobody."""
    call_id, agents = waiter.call.call_id, floor.agents
    if waiter.call.preferred is not None:
        if (wished := _preferred(floor, waiter)) is not None:
            return wished
        if floor.waits_for_preferred(waiter, at):
            return None
    found: list[tuple[int, str, Profile]] = []
    missed: list[tuple[int, str, Profile]] = []
    for profile in _with_somebody_free(floor, waiter):
        first = profile.free.first
        if first is not None and agents[first[1]].missed == call_id:
            missed.append((*first, profile))
            first = next((one for one in profile.free if agents[one[1]].missed != call_id), None)
        if first is not None:
            found.append((*first, profile))
            if len(found) == COMPARED:
                break
    if found or missed:
        _, agent_id, profile = _least_wanted(found or missed[:COMPARED])
        return Choice(agent_id, profile, missed=not found)
    return _longest_resting(floor, waiter) if waiter.queue.emergency else None


def _preferred(floor: Floor, waiter: Waiter) -> Choice | None:
    agent_id = waiter.call.preferred or ""
    profile = floor.roster.profile_if_free(agent_id)
    if profile is None or floor.agents[agent_id].missed == waiter.call.call_id:
        return None
    if profile not in waiter.alike.fits or not (waiter.queue.emergency or profile.open()):
        return None
    return Choice(agent_id, profile, preferred=True)


def _with_somebody_free(floor: Floor, waiter: Waiter) -> Iterator[Profile]:
    """The profiles of whom this caller may have somebody, in the order of their class; sought where there are fewer."""
    alike, free = waiter.alike, floor.roster.free
    several = alike.profiles
    if len(free) < len(several):
        several = sorted((one for one in free if one in alike.fits), key=lambda one: one.place)
    for profile in several:
        if profile.free.first is not None and (waiter.queue.emergency or profile.open()):
            yield profile


def _least_wanted(several: list[tuple[int, str, Profile]]) -> tuple[int, str, Profile]:
    if len(several) == 1:
        return several[0]
    return min(several, key=lambda one: (one[2].wanted_elsewhere(), one[0], one[1]))


def _longest_resting(floor: Floor, waiter: Waiter) -> Choice | None:
    call_id, agents = waiter.call.call_id, floor.agents
    resting = [
        (agents[agent_id].missed == call_id, since, agent_id, profile)
        for profile in waiter.alike.profiles
        if profile.resting.first is not None
        for since, agent_id in profile.resting
    ]
    if not resting:
        return None
    missed, _, agent_id, profile = min(resting, key=lambda one: one[:3])
    return Choice(agent_id, profile, missed=missed)
