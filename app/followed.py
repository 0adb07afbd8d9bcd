"""Would the same facts lead to the same decisions again? They are followed with the code that routes live calls.

What a handler yields is dropped: whatever followed was stored, and has its own turn. Ticks are not stored: one is put
in where a fact or a decision can only have come of it. The state follows what was decided then, so that one difference
brings no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, Protocol

from app.deciding import decide, told_of
from app.handlers import HANDLERS
from app.state import Centre
from app.time_alone import NOT_BEGUN
from calls.events import CommandFailed, DeadlineReached, Decided, Event, Tick, WrapUpEnded
from routing.assign import Decision, GiveWay, LastResort, Overflowed, Ring, assign
from routing.explain import Reason
from routing.floor import Floor
from routing.waiting import Target

FOLLOWED: Final = frozenset({*HANDLERS, Decided, WrapUpEnded} - {DeadlineReached, Tick})
"""The types of facts that decisions follow from, or are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What was decided ``then`` upon a call at that moment and what would be decided ``now``; None for nothing."""

    at: datetime
    call_id: str
    then: Decided | None
    now: Decided | None


class Watch(Protocol):
    """Told how the centre stood; must change nothing."""

    def decided(self, centre: Centre, decisions: Sequence[Decision], at: datetime) -> None:
        """These are about to be carried out."""

    def seen(self, centre: Centre, event: Event) -> None:
        """The fact is about to be handled."""


class Followed:
    """A centre that follows stored facts: ``centre`` as it was then, ``decisions`` counted, ``differences`` found."""

    def __init__(self, centre: Centre, watch: Watch | None = None) -> None:
        self.centre = centre
        self.decisions = 0
        self.differences: list[Difference] = []
        self._watch = watch
        self._untaken: list[Decided] = []
        self._forced: Decided | None = None
        self._differed: dict[str, tuple[str, str | None] | None] = {}

    def follow(self, events: Iterable[Event]) -> None:
        """Facts of one run in their order, at least all of one moment at a time: a decision is stored after what it
        followed from."""
        for _, together in groupby(events, key=lambda event: event.at):
            self._moment(list(together))

    def _moment(self, together: list[Event]) -> None:
        self._untaken = [event for event in together if isinstance(event, Decided)]
        self.decisions += len(self._untaken)
        ticked = False
        for event in together:
            if self._watch:
                self._watch.seen(self.centre, event)
            if isinstance(event, Decided):
                if any(event is one for one in self._untaken):
                    self._forced = event
                    self._handle(Tick(at=event.at), ())
                    self._forced = None
            else:
                if _came_of_tick(event) and not ticked:
                    ticked = True
                    self._handle(Tick(at=event.at), HANDLERS)
                self._handle(event, HANDLERS)

    def _handle(self, event: Event, known: Iterable[type[Event]]) -> None:
        """As the engine does: a fact that cannot be handled decides nothing."""
        try:
            if type(event) in known:
                list(HANDLERS[type(event)](self.centre, event))
        except Exception:
            return
        list(decide(self.centre, event, self._asked))

    def _asked(self, floor: Floor, at: datetime) -> list[Decision]:
        carried = []
        for decision in assign(floor, at):
            now = told_of(self.centre.calls[decision.call_id], decision, at)
            if now is None or (then := self._taken(now)) == now:
                carried.append(decision)
            else:
                self._differ(at, now.call_id, then, now)
                carried += self._as_it_was(then)
        if self._forced and any(self._forced is one for one in self._untaken):
            self._untaken.remove(self._forced)
            self._differ(at, self._forced.call_id, self._forced, None)
            carried += self._as_it_was(self._forced)
        if self._watch:
            self._watch.decided(self.centre, carried, at)
        return carried

    def _taken(self, now: Decided) -> Decided | None:
        then = next((one for one in self._untaken if one.call_id == now.call_id), None)
        if then:
            self._untaken.remove(then)
        return then

    def _differ(self, at: datetime, call_id: str, then: Decided | None, now: Decided | None) -> None:
        """What is not carried out is found again at every turn, and told once."""
        found = (now.decision, now.agent_id) if now else None
        if then is not None or self._differed.get(call_id) != found:
            self.differences.append(Difference(at=at, call_id=call_id, then=then, now=now))
        self._differed[call_id] = found

    def _as_it_was(self, then: Decided | None) -> Iterator[Decision]:
        """The stored decision, if it can still be carried out."""
        if then is None or then.call_id not in self.centre.calls:
            return
        reason = Reason(then.reason)
        agent = self.centre.agents.get(then.agent_id or "")
        if then.decision == "ring" and agent:
            agent_id, rung_for = agent.profile.agent_id, agent.call_id
            if reason is Reason.GAVE_WAY and rung_for:
                yield GiveWay(then.call_id, agent_id, reason, then.step, rung_for)
            else:
                besides = tuple(one for one in then.besides if one in self.centre.agents)
                yield Ring(then.call_id, agent_id, reason, then.step, besides)
        elif then.decision == "last-resort":
            yield LastResort(then.call_id, reason)
        elif then.decision != "ring":
            to = Target(then.decision)
            yield Overflowed(then.call_id, to, then.queue if to is Target.QUEUE else "", reason)


def _came_of_tick(event: Event) -> bool:
    return isinstance(event, WrapUpEnded) or (isinstance(event, CommandFailed) and event.reason == NOT_BEGUN)
