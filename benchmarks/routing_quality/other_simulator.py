"""What does Ciw, a simulator that others wrote, say of a queue of equal callers and equal agents?"""

from __future__ import annotations

import math
from typing import NamedTuple

import ciw


class Ciw(NamedTuple):
    """Batch means: the wait in seconds, the share who hung up."""

    waits: list[float]
    abandoned: list[float]


def simulated(*, agents: int, load: float, talk: float, patience: float, batches: int, arrivals: int, seed: int) -> Ciw:
    """``batches`` of ``arrivals`` callers each (expected); the first batch warms up and is left out."""
    reneging = [ciw.dists.Exponential(1 / patience)] if math.isfinite(patience) else None
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(load / talk)],
        service_distributions=[ciw.dists.Exponential(1 / talk)],
        number_of_servers=[agents],
        reneging_time_distributions=reneging,
    )
    ciw.seed(seed)
    run = ciw.Simulation(network)
    each = arrivals * talk / load
    run.simulate_until_max_time(each * (batches + 1) + 20 * talk)
    waits: list[list[float]] = [[] for _ in range(batches)]
    hung_up = [0] * batches
    for record in run.get_all_records():
        batch = int(record.arrival_date / each) - 1
        if 0 <= batch < batches:
            waits[batch].append(record.waiting_time)
            hung_up[batch] += record.record_type == "renege"
    return Ciw(
        [math.fsum(each) / len(each) for each in waits],
        [count / len(each) for count, each in zip(hung_up, waits, strict=True)],
    )
