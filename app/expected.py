"""How long must the last callers still wait? Worked out for one kind of call after the other, one at a tick.

An estimate costs milliseconds when hundreds wait, and callers' rings must not wait for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from routing.estimate import Estimate, Estimator, Expectation
from routing.pace import Kind

NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Expected:
    """By kind of call, a queue and what is asked for, when its ``turns`` were, and what was found then. A kind without
    callers has none, and one whose estimate failed has found nothing."""

    turns: dict[Kind, datetime] = field(default_factory=dict)
    _found: dict[Kind, Expectation] = field(default_factory=dict)

    def look(self, estimator: Estimator, at: datetime) -> None:
        """Estimate anew for the kind whose turn was the longest ago, or never."""
        kinds = estimator.kinds()
        self.turns = {kind: self.turns.get(kind, NEVER) for kind in kinds}
        self._found = {kind: found for kind, found in self._found.items() if kind in self.turns}
        if kinds:
            kind = min(kinds, key=self.turns.__getitem__)
            self.turns[kind] = at
            self._found.pop(kind, None)
            self._found[kind] = estimator.expectation(kind, at)

    def known(self) -> list[Expectation]:
        """What was found of every kind."""
        return list(self._found.values())

    def of(self, queue: str) -> Estimate | None:
        """The wait that the last caller of the queue has still before them."""
        found = [one for one in self._found.values() if one.call.queue == queue]
        return max(found, key=lambda one: (one.call.queued_at, one.call.call_id)).said if found else None
