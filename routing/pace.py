"""How fast does the centre go? Rates learned from what was seen, in which the newest weighs most.

Calls handled per second of an agent's work, callers lost per second of waiting, calls that come per second: all three
are happenings over exposure, and what is still under way counts with the seconds it has lasted. For exponential times
that are cut off this quotient is the maximum likelihood estimate, so long talks do not go unseen until they end.
Moments are epoch seconds; one that goes back, since facts from two clocks may cross, counts as no time at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from calls.needs import Needs

SURE_OF_HANDLING: Final = 10.0
"""The configured mean handle time weighs as much as so many calls."""

MEMORY: Final = 2000.0
"""About twice as many calls count. A shorter memory would follow a new season sooner; this one adds some 3 % to the
least squared error where 50 callers wait on average (about 2 x callers waiting / calls counted)."""

COMING_MEMORY: Final = 50.0
"""Calls come faster and slower within an hour: the last hundred of a kind say how fast they come now."""

SELDOM: Final = 1 / 3600
"""Per second: what is thought of losing callers, and of calls coming, before anything is known."""

Kind = tuple[str, Needs]
"""What makes waiting calls alike: queue and needs."""


class Rate:
    """Happenings per second of exposure; begins at ``usual``, as sure as ``weight`` happenings would make it.

    Each happening fades by 1 - 1/memory with each that follows, so about ``2 * memory`` of them count (the sum of the
    weights squared over the sum of their squares).
    """

    __slots__ = ("_at", "_count", "_exposure", "_keep", "_running")

    def __init__(self, usual: float, *, weight: float, memory: float, at: float) -> None:
        self._count = weight
        self._exposure = weight / usual
        self._keep = 1 - 1 / memory
        self._running = 0
        self._at = at

    def expose(self, change: int, at: float) -> None:
        """From this moment on so many more (or fewer) are exposed."""
        self._exposure += self._running * max(0.0, at - self._at)
        self._at = max(self._at, at)
        self._running += change

    def happened(self, at: float) -> None:
        """It has happened once more."""
        self.expose(0, at)
        self._count = self._count * self._keep + 1
        self._exposure *= self._keep

    def per_second(self, at: float) -> float:
        """The rate as known at this moment."""
        return self._count / (self._exposure + self._running * max(0.0, at - self._at))

    def doubt(self) -> float:
        """How far the rate may be off for want of happenings: its variance over its square, on the cautious side."""
        return 1 / self._count


class Pace:
    """The rates of all queues and kinds of calls; each begins when it is first asked for."""

    def __init__(self, handle_seconds: Mapping[str, float], usual_seconds: float) -> None:
        """``handle_seconds``: configured mean of talk and wrap-up by queue; ``usual_seconds`` where there is none."""
        self._handle_seconds = handle_seconds
        self._usual_seconds = usual_seconds
        self._handling: dict[str, Rate] = {}
        self._losing: dict[str, Rate] = {}
        self._coming: dict[Kind, Rate] = {}

    def handling(self, queue: str, at: float) -> Rate:
        """Calls of this queue handled per second of work; ``""`` stands for work that came by no queue."""
        if queue not in self._handling:
            usual = 1 / self._handle_seconds.get(queue, self._usual_seconds)
            self._handling[queue] = Rate(usual, weight=SURE_OF_HANDLING, memory=MEMORY, at=at)
        return self._handling[queue]

    def losing(self, queue: str, at: float) -> Rate:
        """Callers of this queue who give up, per second of waiting."""
        if queue not in self._losing:
            self._losing[queue] = Rate(SELDOM, weight=1.0, memory=MEMORY, at=at)
        return self._losing[queue]

    def coming(self, kind: Kind, at: float) -> Rate:
        """Calls of this kind that come, per second."""
        if kind not in self._coming:
            self._coming[kind] = Rate(SELDOM, weight=1.0, memory=COMING_MEMORY, at=at)
            self._coming[kind].expose(1, at)
        return self._coming[kind]
