"""Is a line open at this moment? Weekly hours of one time zone, and the dates on which others apply.

Everything is asked in local wall-clock time, so the days on which clocks change need no rule of their own: a line that
opens at 09:00 opens at 09:00 on those days too, and an hour that comes twice is open twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Band:
    """Open from minute ``opens`` of the day (0 = midnight) until just before minute ``closes`` (at most 1440)."""

    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class Hours:
    """``weekly`` holds the bands of Monday to Sunday; ``special`` replaces them on single dates (none = closed)."""

    zone: ZoneInfo
    weekly: tuple[tuple[Band, ...], ...]
    special: Mapping[date, tuple[Band, ...]] = field(default_factory=dict)


def is_open(hours: Hours, now: datetime) -> bool:
    """Whether ``now`` (aware, any zone) lies in a band of its local date."""
    local = now.astimezone(hours.zone)
    minute = local.hour * 60 + local.minute
    bands = hours.special.get(local.date(), hours.weekly[local.weekday()])
    return any(band.opens <= minute < band.closes for band in bands)
