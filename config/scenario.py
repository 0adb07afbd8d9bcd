"""Is this file a scenario, and which? People, callers and hours of a day that shall be simulated."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from config import located
from config.errors import ConfigurationFaults
from config.load import load
from config.located import Located, Way
from config.model import Configuration
from config.validation import instead, levels, validated
from simulation.cross_training import cross_trained
from simulation.draws import Duration, Empirical
from simulation.penalties import ROUTINGS
from simulation.scenario import Callers, Poisson, Recorded, Scenario, Shift

HOUR = 3600
CLOCK = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])")
Drawn = Annotated[Duration, Field(discriminator="kind")]
Positive = Annotated[float, Field(gt=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A scenario, and by which of ``penalties.ROUTINGS`` its calls are routed."""

    scenario: Scenario
    routing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossTraining:
    """As written: arguments of ``cross_trained``; ``load`` in Erlang, ``skills`` of each agent."""

    skills: Annotated[int, Field(ge=1)]
    types: Annotated[int, Field(ge=1, le=100)] = 6
    agents: Annotated[int, Field(ge=1, le=10_000)] = 90
    load: Positive = 84.0
    places: Annotated[int, Field(ge=0)] | None = 30
    talk: Drawn | None = None
    target_seconds: Positive = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenCallers:
    """As written: ``per_hour`` from each time of day on, or the past calls of this queue in the file ``recorded``."""

    queue: str
    talk: Drawn
    per_hour: Mapping[str, Annotated[float, Field(ge=0)]] = field(default_factory=dict)
    recorded: str | None = None
    needs: tuple[tuple[str, int], ...] = ()
    patience: Drawn | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenScenario:
    """As written: queues and people of the configuration ``centre``, or a model of ``cross_training``."""

    hours: Positive = 24.0
    warm_up_hours: Annotated[float, Field(ge=0)] = 0.0
    routing: str = "assistline"
    centre: str | None = None
    cross_training: CrossTraining | None = None
    callers: Mapping[str, WrittenCallers] = field(default_factory=dict)
    shifts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    places: Annotated[int, Field(ge=0)] | None = None
    pick_up: Drawn | None = None


def load_scenario(path: Path) -> Study:
    """The scenario in this file; raises ConfigurationFaults with every fault, its line and reason."""
    read = located.read(path)
    if read.values is None:
        raise ConfigurationFaults(read.faults)
    raw = dict(read.values)
    groups = raw.get("callers")
    if isinstance(groups, dict):
        raw["callers"] = {name: _with_needs(read, group, ("callers", name)) for name, group in groups.items()}
    written = validated(WrittenScenario, raw, (), read)
    scenario = _scenario(read, written) if written is not None else None
    if read.faults or scenario is None:
        raise ConfigurationFaults(read.faults)
    return Study(scenario=scenario, routing=written.routing)


def _with_needs(read: Located, group: Any, way: Way) -> Any:
    if not isinstance(group, dict) or "needs" not in group:
        return group
    return {**group, "needs": levels(read, group["needs"], (*way, "needs"))}


def _scenario(read: Located, written: WrittenScenario) -> Scenario | None:
    if written.routing not in ROUTINGS:
        read.fault(("routing",), f"must be one of {', '.join(ROUTINGS)} (is {written.routing!r})")
    if (written.centre is None) == (written.cross_training is None):
        read.fault((), "must have either a centre (a configuration) or cross_training (a model)")
        return None
    if written.cross_training is not None:
        return _of_model(read, written, written.cross_training)
    return _of_centre(read, written, read.file.parent / str(written.centre))


def _of_model(read: Located, written: WrittenScenario, model: CrossTraining) -> Scenario | None:
    for name in ("callers", "shifts", "places", "pick_up"):
        if getattr(written, name):
            read.fault((name,), "is of no use with cross_training, which has its own: take it out")
    _takes_time(read, model.talk, ("cross_training", "talk"))
    if read.faults:
        return None
    if model.skills > model.types:
        read.fault(("cross_training", "skills"), f"must be at most {model.types}, the number of types")
        return None
    made = cross_trained(
        skills=model.skills,
        types=model.types,
        agents=model.agents,
        load=model.load,
        places=model.places,
        talk=model.talk,
        target_seconds=model.target_seconds,
        seconds=written.hours * HOUR,
    )
    return replace(made, warm_up=written.warm_up_hours * HOUR)


