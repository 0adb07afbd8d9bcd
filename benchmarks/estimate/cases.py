"""Which centres are the estimators tried in?"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

HANDLE_SECONDS = 300.0
"""The mean of talk and wrap-up, where a case does not say otherwise."""
EMERGENCY = "e"
"""The queue of this name comes before all others."""


@dataclass(frozen=True, slots=True)
class Case:
    """Offered load in Erlang by queue, agents by the queues they serve, mean patience in handle times.

    ``handle`` and ``target`` are seconds by queue, where they are not alike. ``steps`` are (handle times until the next
    step, agents on duty), over and over, with one crew only. ``exact``: QLm with the true rates is the best there is.
    ``aimed``: the issue sets an aim for it.
    """

    name: str
    load: dict[str, float]
    crews: dict[tuple[str, ...], int]
    patience: float = inf
    handle: dict[str, float] = field(default_factory=dict)
    target: dict[str, float] = field(default_factory=dict)
    steps: tuple[tuple[float, int], ...] = ()
    exact: bool = True
    aimed: bool = True

    def handle_seconds(self, queue: str) -> float:
        return self.handle.get(queue, HANDLE_SECONDS)


CASES = [
    Case("M/M/100, load 0.95", {"a": 95}, {("a",): 100}),
    Case("M/M/100, load 0.98", {"a": 98}, {("a",): 100}),
    Case("M/M/100+M, load 1.4", {"a": 140}, {("a",): 100}, patience=1),
    Case("two skills", {"a": 52, "b": 44}, {("a",): 40, ("b",): 40, ("a", "b"): 20}, exact=False),
    Case("steps in staffing", {"a": 95}, {("a",): 110}, 4, steps=((10, 100), (6, 80), (6, 110)), exact=False),
    Case("M/M/6+M, load 0.95", {"a": 5.7}, {("a",): 6}, patience=4, aimed=False),
    Case(
        "two unlike skills",
        {"a": 52, "b": 44},
        {("a",): 40, ("b",): 40, ("a", "b"): 20},
        handle={"a": 200, "b": 450},
        target={"b": 60},
        exact=False,
        aimed=False,
    ),
    Case("emergencies overtake", {"a": 80, EMERGENCY: 15}, {("a", EMERGENCY): 100}, exact=False, aimed=False),
]
