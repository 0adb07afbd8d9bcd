"""Who shall be rung for whom, now? Pure and deterministic: the same happenings and moments give the same decisions.

What comes out is what serving all callers in order would give, the most pressing first. Looked at are only those who
have stirred since the last time: callers who came or whose time has come, and the heads of the classes whom an agent
can serve who has become free, or for an emergency rests or rings. Nobody else can be served: they found nobody the last
time, and nobody has come since.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from heapq import heapify, heappop, heappush

from routing.agent import is_outside
from routing.classes import CallClass
from routing.explain import Reason
from routing.floor import Floor, Waiter
from routing.in_turn import SECOND, moment
from routing.overflow import REASONS, Standing, last_resort_is_due, overflow_of
from routing.selection import Choice, choose, choose_besides
from routing.waiting import Queue, Target


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring this agent for this call, and together with them those ``besides``; reserve all of them before the command
    goes out. ``step`` of relaxation is in force, 0 for none."""

    call_id: str
    agent_id: str
    reason: Reason
    step: int = 0
    besides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GiveWay:
    """Let the call ``instead_of`` wait on in its place, for whom this agent's phone rings, and ring the agent for this
    call, an emergency."""

    call_id: str
    agent_id: str
    reason: Reason
    step: int
    instead_of: str


@dataclass(frozen=True, slots=True)
class LeaveToFallback:
    """Leave this agent to app_queue, which holds this call; nothing is sent."""

    call_id: str
    agent_id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class LastResort:
    """Send this call to its queue's last resort."""

    call_id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Overflowed:
    """Send this call to where its queue overflows, ``queue`` for Target.QUEUE; or wake reserve staff for it."""

    call_id: str
    to: Target
    queue: str
    reason: Reason


Decision = Ring | GiveWay | LeaveToFallback | LastResort | Overflowed


def assign(floor: Floor, now: datetime) -> list[Decision]:
    """At most one decision for each call and one ring for each agent, the most pressing call first.

    The caller carries them out: sets the agents that are reserved, drops the calls that are rung for or have left. What
    is not carried out is decided again the next time.
    """
    at, decisions = moment(now), list[Decision]()
    stirred = floor.look(now)
    loose = _Loose(floor)
    candidates = [(*one.alike.place(one.queued, one.call.call_id, at), False) for one in stirred]
    candidates += loose.heads(at)
    heapify(candidates)
    settled: set[str] = set()
    in_vain: CallClass | None = None
    while candidates:
        usual, _, _, call_id, of_class = heappop(candidates)
        waiter = floor.waiters[call_id]
        if of_class and not loose.any_left(usual):
            candidates = [one for one in candidates if not one[4]]
            heapify(candidates)
            continue
        if call_id not in settled:
            if of_class and waiter.alike is in_vain:
                continue  # has just been tried in its own right
            decision = _decide(floor, waiter, at)
            if decision is not None:
                decisions.append(decision)
            elif not _alone_goes_empty(floor, waiter, at):
                if call_id in waiter.alike.waiting:  # else only this caller, who waits for one agent, went empty
                    in_vain = waiter.alike
                continue
            settled.add(call_id)
            floor.set_aside(waiter)
        if of_class and (head := waiter.alike.waiting.first) is not None:
            heappush(candidates, (*waiter.alike.place(*head, at), True))
    for waiter in stirred:
        waiter.new = False
    return [_together(floor, one) if isinstance(one, Ring) else one for one in decisions]


