"""Are the controls of the routing benchmark what theory says they are? Else they would pull its figures aside."""

from __future__ import annotations

import math
from itertools import takewhile
from random import Random

import pytest

from benchmarks.routing_quality.cases import Portion, intervals, run, wallace_whitt
from benchmarks.routing_quality.plain_queue import PlainQueue
from simulation.arrivals import offers
from simulation.draws import Exponential
from simulation.scenario import SECOND, Callers, Poisson


@pytest.mark.parametrize(("places", "patience"), [(math.inf, math.inf), (3, math.inf), (math.inf, 300.0)])
def test_a_plain_queue_is_that_of_theory(places: float, patience: float) -> None:
    """40,000 callers, talks of 240 s, 4 Erlang for 5 agents."""
    callers = Callers(
        queue="any",
        arrivals=Poisson(rates=((0, 60),)),
        talk=Exponential(mean=240),
        patience=Exponential(mean=patience) if math.isfinite(patience) else None,
    )
    queue = PlainQueue(5, places)
    for offer in takewhile(lambda offer: offer[0] < 40_000 * 60 * SECOND, offers([callers], Random(1))):
        queue.meet(offer)
    assert queue.figures() == pytest.approx(queue.expected(4.0, 240, patience), rel=0.06)


def test_a_batch_begins_with_who_is_there() -> None:
    queue = PlainQueue(1)
    queue.meet((0, 0, 100 * SECOND, None))
    queue.begin_batch()
    queue.meet((10 * SECOND, 0, 100 * SECOND, None))
    assert queue.figures() == [1.0, 90.0]


def test_a_small_portion_holds_the_pool() -> None:
    """k = 6, ten batches of 2,000: the controls bring the wait of the pool to within 15 %, twice the half width off."""
    case = wallace_whitt(6, "assistline")
    wait = intervals(case, run(Portion(case, seed=3, batches=10, arrivals=2000)))["mean_wait"]
    assert abs(wait.mean - case.theory().mean_wait) <= 2 * wait.half_width
    assert wait.relative < 0.15
