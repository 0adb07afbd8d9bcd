"""Is a line open at this moment? Weekly hours of one time zone, and the dates on which others apply.

Everything is asked in local wall-clock time, so the days on which clocks change need no rule of their own: a line that
opens at 09:00 opens at 09:00 on those days too, and an hour that comes twice is open twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Band:
    """Open from minute ``opens`` of the day (0 = midnight) until just before minute ``closes`` (at most 1440)."""

    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class Closure:
    """Closed from ``starts`` until just before ``ends``, both wall-clock times without a zone."""

    starts: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Hours:
    """``weekly`` holds the bands of Monday to Sunday; ``special`` replaces them on single dates (none = closed).

    ``closures`` close over all of that. What is temporary is never open before ``first_day`` and after ``last_day``.
    """

    zone: ZoneInfo
    weekly: tuple[tuple[Band, ...], ...]
    special: Mapping[date, tuple[Band, ...]] = field(default_factory=dict)
    closures: tuple[Closure, ...] = ()
    first_day: date | None = None
    last_day: date | None = None


def is_open(hours: Hours, now: datetime) -> bool:
    """Whether ``now`` (aware, any zone) lies in a band of its local date, and in no closure."""
    local = now.astimezone(hours.zone).replace(tzinfo=None)
    minute = local.hour * 60 + local.minute
    if any(closure.starts <= local < closure.ends for closure in hours.closures):
        return False
    return any(band.opens <= minute < band.closes for band in _bands(hours, local.date()))


def opens_next(hours: Hours, now: datetime) -> datetime | None:
    """When it opens after ``now``, in its own wall-clock time; None while it is open, or if not within 400 days."""
    if is_open(hours, now):
        return None
    for days in (8, 400):  # most open again within days, and each day of a year costs
        for moment, opens in changes(hours, now, now + timedelta(days=days)):
            if opens:
                return moment.astimezone(hours.zone)
    return None


def changes(hours: Hours, since: datetime, until: datetime) -> Iterator[tuple[datetime, bool]]:
    """``since`` and each later moment before ``until`` (UTC) at which it opens or closes, with whether it is open."""
    state = None
    for moment in sorted({since, *_turns(hours, since, until)}):
        if since <= moment < until and is_open(hours, moment) is not state:
            state = is_open(hours, moment)
            yield moment.astimezone(UTC), state


def _bands(hours: Hours, day: date) -> tuple[Band, ...]:
    early = hours.first_day is not None and day < hours.first_day
    late = hours.last_day is not None and day > hours.last_day
    return () if early or late else hours.special.get(day, hours.weekly[day.weekday()])


def _turns(hours: Hours, since: datetime, until: datetime) -> Iterator[datetime]:
    """Every moment in this time at which anything could change: edges of bands and closures, and of the clock."""
    day, last = since.astimezone(hours.zone).date() - DAY, until.astimezone(hours.zone).date() + DAY
    walls = [edge for closure in hours.closures for edge in (closure.starts, closure.ends)]
    while day <= last:
        midnight = datetime.combine(day, time())
        walls += [midnight + edge * MINUTE for band in _bands(hours, day) for edge in (band.opens, band.closes)]
        yield from _clock_change(hours.zone, midnight)
        day += DAY
    for wall in walls:
        for fold in (0, 1):
            yield wall.replace(tzinfo=hours.zone, fold=fold).astimezone(UTC)


def _clock_change(zone: ZoneInfo, midnight: datetime) -> Iterator[datetime]:
    """The minute of this local day at which the clocks change, if they do."""
    low, high = (day.replace(tzinfo=zone).astimezone(UTC) for day in (midnight, midnight + DAY))
    if low.astimezone(zone).utcoffset() == high.astimezone(zone).utcoffset():
        return
    while high - low > MINUTE:
        middle = low + (high - low) / 2 // MINUTE * MINUTE
        same = middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset()
        low, high = (middle, high) if same else (low, middle)
    yield high
