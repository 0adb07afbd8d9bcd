"""Is each line open at the moments that calendars get wrong? A table of (line, moment in UTC) -> open or closed.

Europe/Kyiv is 2 hours ahead of UTC, and 3 from 2026-03-29 01:00 to 2026-10-25 01:00; Asia/Baku is always 4 ahead,
Europe/Moscow 3.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from calls.hours import Hours, changes, is_open
from config.load import check, load
from tests.unit.config.editing import TODAY, edited

CALENDARS = """hours:
  kyiv-office:
    timezone: Europe/Kyiv
    week: {mon-fri: ["09:00-13:00", "14:00-18:00"], sat: ["10:00-14:00"]}
    holidays: ukraine
    on_holidays: ["10:00-12:00"]
    dates: {2026-12-31: ["09:00-12:00"]}
  kyiv-night: {timezone: Europe/Kyiv, week: {mon-sun: ["22:00-24:00", "00:00-04:00"]}}
  kyiv-early: {timezone: Europe/Kyiv, week: {mon-sun: ["03:30-04:30"]}}
  season:
    week: {mon-sun: ["08:00-20:00"]}
    first_day: 2026-10-01
    last_day: 2026-12-31
    closures: [{starts: 2026-11-04 12:00, ends: 2026-11-05 10:00}]
  weekdays: {week: {mon-fri: ["09:00-18:00"]}}
"""

# line, moment in UTC, open
TABLE = [
    # the last winter days and the first summer days in Kyiv
    ("kyiv-office", "2026-03-27T06:59", False),
    ("kyiv-office", "2026-03-27T07:00", True),
    ("kyiv-office", "2026-03-27T10:59", True),
    ("kyiv-office", "2026-03-27T11:00", False),
    ("kyiv-office", "2026-03-27T11:59", False),
    ("kyiv-office", "2026-03-27T12:00", True),
    ("kyiv-office", "2026-03-27T15:59", True),
    ("kyiv-office", "2026-03-27T16:00", False),
    ("kyiv-office", "2026-03-28T07:59", False),
    ("kyiv-office", "2026-03-28T08:00", True),
    ("kyiv-office", "2026-03-28T12:00", False),
    ("kyiv-office", "2026-03-29T09:00", False),
    ("kyiv-office", "2026-03-30T05:59", False),
    ("kyiv-office", "2026-03-30T06:00", True),
    ("kyiv-office", "2026-03-30T10:00", False),
    ("kyiv-office", "2026-03-30T11:00", True),
    ("kyiv-office", "2026-03-30T14:59", True),
    ("kyiv-office", "2026-03-30T15:00", False),
    # the last summer days and the first winter days
    ("kyiv-office", "2026-10-23T05:59", False),
    ("kyiv-office", "2026-10-23T06:00", True),
    ("kyiv-office", "2026-10-23T15:00", False),
    ("kyiv-office", "2026-10-26T06:00", False),
    ("kyiv-office", "2026-10-26T07:00", True),
    ("kyiv-office", "2026-10-26T15:59", True),
    ("kyiv-office", "2026-10-26T16:00", False),
    # a holiday on a Monday, a Saturday that is worked for it, a short day of its own
    ("kyiv-office", "2026-08-24T06:00", False),
    ("kyiv-office", "2026-08-24T07:00", True),
    ("kyiv-office", "2026-08-24T09:00", False),
    ("kyiv-office", "2026-08-29T06:00", True),
    ("kyiv-office", "2026-08-29T10:30", False),
    ("kyiv-office", "2026-08-29T14:59", True),
    ("kyiv-office", "2026-12-31T09:59", True),
    ("kyiv-office", "2026-12-31T10:00", False),
    ("kyiv-office", "2026-12-31T13:00", False),
    # a night line: the night that is an hour shorter, and the one that is longer
    ("kyiv-night", "2026-03-28T19:59", False),
    ("kyiv-night", "2026-03-28T20:00", True),
    ("kyiv-night", "2026-03-28T22:00", True),
    ("kyiv-night", "2026-03-29T00:59", True),
    ("kyiv-night", "2026-03-29T01:00", False),
    ("kyiv-night", "2026-03-29T18:59", False),
    ("kyiv-night", "2026-03-29T19:00", True),
    ("kyiv-night", "2026-10-24T20:59", True),
    ("kyiv-night", "2026-10-25T00:59", True),
    ("kyiv-night", "2026-10-25T01:00", True),
    ("kyiv-night", "2026-10-25T01:59", True),
    ("kyiv-night", "2026-10-25T02:00", False),
    ("kyiv-night", "2026-10-25T19:59", False),
    ("kyiv-night", "2026-10-25T20:00", True),
    # a band within the hour that is left out, and that comes twice
    ("kyiv-early", "2026-03-28T01:30", True),
    ("kyiv-early", "2026-03-29T00:59", False),
    ("kyiv-early", "2026-03-29T01:00", True),
    ("kyiv-early", "2026-03-29T01:30", False),
    ("kyiv-early", "2026-10-25T00:29", False),
    ("kyiv-early", "2026-10-25T00:30", True),
    ("kyiv-early", "2026-10-25T01:00", False),
    ("kyiv-early", "2026-10-25T01:30", True),
    ("kyiv-early", "2026-10-25T02:29", True),
    ("kyiv-early", "2026-10-25T02:30", False),
    # Baku and Moscow, where the clocks stay: the same UTC on either side of the nights when others change
    ("weekdays in Asia/Baku", "2026-03-27T04:59", False),
    ("weekdays in Asia/Baku", "2026-03-27T05:00", True),
    ("weekdays in Asia/Baku", "2026-03-27T14:00", False),
    ("weekdays in Asia/Baku", "2026-03-30T04:59", False),
    ("weekdays in Asia/Baku", "2026-03-30T05:00", True),
    ("weekdays in Asia/Baku", "2026-10-26T05:00", True),
    ("weekdays in Asia/Baku", "2026-10-26T14:00", False),
    ("weekdays", "2026-03-27T05:59", False),
    ("weekdays", "2026-03-27T06:00", True),
    ("weekdays", "2026-03-30T05:59", False),
    ("weekdays", "2026-03-30T06:00", True),
    ("weekdays", "2026-10-26T06:00", True),
    ("weekdays", "2026-10-26T14:59", True),
    ("weekdays", "2026-10-26T15:00", False),
    # a line that comes and goes by date, with a closure in between
    ("season", "2026-09-30T10:00", False),
    ("season", "2026-09-30T21:00", False),
    ("season", "2026-10-01T04:59", False),
    ("season", "2026-10-01T05:00", True),
    ("season", "2026-11-04T08:59", True),
    ("season", "2026-11-04T09:00", False),
    ("season", "2026-11-05T06:59", False),
    ("season", "2026-11-05T07:00", True),
    ("season", "2026-12-31T16:59", True),
    ("season", "2026-12-31T17:00", False),
    ("season", "2027-01-01T10:00", False),
]


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Hours]:
    """Every calendar as the line `kazan` gets it from a file; `… in ZONE`: by the line's own time zone."""
    found = {}
    for name in {line for line, *_ in TABLE}:
        hours, _, zone = name.partition(" in ")
        zone_of_line = f"\n    timezone: {zone}" if zone else ""
        ukraine = "  ukraine: {closed: [2026-08-24], working: [2026-08-29]}\n"
        file = edited(
            tmp_path_factory.mktemp("calendar"),
            ("hours:\n  office:", ukraine + CALENDARS + "  office:"),
            ("    hours: office\n", f"    hours: {hours}{zone_of_line}\n"),
        )
        found[name] = load(file, TODAY).lines["kazan"].hours or pytest.fail()
    return found


