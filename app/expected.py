"""How long must the last caller of each queue still wait? Worked out queue by queue, one at a tick.

An estimate costs milliseconds when hundreds wait, and callers' rings must not wait for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from routing.estimate import Estimate, Estimator


@dataclass(slots=True)
class Expected:
    """By queue the last estimate, and when it was made; None where it could not be said. A queue without callers has
    none."""

    waits: dict[str, tuple[datetime, Estimate | None]]

    def look(self, estimator: Estimator, at: datetime) -> None:
        """Estimate anew for the queue of which the estimate is oldest, or that has none yet."""
        callers = sorted(estimator.last_callers(), key=lambda call: (call.queued_at, call.call_id))
        last = {call.queue: call for call in callers}
        self.waits = {queue: told for queue, told in self.waits.items() if queue in last}
        if last:
            new = [queue for queue in last if queue not in self.waits]
            oldest = new[0] if new else min(self.waits, key=lambda queue: self.waits[queue][0])
            self.waits[oldest] = (at, None)  # it stays so if it cannot be worked out
            self.waits[oldest] = (at, estimator.estimate(last[oldest], at))

    def of(self, queue: str) -> Estimate | None:
        """The wait that the last caller of the queue has still before them."""
        return self.waits.get(queue, (None, None))[1]
