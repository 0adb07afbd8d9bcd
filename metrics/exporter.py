"""What do we tell Prometheus? Counters fed by events, gauges read from the engine when it asks.

Names begin with ``assistline_``, units are base units, labels are ids of the configuration or words of this code,
never a caller, a number or a call. ``observe`` runs on the call path, so its children are made beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from calls import events
from calls.call import CallState
from calls.commands import Command
from calls.events import (
    AgentAnswered,
    AgentNotReached,
    AlarmRaised,
    CallEnded,
    CallerQueued,
    CallStarted,
    CommandFailed,
    Event,
    FallbackEntered,
    LastResortEntered,
    SnapshotTaken,
    SwitchLost,
)
from metrics.agi import AgiMetrics
from metrics.labels import Children
from metrics.service_level import Figures
from metrics.standing import Standing, StandingCollector
from metrics.waits import CallResult, Ended, Journeys, Wait, WaitEnd

WAIT_BUCKETS = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0, 1800.0)
HANDLING_BUCKETS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0)

RING_RESULTS = {
    "NOANSWER": "no_answer",
    "BUSY": "busy",
    "CHANUNAVAIL": "unreachable",
    "CONGESTION": "unreachable",
    "REFUSED": "taken",
}
"""Asterisk's DIALSTATUS (and REFUSED: the agent had a call already) in our words; the other results are events."""

FALLBACK_REASONS = ("stale", "unseen", "no-queue")
COMMANDS = tuple(command.__name__ for command in Command.__subclasses__())
EVENTS = tuple(name for name, value in vars(events).items() if isinstance(value, type) and issubclass(value, Event))


def wait_buckets(targets: Iterable[float]) -> tuple[float, ...]:
    """Upper bounds in seconds of the wait histogram; every queue's target is one, so its service level is exact."""
    return tuple(sorted({*WAIT_BUCKETS, *targets}))


