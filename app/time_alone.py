"""What comes of the passing of time alone? Wrap-ups end, and rings and moves are given up that never began.

Whatever it changes is told as a fact, so that history, which keeps no ticks, can follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from app import announcing, changeover, on_call
from app.courtesy import courtesy
from app.state import Centre
from calls.commands import Command, MoveToQueue, OfferVoicemail, RingAgent
from calls.events import CommandFailed, DeadlineReached, Event, Tick, WrapUpEnded
from routing import agent as agents
from routing.waiting import Target

BEGINS_WITHIN = timedelta(seconds=3)
"""A Redirect that was accepted shows within milliseconds; one that does not has lost its caller."""

NOT_BEGUN = "not begun"
"""Why a command has failed of which nothing was seen within that time."""


def deadline_reached(centre: Centre, event: DeadlineReached | Tick) -> Iterator[Command | Event]:
    """What cannot wait for a tick; a handler for app/handlers, after which the router is asked."""
    for agent_id, agent in list(centre.agents.items()):
        woken = agents.woke(agent, event.at)
        if woken is not agent:
            centre.agents[agent_id] = woken
            yield WrapUpEnded(at=event.at, agent_id=agent_id)


def tick(centre: Centre, event: Tick) -> Iterator[Command | Event]:
    """A handler for app/handlers."""
    yield from deadline_reached(centre, event)
    for call_id, ring in centre.rings.items():
        if event.at - ring.asked_at > BEGINS_WITHIN:
            yield _not_begun(centre, call_id, RingAgent, event.at)
    for call_id, move in centre.moves.items():
        if event.at - move.asked_at > BEGINS_WITHIN:
            asked = OfferVoicemail if move.to is Target.VOICEMAIL else MoveToQueue
            yield _not_begun(centre, call_id, asked, event.at)
    with courtesy("expected"):
        centre.expected.look(centre.estimator, event.at)
    yield from changeover.look(centre, event.at)
    yield from on_call.look(centre, event.at)
    with courtesy("announcing"):
        yield from announcing.look(centre, event.at)


def _not_begun(centre: Centre, call_id: str, command: type[Command], at: datetime) -> CommandFailed:
    node = centre.calls[call_id].node
    return CommandFailed(at=at, node=node, command=command.__name__, reason=NOT_BEGUN, call_id=call_id)
