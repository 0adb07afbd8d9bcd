"""How long will this caller wait still? Learned online from the facts of the centre, said as mean, median and 90 %.

Who is on duty and who waits is known at once, so a step in staffing shows in the very next estimate. Only the rates are
learned, and slowly forgotten (routing/pace): how fast talks with their wrap-up end, how fast callers give up, how often
calls come that overtake others. With these the queue is played forward (routing/forward).

The wait ends when a phone rings for the caller. Needs count as their queue relaxes them in the end: while they have not
relaxed yet, the estimate may be short by the time until then. A preferred agent counts as any other.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from typing import Final

from routing.agent import Agent
from routing.at_work import Alike, AtWork
from routing.forward import Crew, Line, play
from routing.pace import Kind, Pace
from routing.relaxing import in_force
from routing.waiting import Queue, WaitingCall

LONGEST: Final = 6 * 3600.0
"""An expected wait beyond this, in seconds, is none that can be said."""

Z_90: Final = 1.2815515655446004
"""The 90 % point of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The wait from now on, in seconds: its mean, its median, and what nine of ten stay below."""

    mean: float
    p50: float
    p90: float


def from_moments(mean: float, variance: float) -> Estimate:
    """A sum of exponential times is close to the gamma distribution of its mean (s) and variance (s²).

    Its quantiles by Wilson and Hilferty (1931), within 3 % of the exact ones for a sum of at least one (see the tests).
    """
    if mean <= 0:
        return Estimate(0.0, 0.0, 0.0)
    ninth = variance / (9 * mean * mean)
    p50, p90 = (mean * max(0.0, 1 - ninth + z * sqrt(ninth)) ** 3 for z in (0.0, Z_90))
    return Estimate(mean, p50, p90)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the last of ``callers`` of one kind had to expect at that moment; None: it could not be said."""

    kind: Kind
    call: WaitingCall
    callers: int
    at: datetime
    said: Estimate | None


