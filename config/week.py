"""When is a line open? Hours as an administrator writes them, turned into `calls.hours`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from calls.hours import DAY_MINUTES, Band, Closure, Hours
from config.errors import ConfigFault
from config.holidays import Days

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_BAND = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


class BadHours(ConfigFault):
    """A day or a band of hours cannot be understood; ``way`` leads to it from the hours' own entry."""

    def __init__(self, reason: str, *way: str | int) -> None:
        super().__init__(reason)
        self.way = way


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenClosure:
    """A temporary closure, in the wall-clock time of the hours' own zone."""

    starts: datetime
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenHours:
    """``week``: days (`mon`, `mon-fri`) -> bands; ``on_holidays``: bands on the closed days of ``holidays``.

    ``dates`` are single dates with bands of their own, which win over both; ``closures`` win over all. What is
    temporary has a ``first_day`` and a ``last_day``, both included.
    """

    week: Mapping[str, tuple[str, ...]]
    timezone: ZoneInfo | None = None
    holidays: str | None = None
    on_holidays: tuple[str, ...] = ()
    dates: Mapping[date, tuple[str, ...]] = field(default_factory=dict)
    closures: tuple[WrittenClosure, ...] = ()
    first_day: date | None = None
    last_day: date | None = None


def hours(written: WrittenHours, zone: ZoneInfo, days: Days) -> Hours:
    """The hours in the time zone they name, or in ``zone``; raises BadHours."""
    week: dict[str, tuple[Band, ...]] = {}
    for names, texts in written.week.items():
        for day in _days(names):
            if day in week:
                raise BadHours(f"gives {day} hours a second time", "week", names)
            week[day] = _bands(texts, "week", names)
    weekly = tuple(week.get(day, ()) for day in DAYS)
    holiday = _bands(written.on_holidays, "on_holidays")
    special = dict.fromkeys(days.working, weekly[0]) | dict.fromkeys(days.closed, holiday)
    special |= {day: _bands(texts, "dates", day.isoformat()) for day, texts in written.dates.items()}
    if written.first_day and written.last_day and written.last_day < written.first_day:
        raise BadHours("must not be before first_day", "last_day")
    return Hours(
        zone=written.timezone or zone,
        weekly=weekly,
        special=special,
        closures=tuple(_closure(closure, index) for index, closure in enumerate(written.closures)),
        first_day=written.first_day,
        last_day=written.last_day,
    )


def _closure(written: WrittenClosure, index: int) -> Closure:
    for name, moment in (("starts", written.starts), ("ends", written.ends)):
        if moment.tzinfo is not None:
            raise BadHours("must have no zone: it is in the time zone of these hours", "closures", index, name)
    if written.ends <= written.starts:
        raise BadHours("must be after starts", "closures", index, "ends")
    return Closure(written.starts, written.ends)


def _days(names: str) -> tuple[str, ...]:
    first, _, last = names.partition("-")
    if first not in DAYS or (last or first) not in DAYS or DAYS.index(last or first) < DAYS.index(first):
        raise BadHours("is no day or range of days: write mon, or mon-fri", "week", names)
    return DAYS[DAYS.index(first) : DAYS.index(last or first) + 1]


def _bands(texts: tuple[str, ...], *way: str | int) -> tuple[Band, ...]:
    """In order, apart from each other."""
    bands = sorted((_band(text, *way, index) for index, text in enumerate(texts)), key=lambda band: band.opens)
    for before, after in pairwise(bands):
        if after.opens < before.closes:
            raise BadHours("holds two bands that overlap", *way)
    return tuple(bands)


def _band(text: str, *way: str | int) -> Band:
    match = _BAND.fullmatch(text)
    if not match:
        raise BadHours(f"is no band of hours (is {text!r}): write 09:00-18:00", *way)
    from_hour, from_minute, to_hour, to_minute = map(int, match.groups())
    band = Band(from_hour * 60 + from_minute, to_hour * 60 + to_minute)
    if not band.opens < band.closes <= DAY_MINUTES:
        raise BadHours("must close later than it opens, at 24:00 at the latest: give each day its own part", *way)
    return band
