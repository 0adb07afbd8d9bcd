"""How do menu sessions fare? Counters that the FastAGI server tells as its observer."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from metrics.labels import Children

OUTCOMES = ("done", "hangup", "late", "refused", "malformed", "failed", "cut")
REASONS = ("full", "closed", "late", "malformed")
COMMANDS = ("EXEC", "GET VARIABLE", "GOSUB", "SET VARIABLE")
COMMAND_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0, 30.0)


class AgiMetrics:
    """An observer in the shape that agi_scripts/server.py asks for; each call costs about a microsecond.

    A ``GOSUB`` lasts as long as its prompts and the caller's thinking; the other commands are Asterisk's own time.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._open = Gauge("assistline_agi_sessions", "Menu sessions in progress", registry=registry)
        self._ended = Children(
            Counter("assistline_agi_sessions_ended", "Menu sessions by result", ["result"], registry=registry),
            OUTCOMES,
        )
        self._turned_away = Children(
            Counter("assistline_agi_turned_away", "Connections without a session", ["reason"], registry=registry),
            REASONS,
        )
        self._commands = Children(
            Histogram(
                "assistline_agi_command_seconds",
                "Time from an AGI command to Asterisk's answer",
                ["command"],
                buckets=COMMAND_BUCKETS,
                registry=registry,
            ),
            COMMANDS,
        )

    def session_started(self) -> None:
        self._open.inc()

    def session_ended(self, outcome: str, seconds: float) -> None:
        self._open.dec()
        self._ended[(outcome,)].inc()

    def command_answered(self, verb: str, seconds: float) -> None:
        self._commands[(verb,)].observe(seconds)

    def turned_away(self, reason: str) -> None:
        self._turned_away[(reason,)].inc()
