"""Who comes when, how long will they talk, and how long would they wait? The same seed brings the same callers.

Everything about a caller is drawn when they come, from sources of the stream's own. So two ways of routing that are
tried on the same seed meet the same people, and their difference is theirs alone.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from random import Random

from simulation.draws import Exponential
from simulation.scenario import SECOND, Callers, Poisson, Recorded

Offer = tuple[int, int, int, int | None]
"""The moment of a caller's coming, the index of their stream, the length of their talk, and their patience (None:
endless), all in microseconds."""


def offers(callers: Sequence[Callers], source: Random) -> Iterator[Offer]:
    """Everybody who comes, in order; without an end, if a stream of Poisson has none."""
    streams = [
        _stream(index, group, *(Random(source.getrandbits(64)) for _ in range(3)))
        for index, group in enumerate(callers)
    ]
    return streams[0] if len(streams) == 1 else heapq.merge(*streams)


def _stream(index: int, callers: Callers, comes: Random, talks: Random, waits: Random) -> Iterator[Offer]:
    talk = callers.talk.drawn_from(talks)
    patience = callers.patience.drawn_from(waits) if callers.patience else None
    for at, length in _moments(callers.arrivals, comes):
        seconds = talk() if length is None else length
        yield int(at * SECOND), index, int(seconds * SECOND), int(patience() * SECOND) if patience else None


def _moments(arrivals: Poisson | Recorded, source: Random) -> Iterator[tuple[float, float | None]]:
    if isinstance(arrivals, Recorded):
        return iter(arrivals.calls)
    return ((at, None) for at in poisson(arrivals.rates, source))


def poisson(rates: Sequence[tuple[float, float]], source: Random) -> Iterator[float]:
    """Seconds of a Poisson process whose rate is constant by pieces; (second, per hour) as in ``Poisson``.

    Exact, by inversion: between two arrivals the integral of the rate grows by an exponential of mean 1.
    """
    unit = Exponential(mean=1.0).drawn_from(source)
    at, owed = 0.0, unit()
    for (_, per_hour), until in zip(rates, (*(start for start, _ in rates[1:]), math.inf), strict=True):
        per_second = per_hour / 3600
        while per_second and (coming := at + owed / per_second) < until:
            at, owed = coming, unit()
            yield at
        owed -= (until - at) * per_second if per_second else 0.0
        at = until
