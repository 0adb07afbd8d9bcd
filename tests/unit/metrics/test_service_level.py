"""Is the service level the stated share, in windows that end when they should?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from metrics.service_level import Figures, QueueFigures, ServiceLevel
from metrics.waits import Wait, WaitEnd

KYIV = ZoneInfo("Europe/Kyiv")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TARGET = 20.0


def a_wait(seconds: float, end: WaitEnd = WaitEnd.ANSWERED, ended_at: datetime = NOON) -> Wait:
    return Wait("general", seconds, ended_at, end)


def level(*waits: Wait, now: list[float] | None = None) -> ServiceLevel:
    figures = ServiceLevel()
    for wait in waits:
        figures = figures.with_wait(wait, TARGET)
    return figures.with_waiting(now or [], TARGET)


LEFT, SHORT, MOVED, UNSEEN = WaitEnd.ABANDONED, WaitEnd.SHORT_ABANDONED, WaitEnd.MOVED, WaitEnd.UNSEEN


@pytest.mark.parametrize(
    ("waits", "waiting_now", "share"),
    [
        ([], [], None),  # nobody called: no figure
        ([], [3.0], None),  # one within the target: not known yet
        ([], [20.1], 0 / 1),  # one past it: can no longer be good
        ([a_wait(20.0)], [], 1 / 1),  # the target itself is in time
        ([a_wait(20.1)], [], 0 / 1),
        ([a_wait(5), a_wait(7), a_wait(21), a_wait(9, LEFT)], [], 2 / 4),  # an abandon is a miss
        ([a_wait(5), a_wait(3, SHORT)], [], 1 / 2),  # a short one too
        ([a_wait(5), a_wait(60, MOVED)], [], 1 / 2),  # so is a move elsewhere
        ([a_wait(5), a_wait(60, UNSEEN)], [], 1 / 1),  # what we did not see is not counted
        ([a_wait(5), a_wait(5)], [1, 2, 30, 40], 2 / 4),
    ],
)
def test_service_level_is_answered_in_time_over_all_whose_outcome_is_known(
    waits: list[Wait], waiting_now: list[float], share: float | None
) -> None:
    assert level(*waits, now=waiting_now).share == share


def test_offered_are_all_who_entered_those_who_wait_included() -> None:
    figures = level(a_wait(5), a_wait(9, LEFT), a_wait(2, SHORT), a_wait(60, MOVED), now=[1.0, 2.0])
    assert (figures.offered, figures.answered, figures.abandoned, figures.short_abandoned) == (6, 1, 2, 1)


def test_short_abandons_stand_in_the_denominator_of_the_abandoned_share_only() -> None:
    assert level(a_wait(5), a_wait(6), a_wait(9, LEFT), a_wait(2, SHORT)).abandoned_share == 1 / 4
    assert level().abandoned_share is None


def test_average_speed_of_answer_is_over_the_answered() -> None:
    assert level(a_wait(4), a_wait(10), a_wait(300, LEFT)).average_speed_of_answer == 7
    assert level(a_wait(300, LEFT)).average_speed_of_answer is None


def figures_of(*waits: Wait) -> QueueFigures:
    figures = QueueFigures(TARGET, KYIV)
    for wait in waits:
        figures = figures.with_wait(wait)
    return figures


def test_the_last_thirty_minutes_are_the_present_minute_and_the_29_before() -> None:
    figures = figures_of(a_wait(1, ended_at=NOON), a_wait(2, ended_at=NOON + timedelta(minutes=10)))
    seen = [figures.lately(NOON + timedelta(minutes=m, seconds=59)).answered for m in (0, 29, 30, 39, 40)]
    assert seen == [2, 2, 1, 1, 0]


def test_a_busy_day_keeps_only_thirty_minutes() -> None:
    figures = figures_of(*[a_wait(1, ended_at=NOON + timedelta(minutes=m)) for m in range(300)])
    assert len(figures.by_minute) == 30
    assert figures.today(NOON + timedelta(minutes=300)).answered == 300


def test_the_day_begins_at_local_midnight() -> None:
    before, after = datetime(2026, 3, 2, 21, 59, tzinfo=UTC), datetime(2026, 3, 2, 22, 1, tzinfo=UTC)  # Kyiv is UTC+2
    figures = figures_of(a_wait(1, ended_at=before))
    assert (figures.today(before).answered, figures.today(after).answered) == (1, 0)
    both = figures.with_wait(a_wait(30, ended_at=after))
    assert (both.today(after).answered, both.lately(after).answered) == (1, 2)


def test_a_late_wait_of_yesterday_does_not_erase_today() -> None:
    figures = figures_of(a_wait(1), a_wait(1, ended_at=NOON - timedelta(days=1)))
    assert figures.today(NOON).answered == 1


def test_waits_a_little_out_of_order_are_all_counted() -> None:
    figures = figures_of(a_wait(1, ended_at=NOON), a_wait(1, ended_at=NOON - timedelta(minutes=2)))
    assert figures.lately(NOON).answered == 2


def test_those_who_wait_now_count_in_both_windows() -> None:
    figures = figures_of(a_wait(1))
    assert figures.today(NOON, [5, 50]).share == figures.lately(NOON, [5, 50]).share == 1 / 2


def test_a_wait_of_a_queue_that_is_not_configured_is_not_counted() -> None:
    figures = Figures({"general": TARGET}, KYIV)
    figures.add(Wait("old", 1, NOON, WaitEnd.ANSWERED))
    figures.add(a_wait(1))
    assert figures["general"].today(NOON).answered == 1


def test_a_target_that_changes_counts_from_then_on() -> None:
    figures = Figures({"general": TARGET}, KYIV)
    figures.add(a_wait(15))
    figures.adopt({"general": 10.0, "late": TARGET}, KYIV)
    figures.add(a_wait(15))
    today = figures["general"].today(NOON)
    assert (today.answered, today.within_target) == (2, 1)
    assert figures["late"].today(NOON).offered == 0
