"""What happens in a centre, event by event, when the same code that routes live calls decides on a virtual clock?

The world holds no rule of its own. Callers come, hang up and end their talks; agents begin and end their shifts; after
each of these, and when the floor says that time alone will change something, the router is asked and obeyed. Just
past 300 lines, since it is one value with a short method for each thing that happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any, NamedTuple

from calls.events import Duty
from calls.needs import Needs, together
from routing import agent as agents
from routing.agent import Agent, AgentState
from routing.assign import GiveWay, LastResort, Overflowed, Ring
from routing.waiting import Target, WaitingCall
from simulation.arrivals import Offer
from simulation.draws import Draw
from simulation.room import Routing
from simulation.scenario import SECOND, Scenario, clock, moment
from simulation.tally import Tally


class _Caller:
    """Someone who has come and is not yet talking; ``rung`` are those whose phones ring for them, after so many
    ``rings``.

    ``needs`` are the caller's own, whatever the queue asks besides.
    """

    __slots__ = ("at", "call", "call_id", "needs", "rings", "rung", "talk", "tally")

    def __init__(self, call: WaitingCall, at: int, needs: Needs, talk: int, tally: Tally) -> None:
        self.call, self.at, self.needs, self.talk, self.tally = call, at, needs, talk, tally
        self.call_id = call.call_id
        self.rung: tuple[str, ...] = ()
        self.rings = 0


class _Person:
    """How long an agent was there, and how long busy; moments and spans of the virtual clock, None: not now."""

    __slots__ = ("busy", "busy_since", "there", "there_since")

    def __init__(self) -> None:
        self.there = self.busy = 0
        self.there_since: int | None = None
        self.busy_since: int | None = None

    def settle(self, at: int) -> tuple[float, float]:
        """The seconds of presence and of work since they were settled last."""
        if self.there_since is not None:
            self.there, self.there_since = self.there + at - self.there_since, at
        if self.busy_since is not None:
            self.busy, self.busy_since = self.busy + at - self.busy_since, at
        there, busy = self.there / SECOND, self.busy / SECOND
        self.there = self.busy = 0
        return there, busy


class Span(NamedTuple):
    """What happened in one span: tallies by queue, and by agent the seconds of presence and of work."""

    tallies: Mapping[str, Tally]
    presence: Mapping[str, tuple[float, float]]


class World:
    """A centre on the virtual clock; ``offers`` are its callers (``arrivals.offers``), ``source`` is for pick-ups."""

    def __init__(self, scenario: Scenario, routing: Routing, offers: Iterator[Offer], source: Random) -> None:
        self.room = routing.room(scenario.queues)
        self.at = 0
        self._assign = routing.assign
        self._scenario = scenario
        self._offers = offers
        self._pick_up: Draw | None = scenario.pick_up.drawn_from(source) if scenario.pick_up else None
        self._events: list[tuple[int, int, Callable[[Any, datetime], None], Any]] = []
        self._serial = count(1)
        self._streams = [
            (group.queue, together(scenario.queues[group.queue].needs, group.needs)) for group in scenario.callers
        ]
        self._own_needs = [group.needs for group in scenario.callers]
        self._callers: dict[str, _Caller] = {}
        self._waiting = 0
        self._asked_for: datetime | None = None
        self._people = {agent_id: _Person() for agent_id in scenario.agents}
        self._tallies = self._new_tallies()
        for agent_id, profile in scenario.agents.items():
            self.room.agents[agent_id] = agents.reached(agents.off_duty(profile, moment(0)), True)
        for shift in scenario.shifts:  # whose next one begins at the end of another stays
            self._at(int(shift.end * SECOND), self._ends, shift.agent_id)
        for shift in scenario.shifts:
            self._at(int(shift.start * SECOND), self._begins, shift.agent_id)
        self._expect_caller()

    def run(self, until: float) -> Span:
        """Let everything before second ``until`` happen; tells of it since the last run ended."""
        self._advance(int(until * SECOND))
        span = Span(self._tallies, {agent_id: person.settle(self.at) for agent_id, person in self._people.items()})
        self._tallies = self._new_tallies()
        return span

    def drain(self, until: float) -> None:
        """Nobody comes any more; serve those who wait, until nobody does or second ``until`` is there."""
        self._offers = iter(())
        end = int(until * SECOND)
        while self._callers and self._events and self._events[0][0] < end:
            self._advance(self._events[0][0] + 1)

    @property
    def waiting(self) -> int:
        """How many callers wait, those for whom a phone rings not counted."""
        return self._waiting

    def _new_tallies(self) -> dict[str, Tally]:
        return {name: Tally(int(queue.target_seconds * SECOND)) for name, queue in self._scenario.queues.items()}

    def _advance(self, end: int) -> None:
        events = self._events
        while events and events[0][0] < end:
            self.at, _, happen, subject = heappop(events)
            happen(subject, moment(self.at))
        self.at = end

    def _at(self, at: int, happen: Callable[[Any, datetime], None], subject: Any) -> None:
        heappush(self._events, (at, next(self._serial), happen, subject))

    # --- what happens ---------------------------------------------------------------------------------------------

    def _expect_caller(self) -> None:
        offer = next(self._offers, None)
        if offer is not None:
            self._at(offer[0], self._comes, offer)

    def _comes(self, offer: Offer, now: datetime) -> None:
        at, stream, talk, patience = offer
        queue, needs = self._streams[stream]
        serial = next(self._serial)
        call_id = str(serial)
        tally = self._tallies[queue]
        call = WaitingCall(call_id=call_id, queue=queue, needs=needs, queued_at=now, waiting_since=now)
        caller = self._callers[call_id] = _Caller(call, at, self._own_needs[stream], talk, tally)
        self._waiting += 1
        self.room.put(call)
        self._decide(now)
        places = self._scenario.places
        if call_id in self._callers and not caller.rung and places is not None and self._waiting > places:
            tally.lost += 1
            self._forget(caller)
        else:
            tally.offered += 1
            if patience is not None and call_id in self._callers:
                self._at(at + patience, self._gives_up, caller)
        self._expect_caller()

    def _waits_on(self, caller: _Caller, now: datetime) -> None:
        if caller.call_id in self._callers and not caller.rung:
            self.room.put(caller.call)
            self._decide(now)

    def _gives_up(self, caller: _Caller, now: datetime) -> None:
        if caller.call_id not in self._callers:
            return
        caller.tally.hung_up.append(self.at - caller.at)
        for agent_id in caller.rung:
            self._is_free(agents.not_reached(self.room.agents[agent_id], caller.call_id, "CANCEL", now))
        self._forget(caller)
        self._decide(now)

    def _answers(self, picked_up: tuple[_Caller, int, str], now: datetime) -> None:
        caller, ring, agent_id = picked_up
        if caller.call_id in self._callers and caller.rung and caller.rings == ring:
            self._let_go(caller, agent_id, now)
            self._talks(caller, self.room.agents[agent_id], now)
            if len(caller.rung) > 1:
                self._decide(now)

    def _let_go(self, caller: _Caller, but: str, now: datetime) -> None:
        """The phones that ring for the caller together with this agent's stop."""
        for agent_id in caller.rung:
            if agent_id != but:
                self._is_free(agents.released(self.room.agents[agent_id], now, 0))

    def _hangs_up(self, ended: tuple[str, float], now: datetime) -> None:
        agent_id, wrap_up_seconds = ended
        agent = agents.released(self.room.agents[agent_id], now, wrap_up_seconds)
        if agent.state is AgentState.WRAP_UP and agent.wrap_up_until is not None:
            self.room.agents[agent_id] = agent
            self._at(clock(agent.wrap_up_until), self._wraps_up, agent_id)
        else:
            self._is_free(agent)
        self._decide(now)

    def _wraps_up(self, agent_id: str, now: datetime) -> None:
        agent = self.room.agents[agent_id]
        rested = agents.woke(agent, now)
        if rested is not agent:
            self._is_free(rested)
            self._decide(now)

    def _begins(self, agent_id: str, now: datetime) -> None:
        person = self._people[agent_id]
        person.there_since = self.at if person.there_since is None else person.there_since
        self.room.agents[agent_id] = agents.on_duty(self.room.agents[agent_id], Duty.READY, "", now)
        self._decide(now)

    def _ends(self, agent_id: str, now: datetime) -> None:
        agent = agents.on_duty(self.room.agents[agent_id], Duty.OFF, "", now)
        self.room.agents[agent_id] = agent
        if agent.state is AgentState.OFFLINE:
            self._is_free(agent)
        self._decide(now)

    def _time_has_come(self, deadline: datetime, now: datetime) -> None:
        if deadline == self._asked_for:
            self._asked_for = None
            self._decide(now)

    # --- what is decided ------------------------------------------------------------------------------------------

    def _decide(self, now: datetime) -> None:
        if not self._waiting:
            return
        for decision in self._assign(self.room, now):
            caller = self._callers[decision.call_id]
            match decision:
                case Ring(agent_id=agent_id, besides=besides):
                    self._rings(caller, (agent_id, *besides), now)
                case GiveWay(agent_id=agent_id, instead_of=call_id):
                    self._is_put_back(self._callers[call_id], agent_id, now)
                    self._rings(caller, (agent_id,), now)
                case Overflowed():
                    self._overflows(caller, decision, now)
                case LastResort():
                    self._is_sent_away(caller)
        deadline = self.room.next_deadline() if self._waiting else None
        if deadline is not None and deadline != self._asked_for:
            assert deadline > now, "a deadline that has passed would be asked for again and again"
            self._asked_for = deadline
            self._at(clock(deadline), self._time_has_come, deadline)

    def _rings(self, caller: _Caller, together: tuple[str, ...], now: datetime) -> None:
        """Who picks up at once leaves the others no time to ring."""
        caller.rung = together if self._pick_up else together[:1]
        caller.rings += 1
        self._waiting -= 1
        self.room.drop(caller.call_id)
        yields = not self._scenario.queues[caller.call.queue].emergency
        for agent_id in caller.rung:
            person = self._people[agent_id]
            person.busy_since = self.at if person.busy_since is None else person.busy_since
            agent = agents.reserve(self.room.agents[agent_id], caller.call_id, 1, now, yields=yields)
            if self._pick_up is None:
                self._talks(caller, agent, now)
            else:
                self.room.agents[agent_id] = agent
                self._at(self.at + int(self._pick_up() * SECOND), self._answers, (caller, caller.rings, agent_id))

    def _is_put_back(self, caller: _Caller, taken: str, now: datetime) -> None:
        """Once, even if two of the phones that rang for the caller are needed at this moment."""
        if caller.rung:
            self._let_go(caller, taken, now)
            caller.rung = ()
            self._waiting += 1
            self._at(self.at, self._waits_on, caller)

    def _talks(self, caller: _Caller, agent: Agent, now: datetime) -> None:
        del self._callers[caller.call_id]
        caller.tally.answered.append(self.at - caller.at)
        agent_id = agent.profile.agent_id
        self.room.agents[agent_id] = agents.answered(agent, caller.call_id, now)
        wrap_up = self._scenario.queues[caller.call.queue].wrap_up_seconds
        self._at(self.at + caller.talk, self._hangs_up, (agent_id, wrap_up))

    def _overflows(self, caller: _Caller, decision: Overflowed, now: datetime) -> None:
        if decision.to in (Target.CALLBACK, Target.VOICEMAIL, Target.LAST_RESORT):
            self._is_sent_away(caller)
            return
        call = caller.call
        if decision.to is Target.QUEUE:
            needs = together(self._scenario.queues[decision.queue].needs, caller.needs)
            call = replace(call, queue=decision.queue, needs=needs, waiting_since=now)
        caller.call = replace(call, overflowed=call.overflowed | {decision.to})
        self._at(self.at, self._waits_on, caller)

    def _is_sent_away(self, caller: _Caller) -> None:
        caller.tally.sent_away += 1
        self._forget(caller)

    def _forget(self, caller: _Caller) -> None:
        del self._callers[caller.call_id]
        if not caller.rung:
            self._waiting -= 1
            self.room.drop(caller.call_id)

    def _is_free(self, agent: Agent) -> None:
        """The agent works no more for a caller, and is there no more if off duty."""
        agent_id = agent.profile.agent_id
        self.room.agents[agent_id] = agent
        person = self._people[agent_id]
        if person.busy_since is not None:
            person.busy, person.busy_since = person.busy + self.at - person.busy_since, None
        if agent.state is AgentState.OFFLINE and person.there_since is not None:
            person.there, person.there_since = person.there + self.at - person.there_since, None
