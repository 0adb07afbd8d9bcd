"""How far off is the wait that we announce? Ours beside QLm with the true rates, head-of-line and last-served.

What is estimated is the potential wait: how long the caller would wait with endless patience, so that giving up bends
nothing. All estimators are held against the same waits, of a sample of those who come when nobody is free for them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from math import sqrt
from random import Random
from statistics import fmean

from benchmarks.estimate.cases import CASES, Case
from benchmarks.estimate.centre import Ghost, Play

Row = dict[str, float | None]

OTHERS = ("over_qlm", "over_hol", "over_last_served")
COLUMNS = ("waits", "mean_wait", "bias", "rms_error", *OTHERS, "under_p50", "under_p90")
AFTER = ", after"
"""Ends the name of a row of those who came after a step."""


def figures(ghosts: list[Ghost], exact: bool) -> Row:
    """Mean squared errors as ratios, ours over each other's, and the shares of waits under what we have said."""
    told = [(ghost, ghost.wait) for ghost in ghosts if ghost.wait is not None]
    ours = fmean((ghost.ours.mean - wait) ** 2 for ghost, wait in told)
    qlm = ours / fmean((ghost.qlm - wait) ** 2 for ghost, wait in told)
    return {
        "waits": len(told),
        "mean_wait": fmean(wait for _, wait in told),
        "bias": fmean(ghost.ours.mean - wait for ghost, wait in told),
        "rms_error": sqrt(ours),
        "over_qlm": qlm if exact else None,
        "over_hol": ours / fmean((ghost.hol - wait) ** 2 for ghost, wait in told),
        "over_last_served": ours / fmean((ghost.last_served - wait) ** 2 for ghost, wait in told),
        "under_p50": fmean(wait <= ghost.ours.p50 for ghost, wait in told),
        "under_p90": fmean(wait <= ghost.ours.p90 for ghost, wait in told),
    }


def measured(case: Case, arrivals: int, seeds: list[int], every: int) -> Iterator[tuple[str, Row]]:
    """The rows of a case, by name: all announcements and, where there are steps, those after a step."""
    ghosts: list[Ghost] = []
    for seed in seeds:
        print(f"{case.name}, seed {seed} ...", file=sys.stderr, flush=True)
        ghosts += Play(case, Random(seed), every).run(arrivals)
    yield case.name, figures(ghosts, case.exact)
    if case.steps:
        yield case.name + AFTER, figures([ghost for ghost in ghosts if ghost.after_step], exact=True)


def summary(rows: dict[str, Row]) -> dict[str, object]:
    """The worst of each aim, of the cases that have one.

    Before a step nobody can know of it: of the case with steps only those count who came after one.
    """
    aimed = {case.name + AFTER * bool(case.steps) for case in CASES if case.aimed}
    counted = {name: row for name, row in rows.items() if name in aimed}
    steady = {name: row for name, row in counted.items() if not name.endswith(AFTER)}
    shares = [row["under_p90"] or 0 for row in counted.values()]
    return {
        "entry": "estimate",
        "mse_over_qlm": max(row["over_qlm"] or 0 for row in steady.values()),
        "mse_over_last_served": max(row["over_last_served"] or 0 for row in counted.values()),
        "worst_after_step": max(rows[name][other] or 0 for name in counted.keys() - steady.keys() for other in OTHERS),
        "share_under_p90": max(shares, key=lambda share: abs(share - 0.9)),
        "cases": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arrivals", type=int, default=150_000, help="in each run (default: %(default)s)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="a run of each case for each")
    parser.add_argument("--every", type=int, default=5, help="one in so many callers who must wait has a ghost")
    asked = parser.parse_args()
    print(f"{'':<26}" + "".join(f"{column:>17}" for column in COLUMNS))
    rows: dict[str, Row] = {}
    for case in CASES:
        for name, row in measured(case, asked.arrivals, asked.seeds, asked.every):
            rows[name] = {key: None if value is None else round(value, 3) for key, value in row.items()}
            cells = ("-" if value is None else f"{value:g}" for value in rows[name].values())
            print(f"{name:<26}" + "".join(f"{cell:>17}" for cell in cells), flush=True)
    print(json.dumps(summary(rows)))


if __name__ == "__main__":
    main()