def _of_centre(read: Located, written: WrittenScenario, path: Path) -> Scenario | None:
    try:
        centre = load(path)
    except ConfigurationFaults as faults:
        read.faults.extend(faults.faults)
        return None
    if not written.callers:
        read.fault(("callers",), "must name at least one group of callers")
    _takes_time(read, written.pick_up, ("pick_up",))
    return Scenario(
        seconds=written.hours * HOUR,
        warm_up=written.warm_up_hours * HOUR,
        queues=centre.queues,
        agents=centre.agents,
        shifts=_shifts(read, written, centre),
        callers=tuple(_callers(read, ("callers", name), group, centre) for name, group in written.callers.items()),
        places=written.places,
        pick_up=written.pick_up,
    )


def _shifts(read: Located, written: WrittenScenario, centre: Configuration) -> tuple[Shift, ...]:
    """As written; on a second day the same ones come again."""
    found = []
    for agent_id, spans in written.shifts.items():
        if agent_id not in centre.agents:
            read.fault(("shifts", agent_id), f"is no agent of the centre{instead(agent_id, centre.agents)}")
        last = 0.0
        for index, span in enumerate(spans):
            start, _, end = span.partition("-")
            bounds = [_second(read, bound, ("shifts", agent_id, index)) for bound in (start, end)]
            if bounds[0] >= bounds[1]:
                read.fault(("shifts", agent_id, index), "must end after it begins: write 00:00-06:00 and 22:00-24:00")
            elif bounds[0] < last:
                read.fault(("shifts", agent_id, index), "begins before the one in front of it ends: put them in order")
            last = bounds[1]
            for day in range(int(-(-written.hours // 24))):
                shift = (day * 24 * HOUR + bound for bound in bounds)
                found.append(Shift(agent_id=agent_id, start=next(shift), end=next(shift)))
    return tuple(found)


def _callers(read: Located, way: Way, group: WrittenCallers, centre: Configuration) -> Callers:
    if group.queue not in centre.queues:
        read.fault((*way, "queue"), f"is no queue of the centre{instead(group.queue, centre.queues)}")
    if bool(group.per_hour) == bool(group.recorded):
        read.fault(way, "must have either per_hour or recorded")
    arrivals: Poisson | Recorded
    if group.recorded:
        arrivals = Recorded(calls=_past_calls(read, (*way, "recorded"), read.file.parent / group.recorded, group.queue))
    else:
        rates = {_second(read, at, (*way, "per_hour", at)): rate for at, rate in group.per_hour.items()}
        arrivals = Poisson(rates=tuple(sorted({0.0: 0.0, **rates}.items())))
    _takes_time(read, group.talk, (*way, "talk"))
    _takes_time(read, group.patience, (*way, "patience"))
    return Callers(queue=group.queue, arrivals=arrivals, talk=group.talk, needs=group.needs, patience=group.patience)


def _takes_time(read: Located, duration: Duration | None, way: Way) -> None:
    if isinstance(duration, Empirical) and not duration.seconds:
        read.fault((*way, "seconds"), "must hold at least one duration")
    elif duration is not None and duration.mean <= 0:
        read.fault(way, f"must last longer than 0 s on average (is {duration.mean:g})")


def _second(read: Located, text: str, way: Way) -> float:
    match = CLOCK.fullmatch(text)
    if match is None or text > "24:00":
        read.fault(way, f"is no time of day (is {text!r}): write 09:30")
        return 0.0
    return int(match[1]) * HOUR + int(match[2]) * 60.0


def _seconds(text: str) -> float:
    length = float(text)
    if not 0 <= length < math.inf:
        raise ValueError("a talk lasts some time")
    return length


def _past_calls(read: Located, way: Way, path: Path, queue: str) -> tuple[tuple[float, float | None], ...]:
    """Rows `at,queue,talk_seconds` of a CSV file; `at` as 2026-03-04T09:15:00, counted from its first midnight."""
    table = Located(path)
    found: list[tuple[datetime, float | None, str]] = []
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            for number, row in enumerate(csv.DictReader(lines), 1):
                try:
                    at, talk = datetime.fromisoformat(row["at"]), row["talk_seconds"]
                    found.append((at, _seconds(talk) if talk else None, row["queue"]))
                except (KeyError, TypeError, ValueError):
                    table.fault(
                        ("at",),
                        "is no call: write at,queue,talk_seconds in the first line and such values",
                        (number, 0),
                    )
    except (OSError, UnicodeDecodeError):
        read.fault(way, f"{path} cannot be read: give a CSV file with the columns at,queue,talk_seconds")
    read.faults.extend(table.faults)
    if not found:
        return ()
    midnight = min(at for at, *_ in found).replace(hour=0, minute=0, second=0, microsecond=0)
    found.sort(key=lambda row: row[0])
    return tuple(((at - midnight).total_seconds(), talk) for at, talk, of in found if of == queue)
