"""Who of those who wait is told their place and their wait now? Only what will hold.

A caller whose place has got worse is told nothing until it is as good as they know it, and one whose wait has grown
only the place; where nobody on duty can serve them there is nothing to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Final, NamedTuple

from routing.estimate import Estimate
from routing.waiting import WaitingCall

FIRST_AFTER: Final = timedelta(seconds=15)
EVERY: Final = timedelta(seconds=30)

MOST_AT_ONCE: Final = 5
"""An estimate costs milliseconds when hundreds wait, and callers' rings must not wait for it; the others come next."""

SAID_EXACTLY: Final = 10
"""Up to so many minutes each is said; a longer wait is rounded up to the next five."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a caller who waits in this queue knows of their place and their wait in minutes (None: nothing), and when it
    was last thought about."""

    at: datetime
    queue: str
    place: int | None = None
    minutes: int | None = None


class Said(NamedTuple):
    """A place in the queue, 1 for the next, and a wait in minutes, if that is said too."""

    place: int
    minutes: int | None = None


def due(
    waiting: Iterable[WaitingCall],
    told: Mapping[str, Told],
    listens: Callable[[WaitingCall], bool],
    now: datetime,
) -> list[WaitingCall]:
    """The callers whose turn it is, the longest due first, of those who listen at all. ``told`` is by call id."""
    found = []
    for call in waiting:
        last = told.get(call.call_id)
        since = last.at + EVERY if last else call.waiting_since + FIRST_AFTER
        if since <= now and listens(call):
            found.append((since, call.call_id, call))
    return [call for _, _, call in sorted(found, key=lambda one: one[:2])[:MOST_AT_ONCE]]


def known(last: Told | None, call: WaitingCall, now: datetime) -> Told:
    """What the caller knows of this queue, thought about now; of another they know nothing any more."""
    if last is None or last.queue != call.queue:
        return Told(at=now, queue=call.queue)
    return replace(last, at=now)


def tell(last: Told, position: int, estimate: Estimate | None) -> tuple[Told, Said | None]:
    """What the caller knows from now on, and what is said, if anything.

    ``position`` is 1 for the next, ``estimate`` None where nobody on duty can serve the caller.
    """
    if estimate is None or (last.place is not None and position > last.place):
        return last, None
    expected = minutes(estimate.mean)
    if last.minutes is not None and expected > last.minutes:
        return replace(last, place=position), Said(position)
    return replace(last, place=position, minutes=expected), Said(position, expected)


def minutes(seconds: float) -> int:
    """A wait in minutes as it is said: at least one, rounded up."""
    exactly = max(1, ceil(seconds / 60))
    return exactly if exactly <= SAID_EXACTLY else 5 * ceil(exactly / 5)