@pytest.mark.parametrize(("line", "moment", "open_"), TABLE)
def test_a_line_is_open_or_closed(configured: dict[str, Hours], line: str, moment: str, open_: bool) -> None:
    assert is_open(configured[line], datetime.fromisoformat(moment).replace(tzinfo=UTC)) is open_


def test_the_table_is_as_long_as_it_must_be() -> None:
    assert len(set(TABLE)) >= 60
    assert {open_ for *_, open_ in TABLE} == {True, False}


@pytest.mark.parametrize("day", [date(2026, 3, 28), date(2026, 10, 24), date(2026, 11, 4), date(2026, 12, 30)])
def test_changes_are_told_at_their_minutes_and_nowhere_else(configured: dict[str, Hours], day: date) -> None:
    since = datetime(day.year, day.month, day.day, 0, 7, tzinfo=UTC)
    until = since + timedelta(days=3)
    for hours in configured.values():
        expected, state = [], None
        for count in range(3 * 24 * 60):
            moment = since + timedelta(minutes=count)
            if is_open(hours, moment) is not state:
                state = is_open(hours, moment)
                expected.append((moment, state))
        assert list(changes(hours, since, until)) == expected


@pytest.mark.parametrize(
    ("old", "new", "where", "says"),
    [
        ("2026-11-05 10:00", "2026-11-04 10:00", "hours.season.closures.0.ends", "must be after starts"),
        ("2026-11-05 10:00", "2026-11-05T10:00Z", "hours.season.closures.0.ends", "must have no zone"),
        ("2026-11-05 10:00", "soon", "hours.season.closures.0.ends", "datetime"),
        ("last_day: 2026-12-31", "last_day: 2026-09-01", "hours.season.last_day", "must not be before first_day"),
        ('{2026-12-31: ["09:00-12:00"]}', '{2026-12-31: ["09-12"]}', "hours.kyiv-office.dates.2026-12-31.0", "no band"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, where: str, says: str
) -> None:
    assert CALENDARS.count(old) == 1
    calendars = CALENDARS.replace(old, new).replace("holidays: ukraine", "holidays: russia")
    file = edited(tmp_path, ("hours:\n  office:", calendars + "  office:"))
    assert [fault.where for fault in check(file, TODAY) if says in fault.reason] == [where]
