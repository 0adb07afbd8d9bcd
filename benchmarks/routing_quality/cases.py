"""Which centres are measured, in which portions, and what comes out of one portion?"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

from benchmarks.routing_quality.plain_queue import PlainQueue, seen_by
from simulation.arrivals import offers
from simulation.cross_training import cross_trained
from simulation.draws import Exponential
from simulation.intervals import Interval, controlled
from simulation.oracle import Theory, steady_state
from simulation.penalties import ROUTINGS
from simulation.scenario import Scenario
from simulation.tally import Tally
from simulation.world import World

WARM_UP_TALKS = 40
"""Each portion starts empty; what happens in so many mean talks is left out."""

TARGETS = (20, 30, 120)
"""Seconds for which the service level is told: the trade's, the paper's 0.5 min, and one longer than most waits."""

FIGURES = ("lost", "waited", "mean_wait", "abandoned", *(f"within_{target}_s" for target in TARGETS))


@dataclass(frozen=True, kw_only=True)
class Case:
    """``load`` in Erlang; ``talk`` and ``patience`` are means in seconds, exponential; ``places`` to wait."""

    name: str
    agents: int
    load: float
    talk: float
    patience: float = math.inf
    places: float = math.inf
    types: int = 1
    skills: int = 1
    routing: str = "assistline"

    def theory(self) -> Theory:
        """Of one pool of all agents."""
        return steady_state(self.load / self.talk, self.talk, self.agents, self.places, self.patience)

    def scenario(self) -> Scenario:
        """The centre, with everybody there for ever."""
        made = cross_trained(
            skills=self.skills,
            types=self.types,
            agents=self.agents,
            load=self.load,
            places=int(self.places) if math.isfinite(self.places) else None,
            talk=Exponential(mean=self.talk),
        )
        patience = Exponential(mean=self.patience) if math.isfinite(self.patience) else None
        return replace(
            made,
            shifts=tuple(replace(shift, end=1e10) for shift in made.shifts),
            callers=tuple(replace(callers, patience=patience) for callers in made.callers),
        )


TALK = 240.0
THEORY = tuple(
    Case(name=f"M/M/{agents}{'+M' if patience else ''}", agents=agents, load=load, talk=TALK, patience=wait)
    for agents, endless, impatient in ((5, 4.0, 5.0), (20, 17.0, 20.0), (100, 95.0, 100.0), (300, 291.0, 315.0))
    for load, patience, wait in ((endless, False, math.inf), (impatient, True, 2 * TALK))
)
"""Erlang C below the agents' number, Erlang A at it and above."""


def wallace_whitt(skills: int, routing: str) -> Case:
    """Six types, 90 agents, 30 places, talks of 10 min, 84 Erlang."""
    return Case(
        name=f"k={skills} {routing}",
        agents=90,
        load=84.0,
        talk=600.0,
        places=30,
        types=6,
        skills=skills,
        routing=routing,
    )


class Batch(NamedTuple):
    """FIGURES of one batch, and the controls that saw the same callers."""

    figures: Mapping[str, float]
    controls: Sequence[float]


class Portion(NamedTuple):
    """So many ``batches`` of ``arrivals`` each (expected), after a warm-up, from one seed."""

    case: Case
    seed: int
    batches: int
    arrivals: int


def run(portion: Portion) -> list[Batch]:
    """One portion, in the process that is asked."""
    case = portion.case
    scenario, controls = case.scenario(), _controls(case)
    random = Random(portion.seed)
    world = World(scenario, ROUTINGS[case.routing], seen_by(offers(scenario.callers, random), controls), random)
    start, each = WARM_UP_TALKS * case.talk, portion.arrivals * case.talk / case.load
    world.run(start)
    batches = []
    for number in range(portion.batches):
        for queue in controls:
            queue.begin_batch()
        tallies = world.run(start + each * (number + 1)).tallies.values()
        batches.append(Batch(_figures(tallies), [figure for queue in controls for figure in queue.figures()]))
    return batches


def _controls(case: Case) -> list[PlainQueue]:
    """Pools of one and two agents more: close enough to move with the case, and never the case itself."""
    return [PlainQueue(case.agents + more, case.places) for more in (1, 2)]


def intervals(case: Case, batches: Sequence[Batch]) -> dict[str, Interval]:
    """FIGURES with their 95 % intervals."""
    known = [figure for queue in _controls(case) for figure in queue.expected(case.load, case.talk, case.patience)]
    controls = [batch.controls for batch in batches]
    return {figure: controlled([batch.figures[figure] for batch in batches], controls, known) for figure in FIGURES}


def _figures(queues: Collection[Tally]) -> dict[str, float]:
    offered, lost = sum(queue.offered for queue in queues), sum(queue.lost for queue in queues)
    answered = [wait for queue in queues for wait in queue.answered]
    hung_up = [wait for queue in queues for wait in queue.hung_up]
    ended = len(answered) + len(hung_up)
    return {
        "lost": lost / (offered + lost),
        "waited": (sum(map(bool, answered)) + len(hung_up)) / ended,
        "mean_wait": (sum(answered) + sum(hung_up)) / 1e6 / ended,
        "abandoned": len(hung_up) / ended,
        **{f"within_{target}_s": sum(wait <= target * 1e6 for wait in answered) / ended for target in TARGETS},
    }
