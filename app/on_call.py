"""Who on call is woken, and what follows? Asks routing/reserve every few seconds; handlers for app/handlers.

Who was woken has no duty until they press 1. Not asked while no Asterisk is connected, nor right after the last one was
lost: agents' phones register anew, and an emergency line without people is no reason to wake somebody when they are
only coming back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from app.state import Centre
from calls.call import Call
from calls.commands import Command, WakeReserve
from calls.events import (
    Duty,
    DutyChanged,
    Event,
    ReserveAccepted,
    ReserveDeclined,
    ReserveStoodDown,
    ReserveWoken,
)
from routing import reserve
from routing.agent import can_serve
from routing.reserve import Cause, Pressure, Wake

SETTLES_WITHIN: Final = timedelta(seconds=10)
"""Phones that are there have registered by then."""

LOOK_EVERY: Final = timedelta(seconds=3)

WOKEN: Final = "woken"
"""Why somebody on call is on duty; stands in history, so a new process knows whom it may stand down."""

Results = Iterator[Command | Event]


def look(centre: Centre, at: datetime) -> Iterator[Event]:
    """Who is woken and who is stood down now."""
    reserves = centre.reserves
    if not any(agent.profile.on_call for agent in centre.agents.values()):
        return
    if not centre.connected_nodes():
        return
    if reserves.look_at is None:
        reserves.look_at = at + SETTLES_WITHIN
        reserves.known = replace(reserves.known, woken=_woken(centre) | dict(reserves.known.woken))
    elif at >= reserves.look_at:
        reserves.look_at = at + LOOK_EVERY
        queues = centre.configuration.queues
        found = list(reserves.asked_for)
        found += reserve.pressures(centre.expected.known(), queues)
        reserves.asked_for.clear()
        short = centre.floor.too_few_for_others()
        found += [Pressure(queue_id, queues[queue_id].needs, 0.0, Cause.TOO_FEW) for queue_id in short]
        reserves.known, decisions = reserve.decide(reserves.known, centre.agents, queues, found, at)
        for one in decisions:
            if isinstance(one, Wake):
                yield ReserveWoken(at=at, agent_id=one.agent_id, queue=one.queue, reason=one.reason)
            else:
                yield ReserveStoodDown(at=at, agent_id=one.agent_id, queue=one.queue)


def _woken(centre: Centre) -> dict[str, str]:
    """Who is on duty because an earlier process woke them, each with a queue that they can serve."""
    came = (agent for agent in centre.agents.values() if agent.duty is not Duty.OFF and agent.reason == WOKEN)
    queues = centre.configuration.queues.values()
    served = ((agent, next((q for q in queues if can_serve(agent.profile, q.needs)), None)) for agent in came)
    return {agent.profile.agent_id: queue.queue_id for agent, queue in served if queue}


def wanted_for(centre: Centre, call: Call, at: datetime) -> None:
    """The queue of this caller overflows to reserve staff: one more is wanted, at the next tick."""
    centre.reserves.asked_for.append(Pressure(call.queue, call.needs, 0.0, Cause.OVERFLOW))
    if centre.reserves.look_at is not None:
        centre.reserves.look_at = min(centre.reserves.look_at, at)


def reserve_woken(centre: Centre, event: ReserveWoken) -> Results:
    """Through the first Asterisk there is; without any nobody is woken, and the router asks again."""
    for node in centre.connected_nodes()[:1]:
        yield WakeReserve(node=node, agent_id=event.agent_id, queue=event.queue)


def reserve_accepted(centre: Centre, event: ReserveAccepted) -> Results:
    centre.reserves.known = reserve.accepted(centre.reserves.known, event.agent_id)
    yield DutyChanged(at=event.at, agent_id=event.agent_id, duty=Duty.READY, reason=WOKEN)


def reserve_declined(centre: Centre, event: ReserveDeclined) -> Results:
    centre.reserves.known = reserve.declined(centre.reserves.known, event.agent_id)
    yield from ()


def reserve_stood_down(centre: Centre, event: ReserveStoodDown) -> Results:
    yield DutyChanged(at=event.at, agent_id=event.agent_id, duty=Duty.OFF, reason="stood-down")
