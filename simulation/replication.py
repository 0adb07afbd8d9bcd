"""How did one run of a scenario go, by queue and by half hour?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from calls.needs import together
from routing.agent import can_serve
from simulation import tally as tallies
from simulation.arrivals import offers
from simulation.intervals import Interval, interval
from simulation.room import Routing
from simulation.scenario import Scenario
from simulation.tally import Tally
from simulation.world import Span, World

HALF_HOUR: Final = 1800.0

PATIENTLY: Final = 86400.0
"""Seconds that those who wait at the end are still served for."""

ALL: Final = "all"
"""Stands for all queues together."""

Figure = Callable[[Tally], float | None]

FIGURES: Final[Mapping[str, Figure]] = {
    "offered": lambda tally: float(tally.offered),
    "service_level": Tally.service_level,
    "mean_wait": Tally.mean_wait,
    "p50_wait": lambda tally: tally.wait_percentile(0.50),
    "p90_wait": lambda tally: tally.wait_percentile(0.90),
    "p99_wait": lambda tally: tally.wait_percentile(0.99),
    "waited": Tally.waited_share,
    "abandoned": Tally.abandoned_share,
    "abandoned_after_5_s": Tally.long_abandoned_share,
    "lost": Tally.lost_share,
    "sent_away": Tally.sent_away_share,
}
"""What is told of each queue; waits in seconds, shares 0-1."""


@dataclass(frozen=True, slots=True)
class Replication:
    """One run: what happened in each half hour from the end of the warm-up on."""

    spans: Sequence[Span]

    def queue(self, queue_id: str) -> Tally:
        """All callers of a queue."""
        return tallies.together(span.tallies[queue_id] for span in self.spans)

    def occupancy(self, agent_ids: Iterable[str]) -> float | None:
        """The share of these agents' presence in which they rang, talked or wrapped up."""
        chosen = set(agent_ids)
        presence = [spent for span in self.spans for agent_id, spent in span.presence.items() if agent_id in chosen]
        there = sum(seconds for seconds, _ in presence)
        return sum(busy for _, busy in presence) / there if there else None


def replicate(scenario: Scenario, routing: Routing, seed: int) -> Replication:
    """One run; the same seed gives the same run."""
    random = Random(seed)
    world = World(scenario, routing, offers(scenario.callers, random), random)
    world.run(scenario.warm_up)
    spans, at = [], scenario.warm_up
    while at < scenario.seconds:
        at = min(at + HALF_HOUR, scenario.seconds)
        spans.append(world.run(at))
    world.drain(scenario.seconds + PATIENTLY)
    return Replication(spans)


def summary(scenario: Scenario, runs: Sequence[Replication]) -> dict[str, dict[str, Interval]]:
    """FIGURES and occupancy of each queue that had callers, with 95 % intervals over the runs.

    A queue's occupancy is that of the agents who can serve it; ALL is of all queues, each against its own target. A
    figure that some run could not give, since nobody came, is of the others.
    """
    found: dict[str, dict[str, Interval]] = {}
    for queue_id in {callers.queue: None for callers in scenario.callers}:
        able = [
            agent_id
            for agent_id, profile in scenario.agents.items()
            if any(
                can_serve(profile, together(scenario.queues[queue_id].needs, callers.needs))
                for callers in scenario.callers
                if callers.queue == queue_id
            )
        ]
        of_queue = [run.queue(queue_id) for run in runs]
        figures = {name: [figure(tally) for tally in of_queue] for name, figure in FIGURES.items()}
        figures["occupancy"] = [run.occupancy(able) for run in runs]
        found[queue_id] = _intervals(figures)
    found[ALL] = _intervals({name: [_overall(run, name, scenario) for run in runs] for name in OVERALL})
    return found


OVERALL: Final = ("offered", "service_level", "lost", "mean_wait", "occupancy")


def _overall(run: Replication, name: str, scenario: Scenario) -> float | None:
    queues = [run.queue(queue_id) for queue_id in scenario.queues]
    offered = sum(queue.offered for queue in queues)
    if name == "occupancy":
        return run.occupancy(scenario.agents)
    if name == "offered":
        return float(offered)
    if not offered:
        return None
    if name == "lost":
        return sum(queue.lost for queue in queues) / sum(queue.came for queue in queues)
    figure = FIGURES[name]
    return sum((figure(queue) or 0.0) * queue.offered for queue in queues) / offered


def _intervals(figures: Mapping[str, Sequence[float | None]]) -> dict[str, Interval]:
    known = {name: [value for value in values if value is not None] for name, values in figures.items()}
    return {name: interval(values) for name, values in known.items() if values}
