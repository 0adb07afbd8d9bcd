"""Which share of the callers was answered in time, today and lately?

Denominators, since figures of different centres differ mostly by them:

- *service level* = answered within the target / offered calls whose outcome against the target is known: the answered,
  the abandoned (short abandons included), those that went elsewhere, and whoever still waits past the target, so that a
  queue which answers nobody shows 0 % and not the 100 % of its last good minute. Not in it: callers who wait within the
  target, and waits whose end we did not see. Among Cisco UCCE's three ways to count this is the strictest, "negative
  impact of abandoned calls", with its rule that a call counts once its outcome is known. NHS 111's 95 % in 60 s is a
  share of the answered only, so it is an easier figure than ours.
- *abandoned share* = abandoned after 5 s or more / offered; short abandons stand in the denominator only
  (docs/glossary.md). NHS 111 counts so too, from 30 s on (NHS 111 Minimum Data Set).
- *average speed of answer* (ASA) = seconds waited by the answered / the answered.

Callbacks are in none of them. A wait counts in the window in which it ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo

from metrics.waits import Wait, WaitEnd

LATELY_MINUTES = 30


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """Callers of one queue in one window. ``waiting``: are there now; ``overdue``: of those, past the target.

    ``answer_seconds`` is the sum of the waits of the answered; ``abandoned`` includes ``short_abandoned``.
    """

    answered: int = 0
    within_target: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    moved: int = 0
    answer_seconds: float = 0.0
    waiting: int = 0
    overdue: int = 0

    @property
    def offered(self) -> int:
        """Callers who entered the queue, however it ended, those who wait now included."""
        return self.answered + self.abandoned + self.moved + self.waiting

    @property
    def share(self) -> float | None:
        """The service level, 0-1; None while nothing is known of anybody."""
        known = self.answered + self.abandoned + self.moved + self.overdue
        return self.within_target / known if known else None

    @property
    def abandoned_share(self) -> float | None:
        """Abandoned after 5 s or more / offered, 0-1; None when nobody called."""
        return (self.abandoned - self.short_abandoned) / self.offered if self.offered else None

    @property
    def average_speed_of_answer(self) -> float | None:
        """Mean wait of the answered, in seconds; None when nobody was answered."""
        return self.answer_seconds / self.answered if self.answered else None

    def with_wait(self, wait: Wait, target_seconds: float) -> ServiceLevel:
        """These figures and one more ended wait; an unseen end changes nothing."""
        match wait.end:
            case WaitEnd.ANSWERED:
                return replace(
                    self,
                    answered=self.answered + 1,
                    within_target=self.within_target + (wait.seconds <= target_seconds),
                    answer_seconds=self.answer_seconds + wait.seconds,
                )
            case WaitEnd.ABANDONED:
                return replace(self, abandoned=self.abandoned + 1)
            case WaitEnd.SHORT_ABANDONED:
                return replace(self, abandoned=self.abandoned + 1, short_abandoned=self.short_abandoned + 1)
            case WaitEnd.MOVED:
                return replace(self, moved=self.moved + 1)
        return self

    def with_waiting(self, waits: Iterable[float], target_seconds: float) -> ServiceLevel:
        """These figures and the callers who wait now, each given by the seconds waited so far."""
        seconds = list(waits)
        return replace(self, waiting=len(seconds), overdue=sum(1 for waited in seconds if waited > target_seconds))

    def __add__(self, other: ServiceLevel) -> ServiceLevel:
        return ServiceLevel(
            self.answered + other.answered,
            self.within_target + other.within_target,
            self.abandoned + other.abandoned,
            self.short_abandoned + other.short_abandoned,
            self.moved + other.moved,
            self.answer_seconds + other.answer_seconds,
            self.waiting + other.waiting,
            self.overdue + other.overdue,
        )


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """One queue's ended waits: the local day's, and the last 30 minutes' by minute (epoch minute, figures), oldest
    first. The window moves in whole minutes, so "lately" is the present minute and the 29 before it."""

    target_seconds: float
    zone: tzinfo
    day: date | None = None
    of_day: ServiceLevel = ServiceLevel()
    by_minute: tuple[tuple[int, ServiceLevel], ...] = ()

    def with_wait(self, wait: Wait) -> QueueFigures:
        """These figures and one more ended wait; waits may come a little out of order, but not from an earlier day."""
        day = wait.ended_at.astimezone(self.zone).date()
        if self.day is not None and day < self.day:
            return self
        minute = _minute(wait.ended_at)
        minutes = dict(self.by_minute)
        minutes[minute] = minutes.get(minute, ServiceLevel()).with_wait(wait, self.target_seconds)
        kept = sorted(item for item in minutes.items() if item[0] > max(minutes) - LATELY_MINUTES)
        so_far = self.of_day if day == self.day else ServiceLevel()
        return replace(self, day=day, of_day=so_far.with_wait(wait, self.target_seconds), by_minute=tuple(kept))

    def today(self, now: datetime, waits: Iterable[float] = ()) -> ServiceLevel:
        """Figures of the local day of ``now``; ``waits`` are the seconds waited by those in the queue now."""
        figures = self.of_day if now.astimezone(self.zone).date() == self.day else ServiceLevel()
        return figures.with_waiting(waits, self.target_seconds)

    def lately(self, now: datetime, waits: Iterable[float] = ()) -> ServiceLevel:
        """Figures of the last 30 minutes; ``waits`` as in ``today``."""
        oldest = _minute(now) - LATELY_MINUTES
        figures = sum((level for minute, level in self.by_minute if minute > oldest), ServiceLevel())
        return figures.with_waiting(waits, self.target_seconds)


class Figures:
    """Every queue's figures, from ``targets`` (queue id to seconds) and the centre's time zone.

    They begin with the process; ``add`` takes waits from history too, oldest first, to make the day whole again.
    """

    def __init__(self, targets: Mapping[str, float], zone: tzinfo) -> None:
        self._queues = {queue: QueueFigures(target, zone) for queue, target in targets.items()}

    def __getitem__(self, queue: str) -> QueueFigures:
        return self._queues[queue]

    def adopt(self, targets: Mapping[str, float], zone: tzinfo) -> None:
        """From now on these queues count too; what was counted stays as it was judged then."""
        self._queues |= {
            queue: replace(self._queues.get(queue) or QueueFigures(target, zone), target_seconds=target, zone=zone)
            for queue, target in targets.items()
        }

    def add(self, wait: Wait) -> None:
        """Count one ended wait; one of a queue that is not configured is not counted."""
        figures = self._queues.get(wait.queue)
        if figures is not None:
            self._queues[wait.queue] = figures.with_wait(wait)


def _minute(at: datetime) -> int:
    return int(at.timestamp() // 60)
