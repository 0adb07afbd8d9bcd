"""Is a line open at the moments at which people get it wrong: edges, clock changes, holidays?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from calls.hours import DAY_MINUTES, Band, Closure, Hours, is_open, opens_next
from tests.builders import weekdays_nine_to_six

ALL_DAY = (Band(0, DAY_MINUTES),)


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        ("2026-03-04T08:59:59", False),
        ("2026-03-04T09:00:00", True),
        ("2026-03-04T17:59:59", True),
        ("2026-03-04T18:00:00", False),
        ("2026-03-07T12:00:00", False),
    ],
)
def test_a_band_opens_at_its_first_minute_and_closes_at_its_last(moment: str, open_: bool) -> None:
    assert is_open(weekdays_nine_to_six(), at(moment, "Europe/Moscow")) is open_


def test_hours_are_those_of_the_lines_own_zone_whatever_zone_now_is_in() -> None:
    moscow, baku = weekdays_nine_to_six("Europe/Moscow"), weekdays_nine_to_six("Asia/Baku")
    now = datetime(2026, 3, 4, 5, 30, tzinfo=UTC)  # 08:30 in Moscow, 09:30 in Baku
    assert not is_open(moscow, now)
    assert is_open(baku, now)
    assert is_open(baku, now.astimezone(ZoneInfo("America/New_York")))


def test_a_special_date_replaces_the_weekly_bands_of_the_local_date() -> None:
    hours = replace(weekdays_nine_to_six(), special={date(2026, 3, 9): (), date(2026, 3, 14): (Band(600, 660),)})
    assert not is_open(hours, at("2026-03-09T12:00", "Europe/Moscow"))
    assert is_open(hours, at("2026-03-14T10:30", "Europe/Moscow"))
    # 22:30 UTC of the 8th is already the 9th in Moscow.
    around_the_clock = Hours(ZoneInfo("Europe/Moscow"), (ALL_DAY,) * 7, {date(2026, 3, 9): ()})
    assert is_open(around_the_clock, datetime(2026, 3, 8, 20, 59, tzinfo=UTC))
    assert not is_open(around_the_clock, datetime(2026, 3, 8, 21, 0, tzinfo=UTC))


@pytest.mark.parametrize(("day", "hours_open"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-03-30", 24)])
def test_around_the_clock_means_every_minute_of_days_on_which_clocks_change(day: str, hours_open: int) -> None:
    zone = ZoneInfo("Europe/Kyiv")
    hours = Hours(zone, (ALL_DAY,) * 7)
    first = datetime.fromisoformat(day).replace(tzinfo=zone).astimezone(UTC)
    after = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=zone).astimezone(UTC)
    minutes = [first + timedelta(minutes=count) for count in range(int((after - first).total_seconds() // 60))]
    assert len(minutes) == hours_open * 60
    assert all(is_open(hours, minute) for minute in minutes)


def test_a_line_opens_at_its_wall_clock_hour_before_and_after_clocks_change() -> None:
    hours = Hours(ZoneInfo("Europe/Kyiv"), ((Band(540, 600),),) * 7)
    assert is_open(hours, datetime(2026, 3, 28, 7, 0, tzinfo=UTC))  # winter: 09:00 is 07:00 UTC
    assert is_open(hours, datetime(2026, 3, 29, 6, 0, tzinfo=UTC))  # summer: 09:00 is 06:00 UTC
    assert not is_open(hours, datetime(2026, 3, 29, 7, 0, tzinfo=UTC))


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    hours = Hours(ZoneInfo("Europe/Kyiv"), ((Band(180, 240),),) * 7)
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert is_open(hours, first)
    assert is_open(hours, second)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-03-04T08:59", "2026-03-04T09:00"),  # a Wednesday
        ("2026-03-04T18:00", "2026-03-05T09:00"),
        ("2026-03-06T18:00", "2026-03-09T09:00"),
        ("2026-03-08T12:00", "2026-03-09T09:00"),
        ("2026-03-27T20:00", "2026-03-30T09:00"),  # the night of the clocks lies between
        ("2026-04-30T20:00", "2026-05-04T09:00"),  # a holiday, and the weekend
        ("2026-06-01T20:00", "2026-06-22T13:30"),  # three weeks of repairs, which end at noon and a half
        ("2026-03-04T09:00", None),  # it is open
    ],
)
def test_it_opens_next_at_the_first_minute_that_is_open_again(now: str, opens: str | None) -> None:
    repairs = Closure(datetime(2026, 6, 2), datetime(2026, 6, 22, 13, 30))  # noqa: DTZ001
    hours = replace(weekdays_nine_to_six("Europe/Kyiv"), special={date(2026, 5, 1): ()}, closures=(repairs,))
    found = opens_next(hours, at(now, "Europe/Kyiv"))
    assert found == (at(opens, "Europe/Kyiv") if opens else None)
    assert found is None or found.isoformat(timespec="minutes").startswith(str(opens))


def test_what_never_opens_again_has_no_next_opening() -> None:
    over = replace(weekdays_nine_to_six(), last_day=date(2026, 3, 4))
    assert opens_next(over, at("2026-03-04T18:00", "Europe/Moscow")) is None
