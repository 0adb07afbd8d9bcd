"""How were the callers of one queue served? Each counts where they came, however late their wait ends.

Shares are of the *offered*, the callers who entered the queue; those who found no place to wait are *lost*, a share of
all who came. The service level counts abandoned callers against us, as `metrics/service_level.py` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from simulation.scenario import SECOND

SHORT = 5 * SECOND
"""An abandon sooner than this is short, and no fault of ours (docs/glossary.md)."""


@dataclass(slots=True)
class Tally:
    """Callers of one queue who came in one span; ``target`` and all waits are in microseconds.

    ``answered`` and ``hung_up`` hold the waits that ended so. ``sent_away``: to voicemail, a callback, or the last
    resort. Who is in none of these is waiting still.
    """

    target: int
    offered: int = 0
    lost: int = 0
    sent_away: int = 0
    answered: list[int] = field(default_factory=list)
    hung_up: list[int] = field(default_factory=list)

    @property
    def came(self) -> int:
        """Everybody who called, those lost included."""
        return self.offered + self.lost

    def service_level(self) -> float | None:
        """The share of the offered who were answered within the target."""
        return self._of_offered(sum(wait <= self.target for wait in self.answered))

    def lost_share(self) -> float | None:
        """The share of all who came that found no place to wait."""
        return self.lost / self.came if self.came else None

    def abandoned_share(self) -> float | None:
        """The share of the offered who hung up while waiting, however soon."""
        return self._of_offered(len(self.hung_up))

    def long_abandoned_share(self) -> float | None:
        """The share of the offered who hung up after 5 s or more: the figure of reports."""
        return self._of_offered(sum(wait >= SHORT for wait in self.hung_up))

    def sent_away_share(self) -> float | None:
        """The share of the offered who went to voicemail, a callback or the last resort."""
        return self._of_offered(self.sent_away)

    def waited_share(self) -> float | None:
        """The share of those whose wait ended that were not served at once."""
        ended = len(self.answered) + len(self.hung_up)
        return (sum(map(bool, self.answered)) + len(self.hung_up)) / ended if ended else None

    def mean_wait(self) -> float | None:
        """Seconds, over all whose wait ended, by an answer or by hanging up; those served at once included."""
        ended = len(self.answered) + len(self.hung_up)
        return (sum(self.answered) + sum(self.hung_up)) / SECOND / ended if ended else None

    def wait_percentile(self, share: float) -> float | None:
        """Seconds within which this share (0-1) of the waits ended."""
        waits = sorted([*self.answered, *self.hung_up])
        return waits[min(len(waits) - 1, int(share * len(waits)))] / SECOND if waits else None

    def _of_offered(self, count: int) -> float | None:
        return count / self.offered if self.offered else None


def together(tallies: Iterable[Tally]) -> Tally:
    """One tally of the callers of several spans of one queue; waits keep the target of the first."""
    whole: Tally | None = None
    for tally in tallies:
        whole = whole or Tally(tally.target)
        whole.offered += tally.offered
        whole.lost += tally.lost
        whole.sent_away += tally.sent_away
        whole.answered += tally.answered
        whole.hung_up += tally.hung_up
    return whole or Tally(0)
