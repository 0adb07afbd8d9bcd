"""What becomes of an agent who lets the phone ring in vain? After so many rings in a row, they are rung no more."""

from __future__ import annotations

from collections.abc import Iterable

from calls.events import Duty
from routing.agent import Agent, can_serve, is_outside
from routing.waiting import Queue


def missed_too_often(agent: Agent, queue: Queue) -> bool:
    """Whether the agent, who is ready, has missed as many rings in a row as the queue bears with."""
    return 0 < queue.misses_before_pause <= agent.misses and agent.duty is Duty.READY


def duty_after_misses(agent: Agent, agents: Iterable[Agent], queues: Iterable[Queue]) -> Duty | None:
    """The duty of who has missed too often; None: they stay ready.

    Who is woken at home has no phone for codes, and is off duty instead of paused, where they or others can be woken.
    The last one who is ready for an emergency line stays: its callers ring on rather than find nobody.
    """
    others = [
        one.profile
        for one in agents
        if one.profile.agent_id != agent.profile.agent_id and one.duty is Duty.READY and one.reachable
    ]
    held = [queue.needs for queue in queues if queue.emergency and can_serve(agent.profile, queue.needs)]
    if not all(any(can_serve(other, asked) for other in others) for asked in held):
        return None
    return Duty.OFF if agent.profile.on_call and is_outside(agent) else Duty.PAUSED
