"""How do menu sessions fare? Plain numbers that the FastAGI server counts up, read when Prometheus asks.

A histogram of the library takes a lock that one event loop does not need; with ten commands a session, metrics were a
sixth of what a session costs us. A bisection and an addition take a quarter of that.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from metrics.labels import OTHER

OUTCOMES = ("done", "hangup", "late", "refused", "malformed", "failed", "cut")
REASONS = ("full", "closed", "late", "malformed", "stranger")
COMMANDS = ("EXEC", "GET VARIABLE", "GOSUB", "SET VARIABLE")
COMMAND_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0, 30.0)
BOUNDS = (*map(str, COMMAND_BUCKETS), "+Inf")


class AgiMetrics(Collector):
    """An observer in the shape that agi_scripts/server.py asks for. Names that are not listed here count as ``other``.

    A ``GOSUB`` lasts as long as its prompts and the caller's thinking; the other commands are Asterisk's own time.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._open = 0
        self._ended = dict.fromkeys((*OUTCOMES, OTHER), 0)
        self._turned_away = dict.fromkeys((*REASONS, OTHER), 0)
        self._answers = {command: [0.0] * (len(BOUNDS) + 1) for command in (*COMMANDS, OTHER)}  # and the sum behind
        self._other = self._answers[OTHER]
        registry.register(self)

    def session_started(self) -> None:
        self._open += 1

    def session_ended(self, outcome: str, seconds: float) -> None:
        self._open -= 1
        self._ended[outcome if outcome in self._ended else OTHER] += 1

    def command_answered(self, verb: str, seconds: float) -> None:
        counts = self._answers.get(verb, self._other)
        counts[bisect_left(COMMAND_BUCKETS, seconds)] += 1
        counts[-1] += seconds

    def turned_away(self, reason: str) -> None:
        self._turned_away[reason if reason in self._turned_away else OTHER] += 1

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("assistline_agi_sessions", "Menu sessions in progress", self._open)
        ended = CounterMetricFamily("assistline_agi_sessions_ended", "Menu sessions by result", labels=["result"])
        for outcome, count in self._ended.items():
            ended.add_metric([outcome], count)
        yield ended
        away = CounterMetricFamily("assistline_agi_turned_away", "Connections without a session", labels=["reason"])
        for reason, count in self._turned_away.items():
            away.add_metric([reason], count)
        yield away
        taken = HistogramMetricFamily(
            "assistline_agi_command_seconds", "Time from an AGI command to Asterisk's answer", labels=["command"]
        )
        for command, (*counts, seconds) in self._answers.items():
            taken.add_metric([command], list(zip(BOUNDS, accumulate(counts), strict=True)), seconds)
        yield taken
