"""Do callers come as often as their rates say, the same for the same seed, and talk as long as they should?"""

from __future__ import annotations

import math
from itertools import islice, takewhile
from random import Random

import pytest

from simulation.arrivals import Offer, offers, poisson
from simulation.draws import Duration, Empirical, Exponential, Fixed, LogNormal
from simulation.scenario import SECOND, Callers, Poisson, Recorded


def hourly(*rates: tuple[float, float], hours: int, seed: int = 1) -> list[int]:
    """How many came in each hour."""
    counts = [0] * hours
    for at in takewhile(lambda at: at < hours * 3600, poisson(rates, Random(seed))):
        counts[int(at // 3600)] += 1
    return counts


def test_callers_come_as_often_as_each_hour_says() -> None:
    """Within four standard deviations of Poisson counts; nobody in an hour of rate 0."""
    counts = hourly((0, 900), (3600, 0), (7200, 3600), (3 * 3600, 100), hours=4)
    for count, rate in zip(counts, (900, 0, 3600, 100), strict=True):
        assert abs(count - rate) <= 4 * math.sqrt(rate)


def test_counts_of_a_steady_stream_scatter_as_poissons_do() -> None:
    """The variance of hourly counts is their mean: 400 hours give it within 30 %."""
    counts = hourly((0, 50), hours=400)
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / (len(counts) - 1)
    assert 0.7 < variance / mean < 1.3


def test_a_stream_that_ends_with_rate_0_ends() -> None:
    assert len(list(poisson([(0, 100), (3600, 0)], Random(1)))) > 50


@pytest.mark.parametrize(
    "duration",
    [
        Fixed(seconds=240),
        Exponential(mean=240),
        LogNormal(mean=240, deviation=300),
        Empirical(seconds=(60, 120, 540)),
    ],
)
def test_durations_have_their_mean(duration: Duration) -> None:
    draw = duration.drawn_from(Random(5))
    drawn = [draw() for _ in range(40_000)]
    assert math.fsum(drawn) / len(drawn) == pytest.approx(240, rel=0.04)
    assert duration.mean == pytest.approx(240)


def test_a_log_normal_has_its_deviation() -> None:
    draw = LogNormal(mean=240, deviation=120).drawn_from(Random(5))
    drawn = [draw() for _ in range(40_000)]
    assert math.sqrt(math.fsum((x - 240) ** 2 for x in drawn) / len(drawn)) == pytest.approx(120, rel=0.05)


def stream(queue: str, per_hour: float, talk: float = 60) -> Callers:
    return Callers(queue=queue, arrivals=Poisson(rates=((0, per_hour),)), talk=Exponential(mean=talk))


def first(count: int, *callers: Callers, seed: int = 1) -> list[Offer]:
    return list(islice(offers(callers, Random(seed)), count))


def test_streams_are_merged_in_order_and_repeat_with_their_seed() -> None:
    streams = (stream("a", 100), stream("b", 300))
    both = first(200, *streams)
    assert both == sorted(both)
    assert {index for _, index, _, _ in both} == {0, 1}
    assert first(200, *streams) == both != first(200, *streams, seed=2)


def test_one_stream_does_not_change_when_another_grows() -> None:
    """Common random numbers: what is compared meets the same people."""
    few = [offer for offer in first(400, stream("a", 100), stream("b", 100)) if offer[1] == 0][:50]
    many = [offer for offer in first(4000, stream("a", 100), stream("b", 900)) if offer[1] == 0][:50]
    assert few == many


def test_past_calls_come_again_with_their_own_talks() -> None:
    past = Callers(queue="a", arrivals=Recorded(calls=((1.5, 30.0), (2.0, None))), talk=Fixed(seconds=7))
    assert first(9, past) == [(3 * SECOND // 2, 0, 30 * SECOND, None), (2 * SECOND, 0, 7 * SECOND, None)]


def test_patience_is_drawn_for_those_who_have_it() -> None:
    group = Callers(queue="a", arrivals=Poisson(rates=((0, 60),)), talk=Fixed(seconds=7), patience=Fixed(seconds=9))
    assert {patience for *_, patience in first(20, group)} == {9 * SECOND}
