"""When is it this caller's turn? The queue is played forward at its mean pace, by the rules that the router follows.

One step is one caller gone: served by an agent who gets free, or lost for want of patience. Its mean length is one over
the sum of all rates in force. Whose step it is, is dealt out evenly, to each crew and each line of waiting calls by its
share of that sum. With one kind of calls and of agents this is exactly QLm (Whitt 1999; Ibrahim and Whitt 2009,
"Real-time delay estimation in overloaded multiserver queues with abandonments"): the sum over i = 0..ahead of
1 / (s * mu + i * theta). With more of them it follows those who can serve several lines to where they will be taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

STEPS = 300
"""With more calls than this the steps are taken in bunches, so that the cost of an estimate has a bound."""

MOST_OVERTAKEN = 0.8
"""Beyond this share of calls that overtake, their chance is no more than guessed at."""


@dataclass(slots=True, kw_only=True)
class Line:
    """Waiting calls alike in queue and needs; moments are seconds from now, negative before it.

    ``came`` are those that wait, oldest first. One agent handles ``handled`` of them per second; ``lost`` is how many
    leave per second and caller; ``coming`` how many come per second that may overtake whoever asks, the first of them
    after half an interval.
    """

    emergency: bool
    target_seconds: float
    came: list[float]
    handled: float
    lost: float = 0.0
    coming: float = 0.0
    first: int = 0
    due: float = 0.5

    def left(self) -> int:
        """How many wait still."""
        return len(self.came) - self.first

    def pressing(self, at: float) -> tuple[bool, float, float]:
        """The place of its first call in the router's order (routing/selection); the smallest is served first."""
        came = self.came[self.first]
        return (not self.emergency, (came - at) / self.target_seconds, came)

    def lose(self, calls: int, *, keep: bool) -> None:
        """So many give up, of those who came last; ``keep`` the asker, who is the very last."""
        end = len(self.came) - keep
        del self.came[end - calls : end]

    def grow(self, seconds: float, at: float) -> None:
        """Time has passed, in which calls have come."""
        self.due += self.coming * seconds
        while self.due >= 1:
            self.due -= 1
            self.came.append(at)


@dataclass(slots=True, kw_only=True)
class Crew:
    """Agents who serve the same lines, ``serves`` being indexes of lines.

    ``size`` of them are at work and get free ``pace`` times per second together; ``free`` more wait for a call.
    """

    serves: frozenset[int]
    size: float = 0
    pace: float = 0.0
    free: int = 0

    def takes(self, line: Line, count: int) -> None:
        """Those who take these calls are at work for as long as such calls last."""
        if self.free:
            self.free -= 1
            self.size += 1
            self.pace += line.handled
        else:
            share = min(1.0, count / self.size)
            self.pace += share * (self.size * line.handled - self.pace)


@dataclass(slots=True)
class Forward:
    """How long it takes until the turn: the sum of exponential steps, its ``mean`` (s) and ``variance`` (s²)."""

    mean: float = 0.0
    variance: float = 0.0
    beside: float = 0.0
    steps: int = 0
    overtaking: int = 0

    def step(self, seconds: float, calls: int, *, mine: bool, later: bool = False) -> None:
        """So many calls are gone, ``later`` ones come only after the asker.

        Steps of those who never serve the asker (not ``mine``) run beside the steps of those who do, and add no chance.
        """
        self.beside += seconds
        if mine:
            self.mean += self.beside
            self.variance += self.beside**2 / calls
            self.beside = 0.0
            self.steps += calls
            self.overtaking += calls * later

    def arrive(self) -> None:
        """It is the asker's turn. How many overtake is a matter of chance too, which the steps alone do not show.

        As in the busy period of M/M/1: its variance over that of its services alone is (1 + share) / (1 - share)².
        """
        share = min(self.overtaking / self.steps, MOST_OVERTAKEN) if self.steps else 0.0
        self.variance *= (1 + share) / (1 - share) ** 2


def play(lines: Sequence[Line], crews: Sequence[Crew], mine: int, within: float) -> Forward | None:
    """Until the last call of line ``mine`` is taken; None if that is not within so many seconds.

    ``lines`` and ``crews`` are used up. An asker for whom someone is free waits 0 s.
    """
    bunch = 1 + sum(line.left() for line in lines) // STEPS
    credit = [0.0] * (len(crews) + len(lines))
    forward, at = Forward(), 0.0
    while at < within:
        turns = _turns(lines, crews, at)
        rates = [0.0 if turn is None else crew.pace for crew, turn in zip(crews, turns, strict=True)]
        rates += [line.lost * (line.left() - (index == mine)) for index, line in enumerate(lines)]
        total = sum(rates)
        free = _at_once(crews, turns)
        if free is None and total <= 0:
            return None
        dealt = _dealt(credit, rates, total) if free is None else free
        turn = turns[dealt] if dealt < len(crews) else dealt - len(crews)
        assert turn is not None, "who has no turn has no rate"
        line = lines[turn]
        my_turn = turn == mine and line.left() == 1
        calls = 1 if my_turn or free is not None else min(bunch, line.left() - (turn == mine))
        seconds = calls / total if free is None else 0.0
        at += seconds
        if dealt < len(crews):
            forward.step(seconds, calls, mine=mine in crews[dealt].serves, later=line.came[line.first] > 0)
            crews[dealt].takes(line, calls)
            line.first += calls
        else:
            forward.step(seconds, calls, mine=turn == mine)
            line.lose(calls, keep=turn == mine)
        if my_turn:
            forward.arrive()
            return forward
        for each in lines:
            each.grow(seconds, at)
    return None


def _turns(lines: Sequence[Line], crews: Sequence[Crew], at: float) -> list[int | None]:
    """Which line each crew serves next; None if none of its lines has a call."""
    order = [index for index, line in enumerate(lines) if line.left()]
    if len(order) > 1:
        order.sort(key=lambda index: lines[index].pressing(at))
    return [next((index for index in order if index in crew.serves), None) for crew in crews]


def _at_once(crews: Sequence[Crew], turns: Sequence[int | None]) -> int | None:
    """A crew of which somebody is free for the call whose turn it is."""
    return next((index for index, crew in enumerate(crews) if crew.free and turns[index] is not None), None)


def _dealt(credit: list[float], rates: Sequence[float], total: float) -> int:
    """Whose step it is: each collects its share of every step, one is paid for a step, by who would soonest have it."""
    best, soonest = 0, inf
    for index, rate in enumerate(rates):
        if rate:
            credit[index] += rate / total
            steps = (1 - credit[index]) / rate
            if steps < soonest:
                best, soonest = index, steps
    credit[best] -= 1
    return best
