"""How much does it help that each agent has a second skill? The model of Wallace and Whitt 2005 (M&SOM 7:276-294).

Types of call that are equal but in name, agents with one primary skill and as many others as asked for, places to wait
for all together. With all skills it is one queue, M/M/n/K, which `oracle.py` knows exactly.
"""

from __future__ import annotations

from itertools import combinations

from routing.agent import AgentProfile, Grade
from routing.waiting import Queue
from simulation.draws import Duration, Exponential
from simulation.scenario import Callers, Poisson, Scenario, Shift

PRIMARY, SECONDARY = 10, 5
"""Levels of an agent's own skill and of the others."""


def cross_trained(
    *,
    skills: int,
    types: int = 6,
    agents: int = 90,
    load: float = 84.0,
    places: int | None = 30,
    talk: Duration | None = None,
    target_seconds: float = 20.0,
    seconds: float = 86400.0,
    warm_up: float = 0.0,
) -> Scenario:
    """``load`` in Erlang for all types together, ``skills`` of each agent (1 to ``types``), ``talk`` 10 min if None.

    Agents are spread evenly over the primary skills, and theirs over the sets of other skills: those of one primary
    skill go through the sets in an order in which no other skill gets far ahead.
    """
    talk = talk or Exponential(mean=600.0)
    queues = {
        f"type-{number}": Queue(
            queue_id=f"type-{number}",
            label=f"Type {number}",
            extension=f"8{number:03d}",
            target_seconds=target_seconds,
            target_share=0.8,
            needs=((f"type:{number}", 1),),
        )
        for number in range(types)
    }
    sets = _even_sets(types - 1, skills - 1)
    people: dict[str, AgentProfile] = {}
    for index in range(agents):
        primary, turn = index % types, index // types
        levels = {f"type:{(primary + step) % types}": SECONDARY for step in sets[turn % len(sets)]}
        levels[f"type:{primary}"] = PRIMARY
        agent_id = f"agent-{index:04d}"
        people[agent_id] = AgentProfile(
            agent_id=agent_id, name=agent_id, grade=Grade.DISPATCHER, skills=tuple(sorted(levels.items()))
        )
    per_hour = load / types / talk.mean * 3600
    return Scenario(
        seconds=seconds,
        warm_up=warm_up,
        queues=queues,
        agents=people,
        shifts=tuple(Shift(agent_id=agent_id, start=0, end=seconds) for agent_id in people),
        callers=tuple(Callers(queue=name, arrivals=Poisson(rates=((0, per_hour),)), talk=talk) for name in queues),
        places=places,
    )


def _even_sets(others: int, size: int) -> list[tuple[int, ...]]:
    """The sets of ``size`` out of the steps 1 to ``others``: each next one holds the steps used least so far."""
    left = list(combinations(range(1, others + 1), size))
    used = dict.fromkeys(range(1, others + 1), 0)
    order: list[tuple[int, ...]] = []
    while left:
        chosen = min(left, key=lambda steps: (sum(used[step] for step in steps), steps))
        left.remove(chosen)
        order.append(chosen)
        for step in chosen:
            used[step] += 1
    return order
