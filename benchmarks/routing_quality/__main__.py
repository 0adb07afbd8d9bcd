"""How well does the router serve? `make bench ENTRY=routing-quality`; benchmarks/README.md tells the method."""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pyworkforce.queuing import ErlangC

from benchmarks.routing_quality.cases import THEORY, Batch, Case, Portion, intervals, run, wallace_whitt
from benchmarks.routing_quality.other_simulator import simulated
from simulation.intervals import Interval, interval
from simulation.penalties import ROUTINGS

BATCH = 12_500
"""Expected arrivals of one batch: for 300 agents forty mean talks, long enough to forget the batch before."""

PORTION = 20
"""Batches from one seed."""

Found = Mapping[Case, Mapping[str, Interval]]


def main() -> None:
    """Measure all cases, print two tables and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arrivals", type=int, default=1_000_000, help="of each case against theory, at least")
    parser.add_argument("--cross-trained", type=int, default=1_750_000, help="of each case of Wallace and Whitt")
    parser.add_argument("--ciw", type=int, default=100_000, help="arrivals that Ciw simulates in each of two cases")
    parser.add_argument("--skills", type=int, nargs="+", default=[1, 2, 3, 4, 5, 6], help="k of Wallace and Whitt")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="a first look: a tenth of the arrivals")
    given = parser.parse_args()
    part = 0.1 if given.quick else 1.0
    crossed = [wallace_whitt(skills, routing) for skills in given.skills for routing in ROUTINGS]
    portions = [
        *_portions(crossed, int(given.cross_trained * part), given.seed),
        *_portions(THEORY, int(given.arrivals * part), given.seed),
    ]
    found = _measured(portions, given.processes)
    summary = _against_theory(found) | _ciw(int(given.ciw * part), given.seed) | _crossed(found, crossed)
    summary["worst_half_width"] = max(
        found.relative for figures in found.values() for name, found in figures.items() if found.mean
    )
    print(json.dumps({name: _rounded(value) for name, value in summary.items()}))


def _portions(cases: Sequence[Case], arrivals: int, seed: int) -> list[Portion]:
    """Portion by portion the same seeds for every case, so that all of them meet the same people."""
    count = max(1, math.ceil(arrivals / (PORTION * BATCH)))
    return [Portion(case, seed * 1000 + number, PORTION, BATCH) for number in range(count) for case in cases]


def _measured(portions: Sequence[Portion], processes: int) -> Found:
    batches: dict[Case, list[Batch]] = {}
    with multiprocessing.Pool(processes) as pool:
        for done, (portion, result) in enumerate(zip(portions, pool.imap(run, portions), strict=True), 1):
            batches.setdefault(portion.case, []).extend(result)
            print(f"\r{done}/{len(portions)} portions  {portion.case.name:20}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return {case: intervals(case, result) for case, result in batches.items()}


def _against_theory(found: Found) -> dict[str, Any]:
    print(f"{'case':10}{'load':>6}  {'figure':11}{'simulated':>11} {'95 %':>9} {'theory':>10} {'off':>6}  pyworkforce")
    offs = []
    for case in THEORY:
        theory, figures = case.theory(), found[case]
        second = _pyworkforce(case)
        for name in ("waited", "mean_wait", "abandoned")[: 3 if math.isfinite(case.patience) else 2]:
            exact, seen = getattr(theory, name), figures[name]
            offs.append(abs(seen.mean - exact) / seen.half_width)
            other = f"{second[name]:.5g}" if name in second else ""
            print(
                f"{case.name:10}{case.load:6.0f}  {name:11}{seen.mean:11.5g} {seen.relative:8.2%} {exact:10.5g}"
                f" {offs[-1]:6.2f}  {other}"
            )
    print("off: distance from theory in half widths; one in twenty may be past 1\n")
    return {"theory_inside": sum(off <= 1 for off in offs) / len(offs), "theory_worst_off": max(offs)}


def _pyworkforce(case: Case) -> dict[str, float]:
    """The second oracle knows Erlang C only; its mean wait follows from P(wait)."""
    if math.isfinite(case.patience):
        return {}
    waited = ErlangC(transactions=case.load, aht=case.talk, asa=20, interval=int(case.talk)).waiting_probability(
        case.agents
    )
    return {"waited": waited, "mean_wait": waited * case.talk / (case.agents - case.load)}


def _ciw(arrivals: int, seed: int) -> dict[str, Any]:
    """The two smallest cases once more, by a simulator that others wrote."""
    offs = []
    for case in THEORY[:2]:
        print(f"Ciw simulates {case.name}", file=sys.stderr, flush=True)
        theirs = simulated(
            agents=case.agents,
            load=case.load,
            talk=case.talk,
            patience=case.patience,
            batches=20,
            arrivals=max(500, arrivals // 20),
            seed=seed,
        )
        for name, samples in (("mean_wait", theirs.waits), ("abandoned", theirs.abandoned)):
            exact, seen = getattr(case.theory(), name), interval(samples)
            if exact:
                offs.append(abs(seen.mean - exact) / seen.half_width)
                print(
                    f"Ciw {case.name:8} {name:10}{seen.mean:11.5g} {seen.relative:8.2%} {exact:10.5g} {offs[-1]:6.2f}"
                )
    print()
    return {"ciw_worst_off": max(offs)}


def _crossed(found: Found, cases: Sequence[Case]) -> dict[str, Any]:
    pool = cases[0].theory()
    print("Wallace and Whitt: lost of all who came; P(wait), mean wait and service level of those who entered")
    print(f"{'':22}{'lost':>16}{'P(wait)':>17}{'mean wait, min':>18}{'/ pool':>8}{'in 20 s':>9}{'30 s':>7}{'120 s':>7}")
    print(f"{'exact pool':22}{pool.lost:9.4%}{'':7}{pool.waited:10.4f}{'':7}{pool.mean_wait / 60:11.4f}{'':7}{1:8.3f}")
    for case in cases:
        lost, waited, wait = (found[case][name] for name in ("lost", "waited", "mean_wait"))
        levels = "".join(
            f"{found[case][f'within_{target}_s'].mean:{width}.3f}" for target, width in ((20, 9), (30, 7), (120, 7))
        )
        print(
            f"{case.name:22}{lost.mean:9.4%} ±{lost.relative:4.1%}{waited.mean:10.4f} ±{waited.relative:4.1%}"
            f"{wait.mean / 60:11.4f} ±{wait.relative:4.1%}{wait.mean / pool.mean_wait:8.3f}{levels}"
        )
    return _verdicts(found)


def _verdicts(found: Found) -> dict[str, Any]:
    """The figures that the aims name, for those of the cases that were asked for."""
    summary: dict[str, Any] = {}
    for skills in (2, 3):
        if (ours := wallace_whitt(skills, "assistline")) in found:
            pool, wait = ours.theory().mean_wait, found[ours]["mean_wait"]
            summary[f"k{skills}_over_pool"] = wait.mean / pool
            summary[f"k{skills}_over_pool_high"] = wait.high / pool
            for routing in ROUTINGS:
                level = found[wallace_whitt(skills, routing)]["within_20_s"].mean
                summary[f"k{skills}_within_20_s_{routing.replace('-', '_')}"] = level
    if (whole := wallace_whitt(6, "assistline")) in found:
        pool = whole.theory()
        summary["k6_inside_interval"] = all(
            found[whole][name].holds(getattr(pool, name)) for name in ("lost", "waited", "mean_wait")
        )
        summary["k6_worst_half_width"] = max(found[whole][name].relative for name in ("lost", "waited", "mean_wait"))
    return summary


def _rounded(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
