"""When is a line open? Hours as an administrator writes them, turned into `calls.hours`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from zoneinfo import ZoneInfo

from calls.hours import DAY_MINUTES, Band, Hours
from config.errors import ConfigFault
from config.holidays import Days

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_BAND = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


class BadHours(ConfigFault):
    """A day or a band of hours cannot be understood: write `mon-fri: ["09:00-18:00"]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenHours:
    """``week``: days (`mon`, `mon-fri`) -> bands; ``on_holidays``: bands on the closed days of ``holidays``."""

    week: Mapping[str, tuple[str, ...]]
    timezone: ZoneInfo | None = None
    holidays: str | None = None
    on_holidays: tuple[str, ...] = ()


def hours(written: WrittenHours, zone: ZoneInfo, days: Days) -> Hours:
    """The hours in the time zone they name, or in ``zone``; raises BadHours."""
    week: dict[str, tuple[Band, ...]] = {}
    for names, texts in written.week.items():
        for day in _days(names):
            if day in week:
                raise BadHours(f"{day} has hours twice (again in {names})")
            week[day] = _bands(texts)
    weekly = tuple(week.get(day, ()) for day in DAYS)
    special = dict.fromkeys(days.working, weekly[0]) | dict.fromkeys(days.closed, _bands(written.on_holidays))
    return Hours(written.timezone or zone, weekly, special)


def _days(names: str) -> tuple[str, ...]:
    first, _, last = names.partition("-")
    if first not in DAYS or (last or first) not in DAYS or DAYS.index(last or first) < DAYS.index(first):
        raise BadHours(f"{names!r} is no day or range of days: write mon, or mon-fri")
    return DAYS[DAYS.index(first) : DAYS.index(last or first) + 1]


def _bands(texts: tuple[str, ...]) -> tuple[Band, ...]:
    """In order, apart from each other."""
    bands = sorted((_band(text) for text in texts), key=lambda band: band.opens)
    for before, after in pairwise(bands):
        if after.opens < before.closes:
            raise BadHours(f"two bands overlap: {', '.join(texts)}")
    return tuple(bands)


def _band(text: str) -> Band:
    match = _BAND.fullmatch(text)
    if not match:
        raise BadHours(f"{text!r} is no band of hours: write 09:00-18:00")
    from_hour, from_minute, to_hour, to_minute = map(int, match.groups())
    band = Band(from_hour * 60 + from_minute, to_hour * 60 + to_minute)
    if not band.opens < band.closes <= DAY_MINUTES:
        raise BadHours(f"{text!r} must close later than it opens, at 24:00 at the latest: give each day its own part")
    return band
