"""How would the same callers fare in one plain queue, first come first served, with equal agents?

Written apart from the simulator, in a dozen lines (Kiefer and Wolfowitz 1955), for queues whose long-run figures theory
knows exactly. So what chance has given to a run can be read off here, and taken out of the run's own figures: control
variates, see `simulation/intervals.py`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from heapq import heapreplace

from simulation.arrivals import Offer
from simulation.oracle import steady_state


class PlainQueue:
    """``agents`` and ``places`` to wait; with callers of limited patience, places without limit."""

    def __init__(self, agents: int, places: float = math.inf) -> None:
        self.agents, self.places = agents, places
        self._free_at = [0] * agents
        self._begin_at: deque[int] = deque()
        self.begin_batch()

    def begin_batch(self) -> None:
        """Count anew; whoever is there stays."""
        self.came = self.lost = self.waited = self.waits = 0

    def meet(self, offer: Offer) -> None:
        """The next caller comes."""
        at, _, talk, patience = offer
        self.came += 1
        while self._begin_at and self._begin_at[0] <= at:
            self._begin_at.popleft()
        if len(self._begin_at) >= self.places:
            self.lost += 1
            return
        begins = max(at, self._free_at[0])
        self.waited += begins > at
        if patience is not None and begins - at > patience:
            self.waits += patience
            return
        self.waits += begins - at
        heapreplace(self._free_at, begins + talk)
        if begins > at and math.isfinite(self.places):
            self._begin_at.append(begins)

    def figures(self) -> list[float]:
        """Of the batch: share lost (with limited places), share of the others who waited, their mean wait in s."""
        entered = self.came - self.lost
        lost = [self.lost / self.came] if math.isfinite(self.places) else []
        return [*lost, self.waited / entered, self.waits / entered / 1e6]

    def expected(self, load: float, talk: float, patience: float) -> list[float]:
        """What theory says of ``figures``, in the long run."""
        theory = steady_state(load / talk, talk, self.agents, self.places, patience)
        return [*([theory.lost] if math.isfinite(self.places) else []), theory.waited, theory.mean_wait]


def seen_by(offers: Iterable[Offer], queues: Iterable[PlainQueue]) -> Iterator[Offer]:
    """The same callers, after each of these queues has met them too."""
    for offer in offers:
        for queue in queues:
            queue.meet(offer)
        yield offer