class _Loose:
    """Profiles in which somebody has just become free, or begun to rest or ring, and the classes that may want them."""

    def __init__(self, floor: Floor) -> None:
        self._freed = [profile for profile in floor.roster.freed if profile.free.first is not None]
        self._urgent = [*self._freed, *floor.roster.rested]
        floor.roster.freed.clear()
        floor.roster.rested.clear()

    def heads(self, at: int) -> list[tuple[bool, float, int, str, bool]]:
        """The place of the first caller of each class whom one of these could serve, as ``CallClass.place`` tells it,
        worked out here since it is the greater part of a decision; True says that it stands for a class."""
        classes = [alike for profile in self._freed if profile.open() for alike in profile.classes]
        for profile in self._urgent:
            classes += profile.urgent
        if len(self._urgent) > 1:
            classes = list(dict.fromkeys(classes))
        return [
            (alike.usual, (head[0] - at) / SECOND / alike.target, head[0], head[1], True)
            for alike in classes
            if (head := alike.waiting.first) is not None
        ]

    def any_left(self, usual: bool) -> bool:
        """Whether one of these may still be there for a usual caller, or else for one in an emergency.

        Who has been taken, and whom a reserve keeps, stays so while this is decided. The most pressing come first, so
        when nobody is left for one caller, nobody is left for all who follow.
        """
        several = self._freed if usual else self._urgent
        while several and not (several[-1].has_for_others() if usual else several[-1].has_for_emergencies()):
            several.pop()
        return bool(several)


def _decide(floor: Floor, waiter: Waiter, at: int) -> Decision | None:
    call, queue = waiter.call, waiter.queue
    choice = choose(floor, waiter, at)
    if (choice is None or choice.missed) and not call.in_fallback:
        if call.in_last_resort:
            return None  # the mobile rings on, undisturbed by an agent who did not answer this call
        if (leaves := _leaves(floor, waiter, at)) is not None:
            return leaves
    if choice is None:
        return None
    floor.roster.take(choice.profile, choice.agent_id)
    if choice.rings:
        rung_for = floor.agents[choice.agent_id].call_id or ""
        return GiveWay(call.call_id, choice.agent_id, Reason.GAVE_WAY, waiter.step, rung_for)
    if call.in_fallback:
        return LeaveToFallback(call.call_id, choice.agent_id, Reason.IN_FALLBACK)
    return Ring(call.call_id, choice.agent_id, _why(choice, queue), waiter.step)


def _together(floor: Floor, ring: Ring) -> Ring:
    """Whoever is still free when everybody has been decided upon rings too, where the queue has several ring at once.

    Nobody besides an agent whom the caller prefers, or who is outside and must press 1.
    """
    waiter = floor.waiters[ring.call_id]
    alone = ring.reason is Reason.PREFERRED or is_outside(floor.agents[ring.agent_id])
    besides: list[str] = []
    while not alone and len(besides) + 1 < waiter.queue.ring_at_once:
        choice = choose_besides(floor, waiter)
        if choice is None:
            break
        floor.roster.take(choice.profile, choice.agent_id)
        besides.append(choice.agent_id)
    return replace(ring, besides=tuple(besides)) if besides else ring


def _why(choice: Choice, queue: Queue) -> Reason:
    if choice.missed:
        return Reason.AGAIN_AFTER_MISS
    if queue.emergency:
        return Reason.EMERGENCY
    return Reason.PREFERRED if choice.preferred else Reason.MOST_ENDANGERED


def _leaves(floor: Floor, waiter: Waiter, at: int) -> Decision | None:
    """Where the caller goes for whom nobody is free; None to wait on."""
    call, queue = waiter.call, waiter.queue
    standing = Standing(
        waited=(at - waiter.since) / SECOND,
        waited_anew=(at - waiter.back) / SECOND,
        ahead=floor.position(call.call_id) - 1 if waiter.new and queue.overflow else None,
        somebody_on_duty=waiter.alike.somebody_on_duty(),
        closed=floor.is_closed(queue),
    )
    rule = overflow_of(call, queue, standing)
    if rule is not None and rule.to is not Target.LAST_RESORT:
        return Overflowed(call.call_id, rule.to, rule.queue, REASONS[rule.when])
    if rule is not None:
        return LastResort(call.call_id, REASONS[rule.when])
    if last_resort_is_due(queue, standing):
        return LastResort(call.call_id, Reason.NOBODY_FOR_EMERGENCY if queue.emergency else Reason.NOBODY_ON_DUTY)
    return None


def _alone_goes_empty(floor: Floor, waiter: Waiter, at: int) -> bool:
    """Whether others of the class may find an agent though this one, who waits among them, does not."""
    waits = waiter.call.call_id in waiter.alike.waiting
    return waits and (waiter.call.in_last_resort or floor.waits_for_preferred(waiter, at))
