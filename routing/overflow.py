"""When does waiting make no sense any more? When the queue overflows, or nobody is on duty who could serve the call.

The first overflow rule that applies is followed, each target once for a call. Then the last resort: an emergency caller
is sent there at once, and people on a break do not count: they cannot be rung. Others are sent when their queue's
``last_resort.after_seconds`` are over; a colleague on a break will come back, but whom a reserve keeps for emergencies,
who was paused since they do not answer, or has a full hour as a trainee, is nobody to wait for. For an emergency caller
whom those on duty have not answered by then, because they all talk or do not pick up, the mobile is rung too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from routing.explain import Reason
from routing.in_turn import SECOND
from routing.waiting import Overflow, Queue, Target, WaitingCall, When

REASONS: Final = {
    When.FULL: Reason.QUEUE_FULL,
    When.LONG: Reason.WAITED_LONG,
    When.NOBODY: Reason.NOBODY_LOGGED_IN,
    When.CLOSED: Reason.QUEUE_CLOSED,
}

FOR_EMERGENCIES: Final = frozenset({Target.QUEUE, Target.RESERVE})
"""Whoever is in need is led to people only."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a call stands for whom nobody is free: seconds of the present wait, and since the last resort gave the caller
    back; how many of its queue wait before it if it has only just come, whether anybody on duty could serve it, and
    whether its queue has closed."""

    waited: float
    waited_anew: float
    ahead: int | None
    somebody_on_duty: bool
    closed: bool


def overflow_of(call: WaitingCall, queue: Queue, standing: Standing) -> Overflow | None:
    """The rule by which the call leaves its queue now, if one applies."""
    return next((rule for rule in queue.overflow if _open_to(rule, call, queue) and _applies(rule, standing)), None)


def _open_to(rule: Overflow, call: WaitingCall, queue: Queue) -> bool:
    return rule.to not in call.overflowed and (rule.to in FOR_EMERGENCIES or not queue.emergency)


def _applies(rule: Overflow, standing: Standing) -> bool:
    if rule.when is When.FULL:
        return standing.ahead is not None and standing.ahead >= rule.limit
    holds = {
        When.LONG: True,
        When.NOBODY: not standing.somebody_on_duty,
        When.CLOSED: standing.closed,
    }[rule.when]
    return holds and standing.waited >= rule.after_seconds


def last_resort_is_due(queue: Queue, standing: Standing) -> bool:
    """Whether the call is to leave for the last resort; it waits on for somebody on duty, busy or free."""
    if standing.somebody_on_duty and not (queue.emergency and queue.last_resort.mobile):
        return False
    at_once = queue.emergency and not standing.somebody_on_duty
    return at_once or standing.waited_anew >= queue.last_resort.after_seconds


def looked_at_after(queue: Queue) -> tuple[int, ...]:
    """After how many microseconds of the present wait time alone may change what becomes of a call, in order.

    The last resort has its own clock.
    """
    seconds = {
        queue.preferred_seconds,
        *(step.after_seconds for step in queue.relaxation),
        *(rule.after_seconds for rule in queue.overflow),
    }
    return tuple(sorted({least(after) for after in seconds if after > 0}))


def least(after: float) -> int:
    """The first microsecond at which so many seconds have been waited."""
    near = round(after * SECOND)
    return near if near / SECOND >= after else near + 1
