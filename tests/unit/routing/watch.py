"""What did the router know and decide, and what happened before? All that the laws of routing are held against.

Agents and calls are read here without asking the router, so that no fault in its rules excuses itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from calls.events import (
    AgentAnswered,
    AgentNotReached,
    AgentRinging,
    CallEnded,
    CallerQueued,
    CallStarted,
    Duty,
    DutyChanged,
    Event,
    TalkEnded,
)
from calls.needs import Needs
from routing.agent import Agent, AgentProfile, AgentState, Grade
from routing.assign import GiveWay, LastResort, LeaveToFallback, Overflowed, Ring
from routing.waiting import Queue, WaitingCall
from tests.builders import seconds
from tests.unit.routing.house import Asking, House
from tests.unit.routing.naive import relaxed
from tests.unit.routing.sample_centre import PROFILES, QUEUES

LEFT_ALONE: Final = {"NOANSWER": 5.0, "BUSY": 5.0}
"""Seconds after a ring in vain, by DIALSTATUS, in which only an emergency rings again, and not within the first."""
RESERVED: Final = QUEUES["emergency"]


@dataclass
class Chosen:
    """One ring of an asking: ``undecided`` calls and ``untaken`` agents were left when it was its turn.

    ``gives_way``: the agent's phone rang for another call. ``besides``: together with the agent chosen first.
    """

    call: WaitingCall
    needs: Needs
    agent: Agent
    gives_way: bool
    undecided: list[WaitingCall]
    untaken: list[Agent]
    besides: bool = False

    @property
    def queue(self) -> Queue:
        return QUEUES[self.call.queue]


class Watch:
    """Looks at each asking, keeps what it must remember of the facts, and holds ``laws`` against them."""

    def __init__(self, laws: list[Callable[[Watch], None]]) -> None:
        self._laws = laws
        self.house: House
        self.asking: Asking
        self.at: datetime
        self.rings: list[Chosen] = []
        self.decided: set[str] = set()
        self.taken: set[str] = set()
        self.before: tuple[dict[str, WaitingCall], dict[str, Agent]] | None = None
        self.started: set[str] = set()
        self.ended: Counter[str] = Counter()
        self.talks: dict[str, str] = {}
        self.queues: dict[str, str] = {}
        self.in_vain: dict[str, AgentNotReached] = {}
        self.misses: Counter[str] = Counter()
        self.silent: set[str] = set()
        self.wrap_up: dict[str, datetime] = {}
        self.answered: dict[str, list[datetime]] = {agent_id: [] for agent_id in PROFILES}

    def __call__(self, house: House, asking: Asking) -> None:
        self.house, self.asking, self.at = house, asking, asking.fact.at
        self._remember(asking.fact)
        self.decided = {one.call_id for one in asking.decisions}
        self.taken = {one.agent_id for one in asking.decisions if not isinstance(one, LastResort | Overflowed)}
        self.taken |= {agent_id for one in asking.decisions if isinstance(one, Ring) for agent_id in one.besides}
        self.rings = list(self._rings()) if self.taken else []
        for law in self._laws:
            try:
                law(self)
            except AssertionError as breach:
                raise AssertionError(f"broken: {law.__name__}") from breach
        for ring in self.rings:
            self.wrap_up.pop(ring.agent.profile.agent_id, None)  # an emergency ends it, also if the ring never begins
        if asking.asked:
            self.before = None if asking.decisions else (asking.waiting, asking.agents)

    def _rings(self) -> Iterator[Chosen]:
        undecided, untaken = dict(self.asking.waiting), dict(self.asking.agents)
        for one in self.asking.decisions:
            call, _ = self.asking.waiting[one.call_id], undecided.pop(one.call_id, None)
            if isinstance(one, LeaveToFallback):
                untaken.pop(one.agent_id, None)
            elif isinstance(one, Ring | GiveWay):
                agent, _ = self.asking.agents[one.agent_id], untaken.pop(one.agent_id, None)
                needs = needs_now(self, call)
                left = (list(undecided.values()), list(untaken.values()))
                yield Chosen(call, needs, agent, isinstance(one, GiveWay), *left)
        for one in self.asking.decisions:
            for agent_id in one.besides if isinstance(one, Ring) else ():
                call, agent = self.asking.waiting[one.call_id], self.asking.agents[agent_id]
                untaken.pop(agent_id, None)
                needs = needs_now(self, call)
                left = (list(undecided.values()), list(untaken.values()))
                yield Chosen(call, needs, agent, False, *left, besides=True)

    def _remember(self, fact: Event) -> None:
        match fact:
            case CallStarted(call_id=call_id):
                self.started.add(call_id)
            case CallerQueued(call_id=call_id, queue=queue):
                self._talk_is_over(call_id)
                self.queues[call_id] = queue
            case CallEnded(call_id=call_id):
                self._talk_is_over(call_id)
                self.ended[call_id] += 1
            case TalkEnded(call_id=call_id):
                self._talk_is_over(call_id)
            case AgentRinging(agent_id=agent_id):
                self.wrap_up.pop(agent_id, None)
            case AgentAnswered(call_id=call_id, agent_id=agent_id):
                self.talks[call_id] = agent_id
                self.answered[agent_id].append(fact.at)
                self._is_there(agent_id)
            case DutyChanged(agent_id=agent_id, duty=duty, reason=reason):
                self._is_there(agent_id)
                if reason != "no-answer" and duty is Duty.READY:
                    self.silent.discard(agent_id)
            case AgentNotReached(agent_id=agent_id, dial_status=status) if status in LEFT_ALONE:
                if self._is_promised(agent_id):
                    return
                self.in_vain[agent_id] = fact
                self.misses[agent_id] += status == "NOANSWER"
                too_often = 0 < QUEUES[self.queues[fact.call_id]].misses_before_pause <= self.misses[agent_id]
                if too_often and not self._last_for_emergencies(agent_id):
                    self.silent.add(agent_id)

    def _is_promised(self, agent_id: str) -> bool:
        """Whether the agent has already been given to a more pressing call when news of the last one comes."""
        return self.asking.agents[agent_id].call_id is not None

    def _last_for_emergencies(self, agent_id: str) -> bool:
        """Whether this agent can serve emergencies, and nobody else does who is ready and has a phone."""
        able = [name for name, one in PROFILES.items() if can_serve(one, RESERVED.needs)]
        agents = self.asking.agents
        ready = [name for name in able if agents[name].duty is Duty.READY and agents[name].reachable]
        return agent_id in able and not set(ready) - {agent_id}

    def _is_there(self, agent_id: str) -> None:
        self.wrap_up.pop(agent_id, None)
        self.in_vain.pop(agent_id, None)
        self.misses[agent_id] = 0

    def _talk_is_over(self, call_id: str) -> None:
        agent_id = self.talks.pop(call_id, None)
        if agent_id is not None and not self._is_promised(agent_id):
            self.wrap_up[agent_id] = self.at + seconds(QUEUES[self.queues[call_id]].wrap_up_seconds)


def can_serve(profile: AgentProfile, asked: Needs) -> bool:
    has, grades = (
        dict(profile.skills),
        [f"grade:{grade}" for grade in list(Grade)[: list(Grade).index(profile.grade) + 1]],
    )
    return all(skill in grades or has.get(skill, 0) >= level for skill, level in asked)


def is_free(agent: Agent, at: datetime) -> bool:
    there = agent.duty is Duty.READY and agent.reachable and not agent.phone_in_use
    return there and agent.state is AgentState.READY and (agent.not_before is None or agent.not_before <= at)


def only_rests(agent: Agent, at: datetime) -> bool:
    there = agent.duty is Duty.READY and agent.reachable and not agent.phone_in_use
    rests = agent.state is AgentState.READY and (agent.not_before is None or at - agent.since >= seconds(1))
    return there and (rests or agent.state is AgentState.WRAP_UP)


def rings_for_no_emergency(watch: Watch, agent: Agent) -> bool:
    """Whether we ring the agent for a call that must give way; rings of app_queue and of transfers are not ours."""
    call = watch.house.centre.calls.get(agent.call_id or "")
    ours = call is not None and not QUEUES[call.queue].emergency and bool(agent.attempt)
    return ours and agent.state is AgentState.RINGING and agent.duty is Duty.READY and agent.reachable


def open_to_others(agent: Agent, agents: list[Agent], at: datetime) -> bool:
    """Whether the reserve of the emergency queue leaves this one of these agents to others."""
    if not can_serve(agent.profile, RESERVED.needs):
        return True
    return sum(can_serve(one.profile, RESERVED.needs) and is_free(one, at) for one in agents) > RESERVED.reserve


def is_patient(watch: Watch, call: WaitingCall, needs: Needs) -> bool:
    """Whether the call waits for its preferred agent, who is there and busy, or has just been taken."""
    queue, wished = QUEUES[call.queue], watch.asking.agents.get(call.preferred or "")
    ours = call.patient and not queue.emergency and not call.in_fallback and not call.in_last_resort
    if wished is None or not ours or wished.missed == call.call_id:
        return False
    free = is_free(wished, watch.at) and call.preferred not in watch.taken
    busy = wished.duty is Duty.READY and wished.reachable and not free
    left = (watch.at - call.waiting_since).total_seconds() < queue.preferred_seconds
    return busy and left and can_serve(wished.profile, needs)


def needs_now(watch: Watch, call: WaitingCall) -> Needs:
    """What the call asks for still."""
    return relaxed(call, QUEUES[call.queue], watch.at, watch.asking.agents.values())[1]


def would_take(watch: Watch, call: WaitingCall, agent: Agent) -> bool:
    """Whether the call, were it its turn, would take just this agent rather than none."""
    needs = needs_now(watch, call)
    undisturbed = call.in_last_resort and agent.missed == call.call_id
    ours = not call.in_fallback and not undisturbed and not is_patient(watch, call, needs)
    return ours and can_serve(agent.profile, needs)
