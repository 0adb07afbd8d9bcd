"""Which days are holidays, and which days off are worked? A country's official calendar, and our own word over it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import holidays

from config.errors import ConfigFault


class UnknownCalendar(ConfigFault):
    """No official holidays are known for this country and year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """As written: ``closed`` and ``working`` win over the official calendar of ``country`` (ISO 3166 code)."""

    country: str | None = None
    closed: tuple[date, ...] = ()
    working: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Days:
    """Dates on which weekly hours do not hold: ``closed`` are holidays, ``working`` are worked like a Monday."""

    closed: frozenset[date]
    working: frozenset[date]


def resolve(calendar: Calendar, years: Iterable[int]) -> Days:
    """The calendar's dates in ``years``; the first of them must have holidays, or UnknownCalendar is raised."""
    wanted = sorted(years)
    official, moved = _official(calendar.country, wanted)
    ours = {*calendar.closed, *calendar.working}
    closed = (official - ours) | set(calendar.closed)
    if calendar.country and not any(day.year == wanted[0] for day in closed):
        raise UnknownCalendar(f"has no known holidays in {wanted[0]} ({calendar.country}): list them under closed")
    return Days(frozenset(closed), frozenset((moved - ours) | set(calendar.working)))


def _official(country: str | None, years: list[int]) -> tuple[set[date], set[date]]:
    """Holidays, and days off that the state has moved to elsewhere and that are worked."""
    if country is None:
        return set(), set()
    try:
        known = holidays.country_holidays(country, years=years)
    except NotImplementedError:
        raise UnknownCalendar(f"is no country with known holidays (is {country!r}): take a code such as RU") from None
    return set(known), {day for day in known.weekend_workdays if day.year in years}
