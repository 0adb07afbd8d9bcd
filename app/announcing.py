"""Who of those who wait is told their place and their wait now? Only what will hold, and nobody in an emergency queue.

A caller whose place has got worse is told nothing until it is as good as they know it, and one whose wait has grown
only the place; where nobody on duty can serve them there is nothing to tell. The dialplan says it between two turns of
its music.
"""

from __future__ import annotations

from collections.abc import Iterator
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
        centre.told[call_id], pieces = _tell(centre, call, at)
        if pieces:
            yield Announce(node=call.node, call_id=call_id, channel=call.channel, pieces=pieces)


def _listens(centre: Centre, waiting: WaitingCall) -> bool:
    """Whether this is a caller who hears the music of the waiting room, in a language of which we know the numbers."""
    call = centre.calls.get(waiting.call_id)
    if call is None or call.state is not CallState.WAITING or call.queue != waiting.queue:
        return False
    told_of = call.line != INTERNAL_LINE and not centre.configuration.queues[call.queue].emergency
    return told_of and call.lang in GRAMMARS and call.call_id not in centre.suspects


def _tell(centre: Centre, call: Call, at: datetime) -> tuple[Told, Pieces]:
    """What the caller knows from now on, and the pieces that say it."""
    before = centre.told.get(call.call_id)
    if before is None or before.queue != call.queue:
        before = Told(at=at, queue=call.queue)
    estimate = centre.estimator.estimate(centre.floor.waiting[call.call_id], at)
    position = centre.floor.position(call.call_id)
    if estimate is None or (before.place is not None and position > before.place):
        return Told(at=at, queue=call.queue, place=before.place, minutes=before.minutes), ()
    expected = minutes(estimate.mean)
    if before.minutes is not None and expected > before.minutes:
        return Told(at=at, queue=call.queue, place=position, minutes=before.minutes), place(call.lang, position)
    told = Told(at=at, queue=call.queue, place=position, minutes=expected)
    return told, (*place(call.lang, position), *wait(call.lang, expected))


def minutes(seconds: float) -> int:
    """A wait in minutes as it is said: at least one, rounded up."""
    exactly = max(1, ceil(seconds / 60))
    return exactly if exactly <= SAID_EXACTLY else 5 * ceil(exactly / 5)
