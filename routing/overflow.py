"""When does waiting make no sense any more? When nobody is on duty who could serve the call.

An emergency caller is sent to the last resort at once, and people on a break do not count: they cannot be rung. Others
are sent when their queue's ``last_resort.after_seconds`` are over; a colleague on a break will come back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from calls.events import Duty
from routing.agent import Agent, can_serve
from routing.waiting import Queue, WaitingCall


def last_resort_at(call: WaitingCall, queue: Queue, agents: Iterable[Agent]) -> datetime | None:
    """When the call is to leave for the last resort; None while somebody on duty, busy or free, could serve it."""
    counted = {Duty.READY} if queue.emergency else {Duty.READY, Duty.PAUSED}
    if any(agent.duty in counted and agent.reachable and can_serve(agent.profile, call.needs) for agent in agents):
        return None
    patience = timedelta(0) if queue.emergency else timedelta(seconds=queue.last_resort.after_seconds)
    return call.waiting_since + patience