class Estimator:
    """Fed with facts as they happen, ``queued``, ``left`` and ``agent``; asked with ``estimate``."""

    def __init__(self, queues: Mapping[str, Queue], handle_seconds: Mapping[str, float], usual_seconds: float) -> None:
        """``handle_seconds``: configured mean of talk and wrap-up by queue; ``usual_seconds`` where there is none."""
        self._queues = queues
        self._pace = Pace(handle_seconds, usual_seconds)
        self._at_work = AtWork(self._pace)
        self._calls: dict[str, tuple[Kind, WaitingCall]] = {}
        self._waiting: dict[Kind, list[tuple[float, str]]] = {}

    def queued(self, call: WaitingCall, at: datetime) -> None:
        """The call waits, or waits on: told anew after a ring without an answer, or in another queue."""
        moment = at.timestamp()
        kind = self._kind(call)
        before = self._forget(call.call_id, moment)
        if before is None or before.queue != call.queue:
            self._pace.coming(kind, moment).happened(moment)
        if before is not None and before.queue != call.queue:
            self._pace.losing(before.queue, moment).happened(moment)
        self._wait(call, kind, moment)

    def _wait(self, call: WaitingCall, kind: Kind, moment: float) -> None:
        insort(self._waiting.setdefault(kind, []), _place(call))
        self._calls[call.call_id] = (kind, call)
        self._pace.losing(call.queue, moment).expose(1, moment)

    def left(self, call_id: str, at: datetime) -> None:
        """The call waits no more and no agent took it: hung up, or sent elsewhere. Unknown ids do nothing."""
        moment = at.timestamp()
        if call := self._forget(call_id, moment):
            self._pace.losing(call.queue, moment).happened(moment)

    def agent(self, agent: Agent, at: datetime) -> None:
        """This is the agent now. A call that waited and that the agent now has is served, and waits no more."""
        moment = at.timestamp()
        call = self._forget(agent.call_id, moment) if agent.call_id else None
        self._at_work.now(agent, call.queue if call else "", moment)

    def adopt(self, queues: Mapping[str, Queue], at: datetime) -> None:
        """From now on these are the queues; what was learned stays. Callers of a queue that is gone are forgotten."""
        calls = [call for _, call in self._calls.values()]
        for call in calls:
            self._forget(call.call_id, at.timestamp())
        self._queues = queues
        self._waiting = {kind: [] for kind in self._waiting if kind[0] in queues}
        for call in calls:
            if call.queue in queues:
                self._wait(call, self._kind(call), at.timestamp())

    def estimate(self, call: WaitingCall, now: datetime) -> Estimate | None:
        """How long this call waits from now on, whether it waits already or would come now.

        None: it cannot be said, since nobody on duty can serve it, or it would take longer than LONGEST.
        """
        mine, moment = self._kind(call), now.timestamp()
        kinds, teams = self._connected(mine)
        lines = [self._line(kind, mine, _place(call), moment) for kind in kinds]
        forward = play(lines, self._crews(kinds, teams, call.queue, now), 0, LONGEST)
        if forward is None:
            return None
        doubt = self._pace.handling(call.queue, moment).doubt() * forward.mean**2
        return from_moments(forward.mean, forward.variance + doubt)

    def kinds(self) -> list[Kind]:
        """The kinds of calls that wait."""
        return [kind for kind, waiting in self._waiting.items() if waiting]

    def expectation(self, kind: Kind, now: datetime) -> Expectation:
        """Of the caller of this kind who came last; raises IndexError if none waits."""
        waiting = self._waiting.get(kind, [])
        call = self._calls[waiting[-1][1]][1]
        return Expectation(kind, call, len(waiting), now, self.estimate(call, now))

    def _kind(self, call: WaitingCall) -> Kind:
        queue = self._queues[call.queue]
        return call.queue, in_force(call.needs, queue, len(queue.relaxation))

    def _forget(self, call_id: str, moment: float) -> WaitingCall | None:
        kind, call = self._calls.pop(call_id, (None, None))
        if kind and call:
            waiting = self._waiting[kind]
            del waiting[bisect_left(waiting, _place(call))]
            self._pace.losing(call.queue, moment).expose(-1, moment)
        return call

    def _connected(self, mine: Kind) -> tuple[list[Kind], list[Alike]]:
        """The kinds of calls that share agents with this one, itself first, directly or through others; the agents."""
        others = [kind for kind, waiting in self._waiting.items() if waiting or self._overtakes(kind, mine)]
        kinds, teams = [mine], dict[int, Alike]()
        for kind in kinds:  # grows as it goes
            for alike in self._at_work.on_duty():
                if id(alike) not in teams and alike.can_serve(kind[1]):
                    teams[id(alike)] = alike
                    kinds += [other for other in others if other not in kinds and alike.can_serve(other[1])]
        return kinds, list(teams.values())

    def _overtakes(self, kind: Kind, mine: Kind) -> bool:
        """Whether calls of this kind can come later and be served before: emergencies, and shorter targets."""
        theirs, ours = self._queues[kind[0]], self._queues[mine[0]]
        if theirs.emergency is not ours.emergency:
            return theirs.emergency
        return theirs.target_seconds < ours.target_seconds

    def _line(self, kind: Kind, mine: Kind, place: tuple[float, str], moment: float) -> Line:
        """The waiting calls of this kind; of the asker's own those who come before, and the asker at the end."""
        queue, calls = self._queues[kind[0]], self._waiting.get(kind, [])
        if kind == mine:
            calls = [*calls[: bisect_left(calls, place)], place]
        return Line(
            emergency=queue.emergency,
            target_seconds=queue.target_seconds,
            came=[came - moment for came, _ in calls],
            handled=self._pace.handling(queue.queue_id, moment).per_second(moment),
            lost=self._pace.losing(queue.queue_id, moment).per_second(moment),
            coming=self._pace.coming(kind, moment).per_second(moment) if self._overtakes(kind, mine) else 0.0,
        )

    def _crews(self, kinds: list[Kind], teams: list[Alike], queue_id: str, now: datetime) -> list[Crew]:
        """The agents, together with all others who can serve the same of these kinds."""
        crews: dict[frozenset[int], Crew] = {}
        for alike in teams:
            serves = frozenset(index for index, kind in enumerate(kinds) if alike.can_serve(kind[1]))
            crew = crews.setdefault(serves, Crew(serves=serves))
            free, busy, pace = alike.strength(now)
            share = 1.0 if self._queues[queue_id].emergency else self._not_kept(alike)
            crew.free += int(free * share)
            crew.size += busy * share
            crew.pace += pace * share
        return list(crews.values())

    def _not_kept(self, alike: Alike) -> float:
        """The share of these agents that emergency queues do not keep for themselves."""
        share = 1.0
        for queue in self._queues.values():
            if queue.emergency and queue.reserve and alike.can_serve(queue.needs):
                able = sum(other.count() for other in self._at_work.on_duty() if other.can_serve(queue.needs))
                share = min(share, max(0.0, 1 - queue.reserve / able))
        return share


def _place(call: WaitingCall) -> tuple[float, str]:
    """The place of a call among those of its kind: when it came (epoch seconds), and its id."""
    return call.queued_at.timestamp(), call.call_id
