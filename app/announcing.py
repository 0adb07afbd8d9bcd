"""How does a waiting caller hear place and wait? Asks routing/telling, and has the dialplan say it between two turns of
its music; nobody in an emergency queue is told anything.

And how does who is about to leave a message hear that there is somebody to wait for?
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from app.state import Centre
from calls.call import INTERNAL_LINE, CallState
from calls.commands import Announce
from ivr.speech import GRAMMARS, place, wait
from routing import telling
from routing.waiting import WaitingCall

WAIT_INSTEAD: Final = "or-zero-to-wait"
"""What the dialplan says between its words before a message and the tone."""


def at_a_message(centre: Centre, call_id: str, at: datetime) -> Iterator[Announce]:
    """The offer to wait, where a person may come: not of a closed queue, nor when nobody is on duty."""
    call = centre.calls[call_id]
    if call.queue in centre.floor.queues and centre.floor.somebody_to_wait_for(call.queue, call.needs, at):
        yield Announce(node=call.node, call_id=call_id, channel=call.channel, pieces=(WAIT_INSTEAD,))


def look(centre: Centre, at: datetime) -> Iterator[Announce]:
    """The announcements that are due, the longest due first."""
    centre.told = {call_id: told for call_id, told in centre.told.items() if call_id in centre.calls}
    for waiting in telling.due(centre.floor.waiting.values(), centre.told, lambda one: _listens(centre, one), at):
        call_id = waiting.call_id
        known = centre.told[call_id] = telling.known(centre.told.get(call_id), waiting, at)
        estimate, position = centre.estimator.estimate(waiting, at), centre.floor.position(call_id)
        centre.told[call_id], said = telling.tell(known, position, estimate)
        if said:
            call = centre.calls[call_id]
            pieces = place(call.lang, said.place) + (wait(call.lang, said.minutes) if said.minutes else ())
            yield Announce(node=call.node, call_id=call_id, channel=call.channel, pieces=pieces)


def _listens(centre: Centre, waiting: WaitingCall) -> bool:
    """Whether this is a caller who hears the music of the waiting room, in a language of which we know the numbers."""
    call = centre.calls.get(waiting.call_id)
    if call is None or call.state is not CallState.WAITING or call.queue != waiting.queue:
        return False
    told_of = call.line != INTERNAL_LINE and not centre.configuration.queues[call.queue].emergency
    return told_of and call.lang in GRAMMARS and call.call_id not in centre.suspects
