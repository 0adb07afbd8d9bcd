"""What does the simulated day look like? Callers, service level and people by half hour, as one PNG file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from simulation import tally as tallies
from simulation.replication import HALF_HOUR, Replication
from simulation.scenario import Scenario


def draw(scenario: Scenario, runs: Sequence[Replication], file: Path) -> None:
    """Means over the runs, three panels above each other."""
    slots = range(len(runs[0].spans))
    hours = [(scenario.warm_up + slot * HALF_HOUR) / 3600 for slot in slots]
    figure = Figure(figsize=(12, 9), layout="constrained")
    came, level, people = figure.subplots(3, 1, sharex=True)
    below = [0.0] * len(hours)
    for queue_id in {callers.queue: None for callers in scenario.callers}:
        served = [tallies.together(run.spans[slot].tallies[queue_id] for run in runs) for slot in slots]
        counts = [tally.came / len(runs) for tally in served]
        label = scenario.queues[queue_id].label
        came.bar(hours, counts, width=0.45, align="edge", bottom=below, label=label)
        below = [low + count for low, count in zip(below, counts, strict=True)]
        levels = [tally.service_level() for tally in served]
        known = [(hour, 100 * share) for hour, share in zip(hours, levels, strict=True) if share is not None]
        level.step([hour for hour, _ in known], [share for _, share in known], where="post", label=label)
    presence = [[spent for run in runs for spent in run.spans[slot].presence.values()] for slot in slots]
    for name, part in (("there", 0), ("ringing, talking, wrapping up", 1)):
        mean = [sum(spent[part] for spent in of_slot) / HALF_HOUR / len(runs) for of_slot in presence]
        people.step(hours, mean, where="post", label=name)
    came.set_ylabel("callers per half hour")
    level.set_ylabel("answered in target, %")
    level.set_ylim(0, 101)
    people.set_ylabel("agents")
    people.set_xlabel("hour")
    for panel in (came, level, people):
        panel.legend(loc="lower left" if panel is level else "upper left", fontsize="small", ncols=4)
        panel.grid(axis="y", alpha=0.3)
    figure.savefig(file)
