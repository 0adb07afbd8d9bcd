"""Who waits and who is free? All of it filed so that a decision looks at few of them.

The floor is told what is so: an agent is set, a caller put or dropped. What follows, also from the passing of time, is
worked out by ``look``, which ``assign`` does first; between two looks nothing moves. The same happenings in the same
order give the same decisions, and an order within one moment matters only to what the last callers have asked for.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, MutableMapping
from datetime import datetime, timedelta
from types import MappingProxyType

from calls.events import Duty
from calls.hours import is_open
from calls.needs import Needs, together
from routing.agent import Agent, can_serve
from routing.classes import CallClass, Classes
from routing.in_turn import SECOND, InTurn, moment, time_of
from routing.overflow import least, looked_at_after
from routing.relaxing import step_after
from routing.roster import Roster
from routing.waiting import Queue, WaitingCall, When

MINUTE = timedelta(minutes=1)


class Waiter:
    """One caller as filed: ``step`` of relaxation and ``alike`` (the class) are of the last look.

    ``since`` and ``back`` begin the present wait and the clock of the last resort. ``new`` until a look has been
    followed by a decision, or by none.
    """

    __slots__ = ("alike", "back", "call", "new", "queue", "queued", "since", "step")

    def __init__(self, call: WaitingCall, queue: Queue, alike: CallClass, new: bool) -> None:
        self.call = call
        self.queue = queue
        self.queued = moment(call.queued_at)
        self.since = moment(call.waiting_since)
        self.back = moment(call.back_since or call.waiting_since)
        self.step = 0
        self.alike = alike
        self.new = new


class Floor:
    """Who waits and who is free: calls of equal (queue, needs now) form one class, agents of equal (skills, grade) one
    profile. ``queues`` by id, as configured."""

    def __init__(self, queues: Mapping[str, Queue], agents: Iterable[Agent] = ()) -> None:
        self.queues = queues
        self._classes = Classes(queues)
        self.roster = Roster(self._classes, agents)
        self.waiters: dict[str, Waiter] = {}
        self._calls: dict[str, WaitingCall] = {}
        self._places: dict[str, list[tuple[int, str]]] = {queue_id: [] for queue_id in queues}
        self._changed: dict[str, None] = {}
        self._later = InTurn()
        self._wishes: dict[str, dict[str, None]] = {}
        self._looked_after = {queue_id: looked_at_after(queue) for queue_id, queue in queues.items()}
        at_once = [queue_id for queue_id, queue in queues.items() if queue.emergency and queue.relaxation]
        self._relaxing_at_once = [self._places[queue_id] for queue_id in at_once]
        self._kept_hours = [q for q in queues.values() if q.hours and any(r.when is When.CLOSED for r in q.overflow)]
        self._open: dict[str, bool] = {}
        self._next_minute: datetime | None = None

    @property
    def agents(self) -> MutableMapping[str, Agent]:
        """Agents by id; setting one files them anew."""
        return self.roster

    @property
    def waiting(self) -> Mapping[str, WaitingCall]:
        """Who waits, by call id."""
        return MappingProxyType(self._calls)

    def put(self, call: WaitingCall) -> None:
        """The caller waits, or something about them has changed; raises KeyError for a queue that is not configured."""
        queue, before = self.queues[call.queue], self.waiters.get(call.call_id)
        if before is not None:
            if before.call == call:
                return
            self._take_out(before)
        moved = before is None or before.call.queue != call.queue
        alike = self._classes.class_after(call.queue, _asked(call, queue), 0)
        new = (moved and not call.in_last_resort) or (before is not None and before.new)
        waiter = Waiter(call, queue, alike, new)
        self.waiters[call.call_id] = waiter
        self._calls[call.call_id] = call
        insort(self._places[call.queue], (waiter.queued, call.call_id))
        if call.preferred:
            self._wishes.setdefault(call.preferred, {})[call.call_id] = None
        if moved:
            self._classes.came(call.needs)
        self._changed[call.call_id] = None

    def drop(self, call_id: str) -> None:
        """The caller waits no longer: is rung for, gone, or with somebody else. Unknown ids do nothing."""
        waiter = self.waiters.pop(call_id, None)
        if waiter is not None:
            del self._calls[call_id]
            self._take_out(waiter)
            self._later.drop(call_id)
            self._changed.pop(call_id, None)

    def _take_out(self, waiter: Waiter) -> None:
        call = waiter.call
        waiter.alike.waiting.drop(call.call_id)
        places = self._places[call.queue]
        del places[bisect_left(places, (waiter.queued, call.call_id))]
        if call.preferred:
            wishes = self._wishes[call.preferred]
            del wishes[call.call_id]
            if not wishes:
                del self._wishes[call.preferred]

    def renewed(self, queues: Mapping[str, Queue], agents: Iterable[Agent]) -> Floor:
        """The same callers among these queues and agents; those of a queue that is gone are left out.

        Who has been looked at before does not count as having only just come.
        """
        floor = Floor(queues, agents)
        for call in self._calls.values():
            if call.queue in queues:
                floor.put(call)
                floor.waiters[call.call_id].new = self.waiters[call.call_id].new
        return floor

    def position(self, call_id: str) -> int:
        """The caller's place among those of the queue, 1 for the next; raises KeyError for one who does not wait."""
        waiter = self.waiters[call_id]
        return bisect_left(self._places[waiter.call.queue], (waiter.queued, call_id)) + 1

    def next_deadline(self) -> datetime | None:
        """When ``assign`` must be asked again though nothing has happened; None if time alone changes nothing.

        A wrap-up ends by setting the agent, and is not in it.
        """
        ahead = [at for at in (self._later.first and self._later.first[0], self.roster.next_deadline()) if at]
        if self._next_minute is not None and any(self._places[queue.queue_id] for queue in self._kept_hours):
            ahead.append(moment(self._next_minute))
        return time_of(min(ahead)) if ahead else None

    def too_few_for_others(self) -> list[str]:
        """The emergency queues whose reserve keeps everybody who is there from a caller in no emergency who waits."""
        return [reserve.queue_id for reserve in self._classes.in_the_way()]

    def is_closed(self, queue: Queue) -> bool:
        """Whether the hours of a queue that keeps them were over at the last look."""
        return not self._open.get(queue.queue_id, True)

    def somebody_to_wait_for(self, queue_id: str, needs: Needs, now: datetime) -> bool:
        """Whether who asks for this may hope for a person: the queue is open, and whoever could serve the call in the
        end is on duty. Raises KeyError for a queue that is not configured."""
        queue = self.queues[queue_id]
        alike = self._classes.class_after(queue_id, needs, len(queue.relaxation))
        return (queue.hours is None or is_open(queue.hours, now)) and alike.somebody_on_duty()

    def look(self, now: datetime) -> list[Waiter]:
        """File what has changed and what time has brought; the callers to be looked at, in no order that matters."""
        at = moment(now)
        self._look_at_hours(now)
        for agent_id in self.roster.look(now):
            self._changed.update(self._wishes.get(agent_id, ()))
        self._look_at_who_is_left()
        if self.roster.shifted:
            self.roster.shifted = False
            self._changed.update((call_id, None) for places in self._relaxing_at_once for _, call_id in places)
        while self._later.first is not None and self._later.first[0] <= at:
            call_id = self._later.first[1]
            self._later.drop(call_id)
            self._changed[call_id] = None
        looked_at = [self.waiters[call_id] for call_id in self._changed]
        self._changed.clear()
        for waiter in looked_at:
            self._file(waiter, at)
        return looked_at

    def set_aside(self, waiter: Waiter) -> None:
        """The caller has been decided upon, and competes no more until the next look."""
        waiter.alike.waiting.drop(waiter.call.call_id)
        self._changed[waiter.call.call_id] = None

    def waits_for_preferred(self, waiter: Waiter, at: int) -> bool:
        """Whether the caller has patience left, and the preferred agent is on duty and busy."""
        call, queue = waiter.call, waiter.queue
        if call.preferred is None or not call.patient or queue.emergency or call.in_fallback or call.in_last_resort:
            return False
        agent = self.roster.get(call.preferred)
        return (
            agent is not None
            and agent.duty is Duty.READY
            and agent.reachable
            and agent.missed != call.call_id
            and (at - waiter.since) / SECOND < queue.preferred_seconds
            and self.roster.profile_if_free(call.preferred) is None
            and can_serve(agent.profile, waiter.alike.needs)
        )

    def _file(self, waiter: Waiter, at: int) -> None:
        call = waiter.call
        waited = at - waiter.since
        waiter.step, alike = self._class_now(call, waiter.queue, waited / SECOND)
        if alike is not waiter.alike:
            waiter.alike.waiting.drop(call.call_id)
            waiter.alike = alike
        if call.preferred is not None and self.waits_for_preferred(waiter, at):
            waiter.alike.waiting.drop(call.call_id)
        else:
            waiter.alike.waiting.put(waiter.queued, call.call_id)
        due = [waiter.since + after for after in self._looked_after[call.queue] if after > waited][:1]
        resort = waiter.back + least(waiter.queue.last_resort.after_seconds)
        following = min(due + [resort] * (resort > at), default=None)
        if following is not None:
            self._later.put(following, call.call_id)

    def _class_now(self, call: WaitingCall, queue: Queue, waited: float) -> tuple[int, CallClass]:
        """The step in force and the class after it. Who is in need waits for no step before which nobody on duty could
        serve them, if somebody can after it."""
        asked = _asked(call, queue)
        step = 0 if call.in_fallback else step_after(queue, waited)
        alike = self._classes.class_after(call.queue, asked, step)
        if queue.emergency and not call.in_fallback and not alike.somebody_on_duty():
            for sooner in range(step + 1, len(queue.relaxation) + 1):
                relaxed = self._classes.class_after(call.queue, asked, sooner)
                if relaxed.somebody_on_duty():
                    return sooner, relaxed
        return step, alike

    def _look_at_who_is_left(self) -> None:
        """Callers for whom nobody is there any more are looked at, also those who wait for their preferred agent."""
        alone = [alike for alike in self.roster.left if not alike.somebody_on_duty()]
        self.roster.left.clear()
        for alike in alone:
            self._changed.update((call_id, None) for _, call_id in alike.waiting)
        if alone:
            wishing = (call_id for wishes in self._wishes.values() for call_id in wishes)
            self._changed.update((call_id, None) for call_id in wishing if self.waiters[call_id].alike in alone)

    def _look_at_hours(self, now: datetime) -> None:
        """Queues open and close on the minute; the callers of one that has closed are looked at."""
        if not self._kept_hours or (
            self._next_minute is not None and self._next_minute - MINUTE <= now < self._next_minute
        ):
            return
        self._next_minute = now.replace(second=0, microsecond=0) + MINUTE
        for queue in self._kept_hours:
            was_open = self._open.get(queue.queue_id, True)
            self._open[queue.queue_id] = queue.hours is None or is_open(queue.hours, now)
            if was_open and not self._open[queue.queue_id]:
                self._changed.update((call_id, None) for _, call_id in self._places[queue.queue_id])


def _asked(call: WaitingCall, queue: Queue) -> Needs:
    """Of a caller whom app_queue holds: it rings only who meets the needs of the queue, and knows no relaxation."""
    return together(queue.needs, call.needs) if call.in_fallback else call.needs
