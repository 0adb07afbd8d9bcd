"""When does waiting make no sense any more? When nobody is on duty who could serve the call.

An emergency caller is sent to the last resort at once, and people on a break do not count: they cannot be rung. Others
are sent when their queue's ``last_resort.after_seconds`` are over; a colleague on a break will come back. For an
emergency caller whom those on duty have not answered by then, because they all talk or do not pick up, the mobile is
rung too.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from calls.events import Duty
from routing.agent import Agent, can_serve
from routing.waiting import Queue, WaitingCall


def last_resort_at(call: WaitingCall, queue: Queue, agents: Iterable[Agent]) -> datetime | None:
    """When the call is to leave for the last resort; None to wait on for somebody on duty, busy or free."""
    counted = {Duty.READY} if queue.emergency else {Duty.READY, Duty.PAUSED}
    on_duty = any(
        agent.duty in counted and agent.reachable and can_serve(agent.profile, call.needs) for agent in agents
    )
    if on_duty and not (queue.emergency and queue.last_resort.mobile):
        return None
    at_once = queue.emergency and not on_duty
    return call.waiting_since + timedelta(seconds=0 if at_once else queue.last_resort.after_seconds)
