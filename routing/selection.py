"""Which call comes first, and which agent takes it?

Calls: emergency before all; then the one most endangered against its own target (waited / target), which ages every
queue and starves none; then the longest waiting. Agents: those who meet the needs and have not just missed this very
call; of them the longest idle. Ids break the last ties, so the same state always gives the same choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from routing.agent import Agent, can_serve
from routing.waiting import Queue, WaitingCall


def in_order(waiting: Iterable[WaitingCall], queues: Mapping[str, Queue], now: datetime) -> list[WaitingCall]:
    """The waiting calls, the one to be served first in front."""

    def place(call: WaitingCall) -> tuple[bool, float, datetime, str]:
        queue = queues[call.queue]
        return (not queue.emergency, -endangered(call, queue, now), call.queued_at, call.call_id)

    return sorted(waiting, key=place)


def endangered(call: WaitingCall, queue: Queue, now: datetime) -> float:
    """How much of its target the call has waited: 1.0 is a wait as long as the target."""
    return (now - call.queued_at).total_seconds() / queue.target_seconds


def best_agent(call: WaitingCall, free: Iterable[Agent]) -> Agent | None:
    """Who of the free agents shall be rung for this call; None if nobody can serve it."""
    capable = [agent for agent in free if can_serve(agent.profile, call.needs)]
    return min(
        capable,
        key=lambda agent: (agent.missed == call.call_id, agent.since, agent.profile.agent_id),
        default=None,
    )
