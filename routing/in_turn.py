"""Who comes first? Names by a moment, the first always at hand, and nobody is searched for when they leave.

Moments are whole microseconds since 1970, so that order and sums are exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
SECOND: Final = 1_000_000
LEFT_BEHIND: Final = 64
"""A heap may hold as many again, and so many more, who have left, before it is swept."""


def moment(at: datetime) -> int:
    """Whole microseconds since 1970."""
    return (at - EPOCH) // MICROSECOND


def time_of(at: int) -> datetime:
    """The aware UTC time of a moment."""
    return EPOCH + at * MICROSECOND


class InTurn:
    """Names in the order of their moments, then of the names; ``first`` is ``(moment, name)`` or None.

    Coming and leaving cost the logarithm of how many there are: whoever leaves stays in the heap until their turn.
    """

    __slots__ = ("_at", "_heap", "first")

    def __init__(self) -> None:
        self._at: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []
        self.first: tuple[int, str] | None = None

    def __len__(self) -> int:
        return len(self._at)

    def __contains__(self, name: str) -> bool:
        return name in self._at

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Everybody in turn."""
        return iter(sorted((at, name) for name, at in self._at.items()))

    def put(self, at: int, name: str) -> None:
        """The name's moment is this one; an earlier word is taken back."""
        if self._at.get(name) == at:
            return
        self.drop(name)
        self._at[name] = at
        heappush(self._heap, (at, name))
        self.first = self._heap[0]

    def drop(self, name: str) -> None:
        """The name leaves; one that is not there changes nothing."""
        at = self._at.pop(name, None)
        if at is None:
            return
        if self.first == (at, name):
            self._settle()
        elif len(self._heap) > 2 * len(self._at) + LEFT_BEHIND:
            self._heap = [(at, name) for name, at in self._at.items()]
            heapify(self._heap)

    def _settle(self) -> None:
        heap, at = self._heap, self._at
        while heap and at.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        self.first = heap[0] if heap else None
