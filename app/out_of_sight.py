"""What follows from a call whose end nobody saw? Handlers for app/handlers.

It ends as every call does: an emergency caller whom nobody answered is an alarm.
"""

from __future__ import annotations

from collections.abc import Iterator

from app import menus
from app.state import Alarm, Centre
from calls.call import WAITS, Call, CallState
from calls.commands import Command
from calls.events import AlarmRaised, CallEnded, CallSpooled, CallVanished, EndedBy, Event

Results = Iterator[Command | Event]


def call_vanished(centre: Centre, event: CallVanished) -> Results:
    """It ends here, as every call does: an emergency caller whom nobody answered is an alarm."""
    centre.calls[event.call_id] = Call(
        call_id=event.call_id,
        node=event.node,
        channel="",
        line=event.line,
        state=event.state,
        started_at=event.started_at,
        queue=event.queue,
        number=event.number,
        agent_id=event.agent_id,
    )
    yield CallEnded(at=event.at, call_id=event.call_id, state=event.state, cause=0, by=EndedBy.SYSTEM)


def call_spooled(centre: Centre, event: CallSpooled) -> Results:
    """A call that ended while we were away: an emergency caller whom nobody answered is an alarm all the same."""
    yield from menus.message_spooled(centre, event)
    told = event.payload
    queue = centre.configuration.queues.get(str(told.get("queue", "")))
    unheard = told.get("state") in (*WAITS, CallState.VOICEMAIL) or told.get("voicemail")
    if queue and queue.emergency and unheard and event.call_id not in centre.alarms:
        number = str(told.get("number", ""))
        alarm = Alarm(call_id=event.call_id, queue=queue.queue_id, at=event.at, number=number)
        centre.alarms[event.call_id] = alarm
        yield AlarmRaised(at=event.at, call_id=event.call_id, queue=queue.queue_id)