class Exporter:
    """One process's metrics. ``targets`` maps queue ids to seconds; ended waits go to ``figures`` too."""

    def __init__(
        self,
        *,
        lines: Collection[str],
        targets: Mapping[str, float],
        languages: Collection[str],
        nodes: Collection[str],
        figures: Figures,
        version: str,
    ) -> None:
        disable_created_metrics()
        self.registry = CollectorRegistry()
        self.agi = AgiMetrics(self.registry)
        self._journeys = Journeys()
        self._figures = figures
        self._targets = dict(targets)
        self._make_call_metrics(lines, languages)
        self._make_wait_metrics()
        self._make_switch_metrics(nodes)
        Gauge("assistline_build_info", "1; the label tells the version", ["version"], registry=self.registry).labels(
            version
        ).set(1)

    def _make_call_metrics(self, lines: Collection[str], languages: Collection[str]) -> None:
        results = dict.fromkeys([*RING_RESULTS.values(), "answered", "caller_left"])
        self._calls_started = Children(self._counter("calls_started", "Calls that entered a line", "line"), lines)
        self._calls_ended = Children(
            self._counter("calls_ended", "Calls that ended, by what they came to", "line", "result"),
            lines,
            list(CallResult),
        )
        self._queued = Children(
            self._counter("callers_queued", "Entries into the waiting room", "queue", "lang"), self._targets, languages
        )
        self._rings = Children(self._counter("rings", "Rings of an agent by result", "result"), results)
        self._fallback = Children(
            self._counter("fallback_entries", "Callers whom the dialplan took from us", "reason"), FALLBACK_REASONS
        )
        self._last_resort = self._counter("last_resort_entries", "Callers for whom nobody could be rung")
        self._alarms = Children(
            self._counter("alarms_raised", "Emergency callers who left while waiting", "queue"), self._targets
        )

    def _make_wait_metrics(self) -> None:
        self._waits_ended = Children(
            self._counter("waits_ended", "Waits by their end", "queue", "result"), self._targets, list(WaitEnd)
        )
        self._wait_seconds = Children(
            Histogram(
                "assistline_wait_seconds",
                "Seconds from entering the queue until an agent answered or the caller left it",
                ["queue", "result"],
                buckets=wait_buckets(self._targets.values()),
                registry=self.registry,
            ),
            self._targets,
            ("answered", "left"),
        )
        self._level_waits = Children(
            self._counter("service_level_waits", "Waits that count in the service level", "queue"), self._targets
        )
        self._good_waits = Children(
            self._counter("service_level_good_waits", "Of those, answered within the target", "queue"), self._targets
        )

    def _make_switch_metrics(self, nodes: Collection[str]) -> None:
        self._link_up = Children(self._gauge("ami_link_up", "1 while AMI is connected and looked at", "node"), nodes)
        self._reconnects = Children(self._counter("ami_reconnects", "Links lost and got back", "node"), nodes)
        self._lost_links: set[str] = set()
        self._commands_failed = Children(
            self._counter("commands_failed", "Commands that Asterisk did not carry out", "command"), COMMANDS
        )
        self._handler_faults = Children(
            self._counter("event_handler_faults", "Events whose handler raised", "event"), EVENTS
        )
        self._mirror_failures = self._counter("mirror_failures", "Writes to the Redis mirror that failed")
        self._handling = Histogram(
            "assistline_event_handling_seconds",
            "The engine's time for one event",
            buckets=HANDLING_BUCKETS,
            registry=self.registry,
        )

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(f"assistline_{name}", documentation, labels, registry=self.registry)

    def _gauge(self, name: str, documentation: str, *labels: str) -> Gauge:
        return Gauge(f"assistline_{name}", documentation, labels, registry=self.registry)

    def adopt(self, lines: Collection[str], targets: Mapping[str, float], languages: Collection[str]) -> None:
        """Count for these too from now on. A new target becomes a bucket of the wait histogram at the next start."""
        self._targets |= targets
        self._calls_started.allow(lines)
        self._calls_ended.allow(lines, list(CallResult))
        self._queued.allow(targets, languages)
        self._waits_ended.allow(targets, list(WaitEnd))
        self._wait_seconds.allow(targets, ("answered", "left"))
        for by_queue in (self._alarms, self._level_waits, self._good_waits):
            by_queue.allow(targets)

    def watch(self, standing: Callable[[], Standing]) -> None:
        """From now on each exposition asks ``standing`` how things stand; it runs on the event loop."""
        self.registry.register(StandingCollector(standing))

    def observe(self, event: Event) -> None:
        """Count one event; to be told each event once, in order."""
        step = STEPS.get(type(event))
        if step is not None:
            step(self, event)
        for outcome in self._journeys.observe(event):
            if isinstance(outcome, Wait):
                self._wait_ended(outcome)
            else:
                self._call_ended(outcome)

    def handled(self, seconds: float) -> None:
        """The engine took so long for one event."""
        self._handling.observe(seconds)

    def handler_failed(self, event: Event) -> None:
        """The engine's handler of this event raised."""
        self._handler_faults[(type(event).__name__,)].inc()

    def mirror_failed(self) -> None:
        """The Redis mirror could not be written."""
        self._mirror_failures.inc()

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text form (0.0.4); on the event loop, about 4 µs a line."""
        return generate_latest(self.registry)

    def _wait_ended(self, wait: Wait) -> None:
        self._figures.add(wait)
        self._waits_ended[wait.queue, wait.end].inc()
        if wait.end is WaitEnd.UNSEEN:
            return
        answered = wait.end is WaitEnd.ANSWERED
        self._wait_seconds[wait.queue, "answered" if answered else "left"].observe(wait.seconds)
        self._level_waits[(wait.queue,)].inc()
        if answered and wait.seconds <= self._targets.get(wait.queue, 0.0):
            self._good_waits[(wait.queue,)].inc()

    def _call_ended(self, ended: Ended) -> None:
        self._calls_ended[ended.line, ended.result].inc()

    def _on_started(self, event: CallStarted) -> None:
        self._calls_started[(event.line,)].inc()

    def _on_queued(self, event: CallerQueued) -> None:
        self._queued[event.queue, event.lang].inc()

    def _on_answered(self, event: AgentAnswered) -> None:
        self._rings[("answered",)].inc()

    def _on_not_reached(self, event: AgentNotReached) -> None:
        self._rings[(RING_RESULTS.get(event.dial_status, ""),)].inc()

    def _on_ended(self, event: CallEnded) -> None:
        if event.state is CallState.RINGING:
            self._rings[("caller_left",)].inc()

    def _on_fallback(self, event: FallbackEntered) -> None:
        self._fallback[(event.reason,)].inc()

    def _on_last_resort(self, event: LastResortEntered) -> None:
        self._last_resort.inc()

    def _on_alarm(self, event: AlarmRaised) -> None:
        self._alarms[(event.queue,)].inc()

    def _on_command_failed(self, event: CommandFailed) -> None:
        self._commands_failed[(event.command,)].inc()

    def _on_switch_lost(self, event: SwitchLost) -> None:
        self._lost_links.add(event.node)
        self._link_up[(event.node,)].set(0)

    def _on_snapshot(self, event: SnapshotTaken) -> None:
        """The link counts as up only once Asterisk has been looked at; snapshots also come on a healthy link."""
        self._link_up[(event.node,)].set(1)
        if event.node in self._lost_links:
            self._lost_links.discard(event.node)
            self._reconnects[(event.node,)].inc()


STEPS: Mapping[type[Event], Callable[[Exporter, Any], None]] = {
    AgentAnswered: Exporter._on_answered,
    AgentNotReached: Exporter._on_not_reached,
    AlarmRaised: Exporter._on_alarm,
    CallEnded: Exporter._on_ended,
    CallStarted: Exporter._on_started,
    CallerQueued: Exporter._on_queued,
    CommandFailed: Exporter._on_command_failed,
    FallbackEntered: Exporter._on_fallback,
    LastResortEntered: Exporter._on_last_resort,
    SnapshotTaken: Exporter._on_snapshot,
    SwitchLost: Exporter._on_switch_lost,
}
