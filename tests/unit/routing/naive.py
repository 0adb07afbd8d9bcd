"""What would routing decide if it looked at every call and every agent? Slow, readable, and right by inspection.

The oracle of test_floor_model.py: the same rules as in routing/assign.py but without any index.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from calls.events import Duty
from calls.hours import is_open
from calls.needs import Needs, together
from routing.agent import Agent, Grade, can_serve, gives_way, is_free, is_there, rests
from routing.assign import Decision, GiveWay, LastResort, LeaveToFallback, Overflowed, Ring
from routing.explain import Reason
from routing.overflow import REASONS
from routing.waiting import Overflow, Queue, Relaxation, Target, WaitingCall, When

LAST_CALLERS = 1000
COMPARED = 16


@dataclass
class NaiveFloor:
    """All that the decisions depend on; ``new`` are calls that came after the last decision, ``asked`` the needs of all
    who ever came, in order."""

    queues: Mapping[str, Queue]
    agents: dict[str, Agent] = field(default_factory=dict)
    waiting: dict[str, WaitingCall] = field(default_factory=dict)
    new: set[str] = field(default_factory=set)
    asked: list[Needs] = field(default_factory=list)

    def put(self, call: WaitingCall) -> None:
        before = self.waiting.get(call.call_id)
        if before is None or before.queue != call.queue:
            if not call.in_last_resort:
                self.new.add(call.call_id)
            self.asked.append(call.needs)
        self.waiting[call.call_id] = call

    def drop(self, call_id: str) -> None:
        self.waiting.pop(call_id, None)
        self.new.discard(call_id)


def assign_naively(floor: NaiveFloor, now: datetime) -> list[Decision]:
    """Serve every call in order, each with the best of all agents who are still untaken."""
    taken: set[str] = set()
    decisions = []
    for call in in_order(floor.waiting.values(), floor.queues, now):
        decision = decide(floor, call, now, taken)
        if decision is not None:
            decisions.append(decision)
            taken.add(getattr(decision, "agent_id", ""))
    floor.new.clear()
    return [rung_together(floor, one, now, taken) if isinstance(one, Ring) else one for one in decisions]


def rung_together(floor: NaiveFloor, ring: Ring, now: datetime, taken: set[str]) -> Ring:
    """Whom of those who are left besides, one after the other; nobody where an agent is preferred or outside."""
    call = floor.waiting[ring.call_id]
    queue, asked = floor.queues[call.queue], relaxed(call, floor.queues[call.queue], now, floor.agents.values())[1]
    besides: list[str] = []
    if ring.reason is Reason.PREFERRED or floor.agents[ring.agent_id].profile.extension is None:
        return ring
    for _ in range(queue.ring_at_once - 1):
        free = [agent for agent_id, agent in floor.agents.items() if agent_id not in taken and is_free(agent, now)]
        able = [one for one in free if one.profile.extension and can_serve(one.profile, asked)]
        if not queue.emergency:
            able = [one for one in able if not kept_in_reserve(floor, one, free)]
        fresh = [one for one in able if one.missed != call.call_id]
        if able:
            besides.append(least_wanted(floor, fresh or able, free).profile.agent_id)
            taken.add(besides[-1])
    return replace(ring, besides=tuple(besides))


def in_order(waiting: Iterable[WaitingCall], queues: Mapping[str, Queue], now: datetime) -> list[WaitingCall]:
    def place(call: WaitingCall) -> tuple[bool, float, datetime, str]:
        queue = queues[call.queue]
        endangered = (now - call.queued_at).total_seconds() / queue.target_seconds
        return (not queue.emergency, -endangered, call.queued_at, call.call_id)

    return sorted(waiting, key=place)


def decide(floor: NaiveFloor, call: WaitingCall, now: datetime, taken: Collection[str]) -> Decision | None:
    queue = floor.queues[call.queue]
    step, asked = relaxed(call, queue, now, floor.agents.values())
    agent, why = choose(floor, call, asked, now, taken)
    if queue.emergency and not call.in_fallback and (agent is None or why is Reason.AGAIN_AFTER_MISS):
        rung = last_rung(floor, asked, taken, call)
        if rung is not None and (agent is None or rung.missed != call.call_id):
            agent, why = rung, Reason.AGAIN_AFTER_MISS if rung.missed == call.call_id else Reason.GAVE_WAY
    if (agent is None or why is Reason.AGAIN_AFTER_MISS) and not call.in_fallback:
        if call.in_last_resort:
            return None
        leaves = leaving(floor, call, asked, now)
        if leaves is not None:
            return leaves
    if agent is None:
        return None
    agent_id = agent.profile.agent_id
    if gives_way(agent):
        return GiveWay(call.call_id, agent_id, Reason.GAVE_WAY, step, agent.call_id or "")
    if call.in_fallback:
        return LeaveToFallback(call.call_id, agent_id, Reason.IN_FALLBACK)
    return Ring(call.call_id, agent_id, why, step)


def relaxed(call: WaitingCall, queue: Queue, now: datetime, agents: Iterable[Agent]) -> tuple[int, Needs]:
    """The step in force and what is still asked for; app_queue rings whom its queue asks for, and relaxes nothing.

    An emergency does not wait for a step before which nobody on duty could serve it.
    """
    if call.in_fallback:
        return 0, together(queue.needs, call.needs)
    waited = (now - call.waiting_since).total_seconds()
    steps = sum(step.after_seconds <= waited for step in queue.relaxation)
    ready = [agent.profile for agent in agents if agent.duty is Duty.READY and agent.reachable]
    if queue.emergency:
        several = range(steps, len(queue.relaxation) + 1)
        after = [(sooner, lowered(call.needs, queue.relaxation[:sooner])) for sooner in several]
        helped = [sooner for sooner, asked in after if any(can_serve(profile, asked) for profile in ready)]
        steps = min(helped, default=steps)
    return steps, lowered(call.needs, queue.relaxation[:steps])


def lowered(needs: Needs, steps: Iterable[Relaxation]) -> Needs:
    asked = dict(needs)
    for step in steps:
        for pattern, level in step.levels:
            for skill in asked:
                by_kind = pattern == skill.split(":")[0] + ":*" and skill not in dict(step.levels)
                if pattern == skill or by_kind:
                    asked[skill] = min(asked[skill], level)
        asked = {skill: level for skill, level in asked.items() if level > 0}
    return tuple(sorted(asked.items()))


def choose(
    floor: NaiveFloor, call: WaitingCall, asked: Needs, now: datetime, taken: Collection[str]
) -> tuple[Agent | None, Reason]:
    emergency = floor.queues[call.queue].emergency
    usual = Reason.EMERGENCY if emergency else Reason.MOST_ENDANGERED
    untaken = [agent for agent_id, agent in floor.agents.items() if agent_id not in taken]
    everybody_free = [agent for agent in untaken if is_free(agent, now)]
    capable = [agent for agent in everybody_free if can_serve(agent.profile, asked)]
    if not emergency:
        capable = [agent for agent in capable if not kept_in_reserve(floor, agent, everybody_free)]
    preferred = floor.agents.get(call.preferred or "")
    if preferred is not None and preferred.missed != call.call_id:
        if preferred in capable:
            return preferred, usual if emergency else Reason.PREFERRED
        if waits_for(preferred, call, floor.queues[call.queue], asked, now, is_free_now=preferred in everybody_free):
            return None, usual
    fresh = [agent for agent in capable if agent.missed != call.call_id]
    if fresh:
        return least_wanted(floor, fresh, everybody_free), usual
    if emergency:
        resting = [a for a in untaken if not is_free(a, now) and rests(a, now) and can_serve(a.profile, asked)]
        best = min(resting, key=lambda a: (a.missed == call.call_id, a.since, a.profile.agent_id), default=None)
        if best is not None and (best.missed != call.call_id or not capable):
            return best, Reason.AGAIN_AFTER_MISS if best.missed == call.call_id else usual
    return (least_wanted(floor, capable, everybody_free), Reason.AGAIN_AFTER_MISS) if capable else (None, usual)


def last_rung(floor: NaiveFloor, asked: Needs, taken: Collection[str], call: WaitingCall) -> Agent | None:
    """Of those whose phone rings for somebody in no emergency the last to have begun."""
    rung = [a for i, a in floor.agents.items() if i not in taken and gives_way(a) and can_serve(a.profile, asked)]
    last_first = sorted(rung, key=lambda one: one.profile.agent_id)
    last_first.sort(key=lambda one: one.since, reverse=True)
    return min(last_first, key=lambda one: one.missed == call.call_id, default=None)


def kept_in_reserve(floor: NaiveFloor, agent: Agent, several: list[Agent]) -> bool:
    for queue in floor.queues.values():
        if queue.emergency and queue.reserve and can_serve(agent.profile, queue.needs):
            could = [one for one in several if can_serve(one.profile, queue.needs)]
            if len(could) <= queue.reserve:
                return True
    return False


def waits_for(agent: Agent, call: WaitingCall, queue: Queue, asked: Needs, now: datetime, *, is_free_now: bool) -> bool:
    """On duty and busy, and patience is left."""
    patient = (now - call.waiting_since).total_seconds() < queue.preferred_seconds
    ours = call.patient and not queue.emergency and not call.in_fallback and not call.in_last_resort
    on_duty = agent.duty is Duty.READY and agent.reachable
    return patient and ours and on_duty and not is_free_now and can_serve(agent.profile, asked)


def least_wanted(floor: NaiveFloor, several: list[Agent], everybody_free: list[Agent]) -> Agent:
    """Of agents who are alike the longest idle stands for all; of those, only the narrowest are compared."""
    alike: dict[tuple[Needs, Grade], Agent] = {}
    for agent in sorted(several, key=lambda one: (one.since, one.profile.agent_id)):
        alike.setdefault((agent.profile.skills, agent.profile.grade), agent)
    narrow = sorted(alike.values(), key=breadth)[:COMPARED]
    wanted = wanted_elsewhere(floor, everybody_free)
    return min(narrow, key=lambda one: (wanted(one), one.since, one.profile.agent_id))


def breadth(agent: Agent) -> tuple[int, int, Needs]:
    profile = agent.profile
    return list(Grade).index(profile.grade), len(profile.skills), profile.skills


def wanted_elsewhere(floor: NaiveFloor, everybody_free: list[Agent]) -> Callable[[Agent], int]:
    """For each need that an agent meets: how many of the last callers asked for it, by the free agents who meet it."""
    needs = [need for asked in floor.asked[-LAST_CALLERS:] for need in asked]

    def wanted(agent: Agent) -> int:
        total = 0
        for need in set(needs):
            if can_serve(agent.profile, (need,)):
                meet_it = [one for one in everybody_free if can_serve(one.profile, (need,))]
                total += needs.count(need) * 2**20 // len(meet_it)
        return total

    return wanted


def leaving(floor: NaiveFloor, call: WaitingCall, asked: Needs, now: datetime) -> Decision | None:
    """Where a call goes for whom nobody is free."""
    queue = floor.queues[call.queue]
    on_duty = somebody_on_duty(floor, queue, asked, now)
    for rule in queue.overflow:
        people_only = rule.to in (Target.QUEUE, Target.RESERVE)
        open_to_it = rule.to not in call.overflowed and (people_only or not queue.emergency)
        if open_to_it and overflows(floor, rule, call, now, on_duty=on_duty):
            reason = REASONS[rule.when]
            if rule.to is Target.LAST_RESORT:
                return LastResort(call.call_id, reason)
            return Overflowed(call.call_id, rule.to, rule.queue, reason)
    waited = (now - (call.back_since or call.waiting_since)).total_seconds()
    nobody = Reason.NOBODY_FOR_EMERGENCY if queue.emergency else Reason.NOBODY_ON_DUTY
    if not on_duty and (queue.emergency or waited >= queue.last_resort.after_seconds):
        return LastResort(call.call_id, nobody)
    if queue.emergency and queue.last_resort.mobile and waited >= queue.last_resort.after_seconds:
        return LastResort(call.call_id, nobody)
    return None


def somebody_on_duty(floor: NaiveFloor, queue: Queue, asked: Needs, now: datetime) -> bool:
    if queue.emergency:
        ready = [one for one in floor.agents.values() if one.duty is Duty.READY and one.reachable]
        return any(can_serve(one.profile, asked) for one in ready)
    there = [one for one in floor.agents.values() if is_there(one, now)]
    return any(can_serve(one.profile, asked) and not kept_in_reserve(floor, one, there) for one in there)


def overflows(floor: NaiveFloor, rule: Overflow, call: WaitingCall, now: datetime, *, on_duty: bool) -> bool:
    queue = floor.queues[call.queue]
    waited_enough = (now - call.waiting_since).total_seconds() >= rule.after_seconds
    if rule.when is When.FULL:
        before = [
            other
            for other in floor.waiting.values()
            if other.queue == call.queue and (other.queued_at, other.call_id) < (call.queued_at, call.call_id)
        ]
        return call.call_id in floor.new and len(before) >= rule.limit
    if rule.when is When.LONG:
        return waited_enough
    if rule.when is When.NOBODY:
        return waited_enough and not on_duty
    return waited_enough and queue.hours is not None and not is_open(queue.hours, now)
