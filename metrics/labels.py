"""How do labels stay few, and counting cheap? Every set of label values is made once, from names that are configured.

A name that is not among them (an old line in a channel variable, a dial status of a later Asterisk) counts as
``other``, so nothing that comes over the wire can make a new time series. Looking a child up here costs a third of
``labels()``, and names that have not happened yet stand in the exposition as 0, which rates and alerts need.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Generic, TypeVar

from prometheus_client.metrics import MetricWrapperBase

OTHER = "other"

Metric = TypeVar("Metric", bound=MetricWrapperBase)


class Children(Generic[Metric]):
    """The children of ``metric``; ``allowed`` holds the names of each of its labels, in the order of its labels."""

    def __init__(self, metric: Metric, *allowed: Iterable[str]) -> None:
        names = [tuple(each) for each in allowed]
        self._metric = metric
        self._allowed = [frozenset(each) for each in names]
        self._children: dict[tuple[str, ...], Metric] = {values: metric.labels(*values) for values in product(*names)}

    def __getitem__(self, values: tuple[str, ...]) -> Metric:
        """The child of these label values."""
        child = self._children.get(values)
        return child if child is not None else self._metric.labels(*self._bounded(values))

    def allow(self, *allowed: Iterable[str]) -> None:
        """From now on these names count as themselves too."""
        for values in product(*(tuple(each) for each in allowed)):
            if values not in self._children:
                self._children[values] = self._metric.labels(*values)
        self._allowed = [names | frozenset(each) for names, each in zip(self._allowed, allowed, strict=True)]

    def _bounded(self, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(v if v in names else OTHER for v, names in zip(values, self._allowed, strict=True))
