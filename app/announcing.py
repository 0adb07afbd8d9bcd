"""Who of those who wait is told their place and their wait now? Only what will hold, and nobody in an emergency queue.

A caller whose place has got worse is told nothing until it is as good as they know it, and one whose wait has grown
only the place; where nobody on duty can serve them there is nothing to tell. The dialplan says it between two turns of
its music.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from app.state import Centre, Told
from calls.call import INTERNAL_LINE, Call, CallState
from calls.commands import Announce
from ivr.speech import GRAMMARS, Pieces, place, wait
from routing.waiting import WaitingCall

FIRST_AFTER: Final = timedelta(seconds=15)
EVERY: Final = timedelta(seconds=30)

MOST_AT_ONCE: Final = 5
"""An estimate costs milliseconds when hundreds wait, and callers' rings must not wait for it; the others come next."""

SAID_EXACTLY: Final = 10
"""Up to so many minutes each is said; a longer wait is rounded up to the next five."""


def look(centre: Centre, at: datetime) -> Iterator[Announce]:
    """The announcements that are due, the longest due first."""
    centre.told = {call_id: told for call_id, told in centre.told.items() if call_id in centre.calls}
    due = []
    for call_id, waiting in centre.floor.waiting.items():
        told = centre.told.get(call_id)
        since = told.at + EVERY if told else waiting.waiting_since + FIRST_AFTER
        if since <= at and _listens(centre, waiting):
            due.append((since, call_id))
    for _, call_id in sorted(due)[:MOST_AT_ONCE]:
        call = centre.calls[call_id]
        centre.told[call_id] = known = _known(centre.told.get(call_id), call, at)
        centre.told[call_id], pieces = _tell(centre, call, known)
        if pieces:
            yield Announce(node=call.node, call_id=call_id, channel=call.channel, pieces=pieces)


def _listens(centre: Centre, waiting: WaitingCall) -> bool:
    """Whether this is a caller who hears the music of the waiting room, in a language of which we know the numbers."""
    call = centre.calls.get(waiting.call_id)
    if call is None or call.state is not CallState.WAITING or call.queue != waiting.queue:
        return False
    told_of = call.line != INTERNAL_LINE and not centre.configuration.queues[call.queue].emergency
    return told_of and call.lang in GRAMMARS and call.call_id not in centre.suspects


def _known(told: Told | None, call: Call, at: datetime) -> Told:
    """What the caller knows of this queue; of another, nothing any more."""
    if told is None or told.queue != call.queue:
        return Told(at=at, queue=call.queue)
    return replace(told, at=at)


def _tell(centre: Centre, call: Call, known: Told) -> tuple[Told, Pieces]:
    """What the caller knows from now on, and the pieces that say it."""
    estimate = centre.estimator.estimate(centre.floor.waiting[call.call_id], known.at)
    position = centre.floor.position(call.call_id)
    if estimate is None or (known.place is not None and position > known.place):
        return known, ()
    expected, said = minutes(estimate.mean), place(call.lang, position)
    if known.minutes is not None and expected > known.minutes:
        return replace(known, place=position), said
    return replace(known, place=position, minutes=expected), (*said, *wait(call.lang, expected))


def minutes(seconds: float) -> int:
    """A wait in minutes as it is said: at least one, rounded up."""
    exactly = max(1, ceil(seconds / 60))
    return exactly if exactly <= SAID_EXACTLY else 5 * ceil(exactly / 5)
