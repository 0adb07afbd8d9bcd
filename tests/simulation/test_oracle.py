"""Do the closed forms agree with pyworkforce, with published figures, and with each other?"""

from __future__ import annotations

import math

import pytest
from pyworkforce.queuing import ErlangC

from simulation.oracle import Theory, served_within, steady_state


@pytest.mark.parametrize(("agents", "load"), [(5, 4.0), (20, 17.0), (100, 93.0), (300, 288.0)])
def test_erlang_c_is_that_of_pyworkforce(agents: int, load: float) -> None:
    """240 s of talk; callers of one hour, promised 20 s."""
    theirs = ErlangC(transactions=load * 15, aht=4.0, asa=20 / 60, interval=60)
    ours = steady_state(load / 240, 240, agents)
    assert ours.waited == pytest.approx(theirs.waiting_probability(agents), rel=1e-9)
    assert ours.occupancy == pytest.approx(theirs.achieved_occupancy(agents), rel=1e-9)
    assert served_within(20, load / 240, 240, agents) == pytest.approx(theirs.service_level(agents), rel=1e-9)


def test_one_agent_and_endless_patience_is_the_queue_of_the_textbook() -> None:
    """M/M/1 at load 0.8: P(wait) = 0.8, mean wait = 0.8 / 0.2 talks."""
    theory = steady_state(0.8, 1.0, 1)
    assert (theory.waited, theory.mean_wait) == (pytest.approx(0.8), pytest.approx(4.0))


def test_no_place_to_wait_is_erlang_b() -> None:
    """10 Erlang on 10 lines: 21.46 % lost, as tables have it."""
    assert steady_state(10.0, 1.0, 10, places=0).lost == pytest.approx(0.21458, abs=5e-6)


def test_the_pool_of_wallace_and_whitt() -> None:
    """M/M/90/30, 84 Erlang, talks of 10 min: the wait and its probability are of those who are not lost."""
    theory = steady_state(8.4, 10.0, 90, places=30)
    assert theory.lost == pytest.approx(0.003643, abs=5e-7)
    assert theory.waited == pytest.approx(0.3797, abs=5e-5)
    assert theory.mean_wait == pytest.approx(0.4500, abs=5e-5)


def test_erlang_c_and_a_are_the_published_example() -> None:
    """Garnett, Mandelbaum, Reiman 2002 (M&SOM 4:208-227), table 1: 50 agents, 48 callers a minute, talks of 1 min.

    Without abandonment a mean wait of 20.8 s and 96 % occupancy; with a mean patience of 2 min 3.7 s and 93 %, and
    3.1 % hang up.
    """
    endless, patient = steady_state(48.0, 1.0, 50), steady_state(48.0, 1.0, 50, patience=2.0)
    assert (round(60 * endless.mean_wait, 1), round(endless.occupancy, 2)) == (20.8, 0.96)
    assert (round(60 * patient.mean_wait, 1), round(patient.occupancy, 2)) == (3.7, 0.93)
    assert round(patient.abandoned, 3) == 0.031


@pytest.mark.parametrize(("agents", "load"), [(5, 6.0), (20, 18.0), (100, 100.0), (300, 330.0)])
def test_erlang_a_by_states_and_by_its_integral_agree(agents: int, load: float) -> None:
    """Whoever has not hung up is served at last: the integral up to a late target is 1 less those who abandon."""
    theory = steady_state(load, 1.0, agents, patience=0.5)
    late = served_within(60.0, load, 1.0, agents, patience=0.5)
    assert late == pytest.approx(1 - theory.abandoned, rel=1e-7)


def test_erlang_a_with_great_patience_is_erlang_c() -> None:
    """At patience of a million talks nobody leaves."""
    patient, endless = steady_state(18.0, 1.0, 20, patience=1e6), steady_state(18.0, 1.0, 20)
    assert patient.mean_wait == pytest.approx(endless.mean_wait, rel=1e-3)
    assert served_within(0.1, 18.0, 1.0, 20, patience=1e6) == pytest.approx(served_within(0.1, 18.0, 1.0, 20), rel=1e-3)


def test_equal_rates_of_talk_and_patience_make_a_poisson_number_of_callers() -> None:
    """M/M/n+M with patience = talk is M/M/infinity: P(wait) = P(Poisson(load) >= n), wherever n is."""
    load, agents = 30.0, 32
    fewer = math.fsum(math.exp(-load + k * math.log(load) - math.lgamma(k + 1)) for k in range(agents))
    assert steady_state(load, 1.0, agents, patience=1.0).waited == pytest.approx(1 - fewer, rel=1e-9)


def test_a_queue_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="grows without an end"):
        steady_state(5.0, 1.0, 5)


def test_nothing_to_do_is_no_wait() -> None:
    theory = steady_state(1e-9, 1.0, 3, places=4)
    assert theory == Theory(lost=0.0, waited=0.0, mean_wait=0.0, abandoned=0.0, occupancy=pytest.approx(0, abs=1e-8))
