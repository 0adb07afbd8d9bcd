"""Which agent takes a call?

Of those who meet the needs, and for callers in no emergency only of those whom no reserve keeps: the preferred agent
first; then those who have not just missed this very call; of them the one least wanted elsewhere, then the longest
idle. For an emergency also those who rest, and then those whose phone rings for somebody in no emergency: the last to
have begun, since they are the likeliest to answer. Ids break the last ties, so the same state always gives the same
choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from routing.agent import is_outside
from routing.classes import Profile
from routing.floor import Floor, Waiter
from routing.in_turn import InTurn

COMPARED: Final = 16
"""Of so many profiles with somebody free, those of the lowest grade and the fewest skills, the least wanted is sought:
a bound to what one decision costs."""


class Choice(NamedTuple):
    """The agent who shall take a call, where they are filed, and whether the caller prefers just this one, or has been
    missed by them before. ``rings``: for a call that must give way."""

    agent_id: str
    profile: Profile
    preferred: bool = False
    missed: bool = False
    rings: bool = False


def choose(floor: Floor, waiter: Waiter, at: int) -> Choice | None:
    """Who shall be rung for this caller; or nobody."""
    choice = _of_the_free(floor, waiter, at)
    if (choice is not None and not choice.missed) or not waiter.queue.emergency:
        return choice
    resting = _longest_resting(floor, waiter)
    if choice is None or (resting is not None and not resting.missed):
        choice = resting
    if (choice is None or choice.missed) and not waiter.call.in_fallback:
        last_rung = _last_rung(floor, waiter)
        if last_rung is not None and (choice is None or not last_rung.missed):
            return last_rung
    return choice


def choose_besides(floor: Floor, waiter: Waiter) -> Choice | None:
    """Who may ring for this caller together with the agent who has been chosen: somebody free with a phone of ours,
    whomever the caller prefers; those who have missed this very call last."""
    call_id, agents = waiter.call.call_id, floor.agents
    found: list[tuple[int, str, Profile]] = []
    missed: list[tuple[int, str, Profile]] = []
    for profile in _with_somebody_free(floor, waiter):
        first = next((one for one in profile.free if not is_outside(agents[one[1]])), None)
        if first is not None and agents[first[1]].missed == call_id:
            missed.append((*first, profile))
            inside = (one for one in profile.free if not is_outside(agents[one[1]]))
            first = next((one for one in inside if agents[one[1]].missed != call_id), None)
        if first is not None:
            found.append((*first, profile))
            if len(found) == COMPARED:
                break
    several = found or missed[:COMPARED]
    if not several:
        return None
    _, agent_id, profile = _least_wanted(several)
    return Choice(agent_id, profile)


def _of_the_free(floor: Floor, waiter: Waiter, at: int) -> Choice | None:
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
    return None


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
    return _first(floor, waiter, [(profile, profile.resting) for profile in waiter.alike.profiles])


def _last_rung(floor: Floor, waiter: Waiter) -> Choice | None:
    found = _first(floor, waiter, [(profile, profile.yielding) for profile in waiter.alike.profiles])
    return found and found._replace(rings=True)


def _first(floor: Floor, waiter: Waiter, several: list[tuple[Profile, InTurn]]) -> Choice | None:
    """Whose turn it is among all of these; those who have missed this very call come last."""
    call_id, agents = waiter.call.call_id, floor.agents
    candidates = [
        (agents[agent_id].missed == call_id, at, agent_id, profile)
        for profile, in_turn in several
        if in_turn.first is not None
        for at, agent_id in in_turn
    ]
    if not candidates:
        return None
    missed, _, agent_id, profile = min(candidates, key=lambda one: one[:3])
    return Choice(agent_id, profile, missed=missed)
