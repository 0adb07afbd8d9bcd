"""How long does a talk, a caller's patience or a pick-up last? Distributions of seconds, drawn from a given Random."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

Draw = Callable[[], float]
"""Gives the next duration, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """Always ``seconds``."""

    seconds: float
    kind: Literal["fixed"] = "fixed"

    @property
    def mean(self) -> float:
        """The expected duration, in seconds."""
        return self.seconds

    def drawn_from(self, source: Random) -> Draw:
        """The durations that this source gives."""
        return lambda: self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Exponential:
    """Without memory; ``mean`` in seconds."""

    mean: float
    kind: Literal["exponential"] = "exponential"

    def drawn_from(self, source: Random) -> Draw:
        """The durations that this source gives."""
        uniform, log, mean = source.random, math.log, self.mean
        return lambda: -mean * log(1.0 - uniform())


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNormal:
    """The usual form of talks (Brown et al. 2005, JASA 100:36-50); ``mean`` and standard ``deviation`` in seconds."""

    mean: float
    deviation: float
    kind: Literal["lognormal"] = "lognormal"

    def drawn_from(self, source: Random) -> Draw:
        """The durations that this source gives."""
        spread = math.log1p((self.deviation / self.mean) ** 2)
        centre, sigma = math.log(self.mean) - spread / 2, math.sqrt(spread)
        return lambda: source.lognormvariate(centre, sigma)


@dataclass(frozen=True, slots=True, kw_only=True)
class Empirical:
    """One of the observed durations, each as likely as the others; at least one, in seconds."""

    seconds: tuple[float, ...]
    kind: Literal["empirical"] = "empirical"

    @property
    def mean(self) -> float:
        """The expected duration, in seconds."""
        return math.fsum(self.seconds) / len(self.seconds)

    def drawn_from(self, source: Random) -> Draw:
        """The durations that this source gives."""
        return lambda: source.choice(self.seconds)


Duration = Fixed | Exponential | LogNormal | Empirical
