"""How sure is a simulated figure? 95 % intervals from replications or batches, sharpened by what is known exactly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

T_975: Final = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281)
"""Student's t for 95 % on both sides, for 1 to 10 degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and half the width of its 95 % interval; ``half_width`` is infinite when one sample was all there was."""

    mean: float
    half_width: float

    @property
    def low(self) -> float:
        """The lower end."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """The upper end."""
        return self.mean + self.half_width

    def holds(self, value: float) -> bool:
        """Whether the value lies inside."""
        return self.low <= value <= self.high

    @property
    def relative(self) -> float:
        """Half the width as a share of the mean."""
        return self.half_width / abs(self.mean) if self.mean else math.inf


def student(freedom: int) -> float:
    """The 97.5 % point of Student's t; beyond 10 degrees by Abramowitz and Stegun 26.7.5, to four digits."""
    if freedom <= len(T_975):
        return T_975[freedom - 1]
    z = 1.959964
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )


def interval(samples: Sequence[float]) -> Interval:
    """The mean of independent samples (replications, or batches long enough to forget each other); at least one."""
    mean = math.fsum(samples) / len(samples)
    if len(samples) < 2:
        return Interval(mean, math.inf)
    variance = math.fsum((sample - mean) ** 2 for sample in samples) / (len(samples) - 1)
    return Interval(mean, student(len(samples) - 1) * math.sqrt(variance / len(samples)))


def controlled(samples: Sequence[float], controls: Sequence[Sequence[float]], known: Sequence[float]) -> Interval:
    """The mean of the samples, corrected by how far the controls of the same runs were from their known means.

    Control variates by least squares (Lavenberg and Welch 1981, Management Science 27:322-335): ``controls`` has a row
    for each sample and a column for each of the ``known`` means. Wants many more samples than controls; a control that
    repeats the others is left out.
    """
    rows = [[1.0, *(value - mean for value, mean in zip(row, known, strict=True))] for row in controls]
    size = len(known) + 1
    matrix = [[math.fsum(row[i] * row[j] for row in rows) for j in range(size)] for i in range(size)]
    right = [math.fsum(row[i] * sample for row, sample in zip(rows, samples, strict=True)) for i in range(size)]
    unit = [1.0] + [0.0] * (size - 1)
    weights, spread = _solved(matrix, right), _solved(matrix, unit)[0]
    left = math.fsum(
        (sample - math.fsum(w * x for w, x in zip(weights, row, strict=True))) ** 2
        for row, sample in zip(rows, samples, strict=True)
    )
    freedom = len(rows) - size
    if freedom < 1:
        return interval(samples)
    return Interval(weights[0], student(freedom) * math.sqrt(left / freedom * max(spread, 0.0)))


def _solved(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """The solution of a symmetric linear system by elimination; unknowns that nothing determines are 0."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    scale = [abs(rows[index][index]) for index in range(size)]
    for column in range(size):
        pivot = rows[column][column]
        if abs(pivot) <= 1e-9 * scale[column]:
            rows[column] = [0.0] * (size + 1)
            continue
        for row in range(size):
            if row != column and rows[row][column]:
                factor = rows[row][column] / pivot
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[column], strict=True)]
    return [row[size] / row[i] if row[i] else 0.0 for i, row in enumerate(rows)]
