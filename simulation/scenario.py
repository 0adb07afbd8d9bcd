"""What shall be simulated? A centre's queues, its people on their shifts, and its callers, on a clock from 0 on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from calls.needs import Needs
from routing.agent import AgentProfile
from routing.waiting import Queue
from simulation.draws import Duration

SECOND: Final = 1_000_000
"""The virtual clock counts whole microseconds, as datetime does, so that no moment is rounded on its way."""

DAWN: Final = datetime(2026, 1, 5, tzinfo=UTC)
"""Moment 0 of the virtual clock: the midnight that begins a Monday."""


def moment(at: int) -> datetime:
    """The datetime of a moment of the virtual clock."""
    return DAWN + timedelta(microseconds=at)


def clock(at: datetime) -> int:
    """The moment of the virtual clock of a datetime."""
    return (at - DAWN) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Poisson:
    """Callers who come independently of each other: ``per_hour`` from each ``second`` on, until the next is reached.

    ``rates`` are (second, per hour), sorted, the first at second 0.
    """

    rates: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Past calls, brought in again as they were: (second, length of the talk in seconds), sorted.

    Where the length is None it is drawn, as for other callers.
    """

    calls: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Callers:
    """People who come for one queue with the same needs.

    ``needs`` are added to the queue's own. ``patience`` is how long one waits before hanging up; None: for ever.
    """

    queue: str
    arrivals: Poisson | Recorded
    talk: Duration
    needs: Needs = ()
    patience: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """This agent is ready from second ``start`` until second ``end``, when the talk that is going on is still ended."""

    agent_id: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One day, or any other span of ``seconds``, of a centre; queues and agents are by id.

    Figures count from ``warm_up`` seconds on. ``places``: so many callers can wait, in all queues together; who finds
    them taken is lost. ``pick_up``: how long an agent's phone rings before they answer.
    """

    seconds: float
    queues: Mapping[str, Queue]
    agents: Mapping[str, AgentProfile]
    shifts: tuple[Shift, ...]
    callers: tuple[Callers, ...]
    warm_up: float = 0.0
    places: int | None = None
    pick_up: Duration | None = None
