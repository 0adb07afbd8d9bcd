"""How many agents keep every queue's target in each half hour? From Erlang's answer on, tried in the simulation.

The mix of people is kept: n agents are the first n of the scenario's, taken again and again. Each half hour is tried in
its steady state, with its own rates for as many callers as are asked for, and half hours of equal rates are tried once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice

from routing.agent import AgentProfile
from simulation.oracle import served_within
from simulation.replication import HALF_HOUR, replicate
from simulation.room import Routing
from simulation.scenario import Callers, Poisson, Recorded, Scenario, Shift

MOST = 500
"""More agents than this are not looked for."""


@dataclass(frozen=True, slots=True)
class HalfHour:
    """``start`` in seconds; ``load`` in Erlang; ``erlang`` and ``agents``: how many, by theory and by simulation.

    ``service_level`` is that of each queue with so many ``agents``; None: not with MOST of this mix.
    """

    start: float
    load: float
    erlang: int
    agents: int | None
    service_level: Mapping[str, float]


Rates = tuple[float, ...]
"""Callers per hour of each group."""


def half_hours(scenario: Scenario) -> Iterator[tuple[float, Rates]]:
    """The start of each half hour, and the mean rate of each group in it."""
    start = 0.0
    while start < scenario.seconds:
        end = min(start + HALF_HOUR, scenario.seconds)
        yield start, tuple(_rate(callers, start, end) for callers in scenario.callers)
        start = end


def _rate(callers: Callers, start: float, end: float) -> float:
    arrivals = callers.arrivals
    if isinstance(arrivals, Recorded):
        return sum(start <= at < end for at, _ in arrivals.calls) / (end - start) * 3600
    ends = (*(at for at, _ in arrivals.rates[1:]), math.inf)
    pieces = zip(arrivals.rates, ends, strict=True)
    return sum(rate * max(0.0, min(until, end) - max(at, start)) for (at, rate), until in pieces) / (end - start)


def staff_for(scenario: Scenario, routing: Routing, rates: Rates, callers: int, seed: int) -> HalfHour:
    """The least number that keeps all targets at these rates, tried on ``callers`` callers; ``start`` is left at 0."""
    load = sum(
        rate / 3600 * (group.talk.mean + scenario.queues[group.queue].wrap_up_seconds + _pick_up(scenario))
        for rate, group in zip(rates, scenario.callers, strict=True)
    )
    if not load:
        return HalfHour(0.0, 0.0, 0, 0, {})
    first = agents = _erlang(scenario, rates, load)
    tried: dict[int, Mapping[str, float]] = {}

    def keeps(count: int) -> bool:
        tried[count] = _tried(scenario, routing, rates, count, callers, seed)
        return all(level >= scenario.queues[name].target_share for name, level in tried[count].items())

    step, failed = 1, 0
    while not keeps(agents):
        if agents >= MOST:
            return HalfHour(0.0, load, first, None, tried[agents])
        failed, agents, step = agents, min(MOST, agents + step), step * 2
    while agents - failed > 1:
        middle = max(failed + 1, agents - 1) if not failed else (failed + agents) // 2
        if keeps(middle):
            agents = middle
        else:
            failed = middle
    return HalfHour(0.0, load, first, agents, tried[agents])


def _pick_up(scenario: Scenario) -> float:
    return scenario.pick_up.mean if scenario.pick_up else 0.0


def _erlang(scenario: Scenario, rates: Rates, load: float) -> int:
    """Enough if all were one queue with the strictest target: Erlang C, never too few of equal agents."""
    asked = {group.queue for rate, group in zip(rates, scenario.callers, strict=True) if rate}
    share = max(scenario.queues[name].target_share for name in asked)
    within = min(scenario.queues[name].target_seconds for name in asked)
    per_second = sum(rates) / 3600
    agents = math.floor(load) + 1
    while served_within(within, per_second, load / per_second, agents) < share and agents < MOST:
        agents += 1
    return agents


def _tried(
    scenario: Scenario, routing: Routing, rates: Rates, agents: int, callers: int, seed: int
) -> Mapping[str, float]:
    """The service level of each queue that had callers."""
    seconds = callers / sum(rates) * 3600
    warm_up = 20 * max(group.talk.mean for group in scenario.callers)
    people = crew(list(scenario.agents.values()), agents)
    steady = replace(
        scenario,
        seconds=seconds + warm_up,
        warm_up=warm_up,
        agents=people,
        shifts=tuple(Shift(agent_id=agent_id, start=0, end=2 * (seconds + warm_up)) for agent_id in people),
        callers=tuple(
            replace(group, arrivals=Poisson(rates=((0.0, rate),)))
            for group, rate in zip(scenario.callers, rates, strict=True)
        ),
    )
    run = replicate(steady, routing, seed)
    levels = {name: run.queue(name).service_level() for name in scenario.queues}
    return {name: level for name, level in levels.items() if level is not None}


def crew(profiles: Sequence[AgentProfile], count: int) -> dict[str, AgentProfile]:
    """So many agents of the same mix, each with an id of its own."""
    return {
        f"agent{number}": replace(profile, agent_id=f"agent{number}")
        for number, profile in enumerate(islice(cycle(profiles), count))
    }
