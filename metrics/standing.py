"""How do things stand at this moment? Figures that are read from the engine's memory when Prometheus asks.

Nothing is counted on the way, so these cannot drift from the truth; a scrape costs one walk over calls and agents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryStanding:
    """Events ``stored`` in the database, written to the ``spool`` file, and ``lost`` since the start of the process;
    ``lag_seconds`` is the age of the oldest event that is not yet in the database."""

    stored: int = 0
    spooled: int = 0
    lost: int = 0
    lag_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Now. Keys are queue ids, states and nodes as configured; longest waits are seconds, 0 for an empty queue.

    ``callbacks`` are open, by queue; ``menus`` have ended since the process began, by outcome.
    """

    waiting: Mapping[str, int] = field(default_factory=dict)
    longest_wait: Mapping[str, float] = field(default_factory=dict)
    alarms: Mapping[str, int] = field(default_factory=dict)
    agents: Mapping[str, int] = field(default_factory=dict)
    calls: Mapping[str, int] = field(default_factory=dict)
    callbacks: Mapping[str, int] = field(default_factory=dict)
    menus: Mapping[str, int] = field(default_factory=dict)
    inbox_depth: int = 0
    history: HistoryStanding = HistoryStanding()


class StandingCollector(Collector):
    """Turns what ``standing`` returns into gauges, each time the registry is read."""

    def __init__(self, standing: Callable[[], Standing]) -> None:
        self._standing = standing

    def describe(self) -> Iterator[Metric]:
        """Named without a look at the engine, which need not exist yet when this is registered."""
        return _families(Standing())

    def collect(self) -> Iterator[Metric]:
        return _families(self._standing())


def _families(now: Standing) -> Iterator[Metric]:
    yield _gauge("queue_waiting_callers", "Callers who wait now, in the fallback too", "queue", now.waiting)
    yield _gauge("queue_longest_wait_seconds", "Wait of whoever waits longest now", "queue", now.longest_wait)
    yield _gauge("alarms_open", "Abandoned emergency calls nobody has rung back yet", "queue", now.alarms)
    yield _gauge("agents", "People by what they are doing now", "state", now.agents)
    yield _gauge("calls", "Calls in progress by where they are", "state", now.calls)
    yield _gauge("callbacks_open", "Promises to ring back nobody has kept yet", "queue", now.callbacks)
    menus = CounterMetricFamily("assistline_menus_ended", "Menus by what they came to", labels=["outcome"])
    for outcome, count in now.menus.items():
        menus.add_metric([outcome], count)
    yield menus
    yield GaugeMetricFamily("assistline_inbox_depth", "Events the engine has not handled yet", value=now.inbox_depth)
    history = now.history
    yield CounterMetricFamily("assistline_history_stored", "Events written to the database", value=history.stored)
    yield CounterMetricFamily("assistline_history_spooled", "Events spooled to the disk", value=history.spooled)
    yield CounterMetricFamily("assistline_history_lost", "Events that could not be kept", value=history.lost)
    yield GaugeMetricFamily(
        "assistline_history_lag_seconds", "Age of the oldest event not in the database", value=history.lag_seconds
    )


def _gauge(name: str, documentation: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"assistline_{name}", documentation, labels=[label])
    for value, figure in values.items():
        family.add_metric([value], figure)
    return family
