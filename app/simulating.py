"""What would a day be like, and how many people does it take? `assistline simulate` and `assistline staff`."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from app.errors import AppFault
from config.scenario import Study, load_scenario
from simulation.intervals import Interval
from simulation.penalties import ROUTINGS
from simulation.replication import Replication, replicate, summary
from simulation.staffing import HalfHour, Rates, half_hours, staff_for

File = Annotated[Path, typer.Argument(help="a scenario, like those in config/sample/scenarios")]
Seed = Annotated[int, typer.Option(help="of the first run; the same seed gives the same figures")]
Processes = Annotated[int, typer.Option(min=1, help="how many run at the same time")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON instead of a table")]
T = TypeVar("T")
R = TypeVar("R")

CORES = os.cpu_count() or 1

COLUMNS = {
    "offered": "calls",
    "service_level": "in target",
    "mean_wait": "mean wait s",
    "p50_wait": "p50",
    "p90_wait": "p90",
    "p99_wait": "p99",
    "abandoned": "abandoned",
    "lost": "lost",
    "sent_away": "sent away",
    "occupancy": "occupancy",
}
SHARES = ("service_level", "abandoned", "lost", "sent_away", "occupancy")


def simulate(
    scenario: File,
    replications: Annotated[int, typer.Option(min=1, help="runs, each with a seed of its own")] = 10,
    seed: Seed = 1,
    processes: Processes = CORES,
    as_json: AsJson = False,
    plot: Annotated[Path | None, typer.Option(help="draw the mean day into this PNG file")] = None,
) -> None:
    """Run a scenario with the code that routes live calls; figures by queue, with 95 % intervals over the runs."""
    if plot is not None:
        _picture()  # says at once what is missing
    study = load_scenario(scenario)
    runs = _in_processes(partial(_one_run, study), range(seed, seed + replications), processes, "Simulating")
    figures = summary(study.scenario, runs)
    if as_json:
        shown = {queue: {name: _pair(found) for name, found in of.items()} for queue, of in figures.items()}
        typer.echo(json.dumps({"replications": replications, "seed": seed, "queues": shown}))
    else:
        table = Table("queue", *COLUMNS.values(), caption=f"± half of the 95 % interval over {replications} runs")
        for queue, of in figures.items():
            table.add_row(queue, *(_cell(name, of.get(name)) for name in COLUMNS))
        Console(width=None if Console().is_terminal else 160).print(table)
    if plot is not None:
        _picture()(study.scenario, runs, plot)


def staff(
    scenario: File,
    callers: Annotated[int, typer.Option(min=100, help="callers on whom each number of agents is tried")] = 4000,
    seed: Seed = 1,
    processes: Processes = CORES,
    as_json: AsJson = False,
) -> None:
    """How many agents, of the scenario's mix of people, keep every queue's target in each half hour."""
    study = load_scenario(scenario)
    starts = list(half_hours(study.scenario))
    asked = list(dict.fromkeys(rates for _, rates in starts))
    answers = _in_processes(partial(_one_crew, study, callers, seed), asked, processes, "Staffing")
    by_rates = dict(zip(asked, answers, strict=True))
    found = [replace(by_rates[rates], start=start) for start, rates in starts]
    if as_json:
        typer.echo(json.dumps([asdict(half_hour) for half_hour in found]))
        return
    table = Table("from", "load, Erlang", "agents by Erlang C", "agents", "lowest service level")
    for half_hour in found:
        lowest = min(half_hour.service_level.items(), key=lambda level: level[1], default=None)
        hours, minutes = divmod(int(half_hour.start) // 60, 60)
        table.add_row(
            f"{hours:02d}:{minutes:02d}",
            f"{half_hour.load:.2f}",
            str(half_hour.erlang),
            "not with this mix" if half_hour.agents is None else str(half_hour.agents),
            f"{lowest[1]:.1%} {lowest[0]}" if lowest else "",
        )
    Console().print(table)


def _one_run(study: Study, seed: int) -> Replication:
    return replicate(study.scenario, ROUTINGS[study.routing], seed)


def _one_crew(study: Study, callers: int, seed: int, rates: Rates) -> HalfHour:
    return staff_for(study.scenario, ROUTINGS[study.routing], rates, callers, seed)


def _in_processes(work: Callable[[T], R], tasks: Iterable[T], processes: int, title: str) -> list[R]:
    """The results in the order of the tasks; progress goes to stderr."""
    given = list(tasks)
    with multiprocessing.get_context("spawn").Pool(min(processes, len(given))) as pool:
        return list(track(pool.imap(work, given), title, total=len(given), console=Console(stderr=True)))


def _picture() -> Callable[[Any, Sequence[Replication], Path], None]:
    try:
        from app.picture import draw
    except ImportError:
        raise AppFault("--plot needs matplotlib: pip install 'assistline[plot]'") from None
    return draw


def _pair(found: Interval) -> dict[str, float | None]:
    return {"mean": found.mean, "half_width": found.half_width if found.half_width < float("inf") else None}


def _cell(name: str, found: Interval | None) -> str:
    if found is None:
        return ""
    mean, half = (100 * value if name in SHARES else value for value in (found.mean, found.half_width))
    unit = " %" if name in SHARES else ""
    return f"{mean:.1f}{unit}" + (f" ±{half:.1f}" if half < float("inf") else "")
