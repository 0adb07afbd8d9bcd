"""What does the centre remember of its menus? Whom somebody must ring back, and how the menus ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo

from calls.callbacks import CallbackKind
from ivr.dialogue import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """Somebody is to be rung back; at which number, SQL alone tells."""

    callback_id: str
    call_id: str
    kind: CallbackKind
    queue: str
    line: str
    lang: str
    at: datetime


@dataclass(slots=True)
class MenuCounts:
    """How menus ended: ``ever`` since the process began, and ``of_day`` on the local ``day``."""

    ever: Counter[str] = field(default_factory=Counter)
    of_day: Counter[str] = field(default_factory=Counter)
    day: date | None = None

    def add(self, outcome: str, at: datetime, zone: tzinfo) -> None:
        self.ever[outcome] += 1
        self._turn(at, zone)
        self.of_day[outcome] += 1

    def recall(self, of_day: Mapping[str, int], now: datetime, zone: tzinfo) -> None:
        """The day so far, as history knows it."""
        self._turn(now, zone)
        self.of_day.update(of_day)

    def today(self, now: datetime, zone: tzinfo) -> tuple[int, int]:
        """Menus that ended today, and those of them whose callers were served without an agent."""
        self._turn(now, zone)
        return self.of_day.total(), self.of_day[Outcome.SELF_SERVED]

    def _turn(self, at: datetime, zone: tzinfo) -> None:
        day = at.astimezone(zone).date()
        if self.day is None or day > self.day:
            self.day, self.of_day = day, Counter()
