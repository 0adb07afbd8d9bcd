"""Who on call shall be woken now, and who may go again?

Woken: when the wait that the last callers of a queue must expect, over its target, passes the queue's ``wake_at``; when
an overflow rule asks; when fewer people are on duty for an emergency queue than it keeps free for itself, or no more
while they keep others waiting, and always when nobody is. For each one needed one person is asked at a time; who did
not accept is left alone for a while.

Stood down: who was woken, is not at a call and is missed by no queue they could serve: each has been calm long enough,
below ``stand_down_at``, and each emergency queue could spare one. One at a time, then calm must prove itself anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil, inf, isinf
from typing import Final

from calls.events import Duty
from calls.needs import Needs
from routing.agent import Agent, AgentState, can_serve
from routing.estimate import Expectation
from routing.waiting import Queue, ReserveStaff, Target

ACCEPTS_WITHIN: Final = timedelta(seconds=60)
"""Who has not accepted by then, will not: a mobile has rung out. ``declined`` says so sooner."""

LEFT_ALONE: Final = timedelta(minutes=15)
"""So long nobody is asked again who did not accept."""

NOT_BY_WAIT: Final = ReserveStaff(wake_at=inf, stand_down_at=inf)
"""What holds for a queue that says nothing: the wait of its callers wakes nobody."""

AT_REST: Final = frozenset({AgentState.READY, AgentState.PAUSED})
"""Who may be stood down: nobody rings or talks, and the last call is written up."""


class Cause(StrEnum):
    """Why somebody is woken."""

    LONG_WAIT = "long-wait"
    OVERFLOW = "overflow"
    TOO_FEW = "too-few-on-duty"
    NOBODY = "nobody-on-duty"


@dataclass(frozen=True, slots=True)
class Wake:
    """Ring this agent on call and ask them to come on duty for the queue."""

    agent_id: str
    queue: str
    reason: Cause


@dataclass(frozen=True, slots=True)
class StandDown:
    """This agent, woken for the queue, is needed no more: off duty."""

    agent_id: str
    queue: str


ReserveDecision = Wake | StandDown


@dataclass(frozen=True, slots=True)
class Pressure:
    """How long the last of so many callers of a queue with these needs must expect to wait, over the target; inf if
    nobody can serve them.

    With another cause than LONG_WAIT one more is wanted, whatever the ratio.
    """

    queue: str
    needs: Needs
    over_target: float
    cause: Cause = Cause.LONG_WAIT
    callers: int = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """When somebody was asked to come, for which queue; ``open`` until they accept or do not."""

    queue: str
    at: datetime
    open: bool = True


@dataclass(frozen=True, slots=True)
class OnCall:
    """What is remembered between decisions; after a restart ``woken`` can be given from history.

    ``asked`` and ``woken`` are by agent: asked to come; on duty since they were woken, for this queue. ``calm_since``
    is by queue.
    """

    asked: Mapping[str, Asked] = field(default_factory=dict)
    woken: Mapping[str, str] = field(default_factory=dict)
    calm_since: Mapping[str, datetime] = field(default_factory=dict)


def pressures(expected: Iterable[Expectation], queues: Mapping[str, Queue]) -> list[Pressure]:
    """What the last callers of each kind must expect, waited and still to wait, in queues that have reserve staff."""
    found = []
    for one in expected:
        queue = queues.get(one.call.queue)
        if queue and queue.reserve_staff:
            wait = (one.at - one.call.waiting_since).total_seconds() + one.said.mean if one.said else inf
            _, needs = one.kind
            found.append(Pressure(queue.queue_id, needs, wait / queue.target_seconds, callers=one.callers))
    return found


def declined(on_call: OnCall, agent_id: str) -> OnCall:
    """Who was asked did not answer, or did not accept: the next may be asked at once. Others change nothing."""
    asked = on_call.asked.get(agent_id)
    return replace(on_call, asked={**on_call.asked, agent_id: replace(asked, open=False)}) if asked else on_call


def accepted(on_call: OnCall, agent_id: str) -> OnCall:
    """Who was asked has accepted, be it late, and comes on duty; others change nothing."""
    asked = on_call.asked.get(agent_id)
    if asked is None:
        return on_call
    others = {who: one for who, one in on_call.asked.items() if who != agent_id}
    return replace(on_call, asked=others, woken={**on_call.woken, agent_id: asked.queue})


def decide(
    on_call: OnCall,
    agents: Mapping[str, Agent],
    queues: Mapping[str, Queue],
    found: Iterable[Pressure],
    now: datetime,
) -> tuple[OnCall, list[ReserveDecision]]:
    """Who is woken and who is stood down now, and what is to be remembered until the next time.

    Ask again every few seconds: calm is measured between the calls.
    """
    found = sorted(found, key=lambda one: (not queues[one.queue].emergency, -one.over_target, one.queue, one.needs))
    on_call = _calmed(_settled(on_call, agents, now), agents, queues, found, now)
    wakes = _wakes(on_call, agents, queues, found, now)
    asked = {wake.agent_id: Asked(wake.queue, now) for wake in wakes}
    on_call = replace(on_call, asked={**on_call.asked, **asked})
    if wakes:
        return on_call, list(wakes)
    released = _released(on_call, agents, queues, now)
    if released is None:
        return on_call, []
    woken = {agent_id: queue for agent_id, queue in on_call.woken.items() if agent_id != released.agent_id}
    anew = {queue.queue_id: now for queue in _served(agents[released.agent_id], queues)}
    return replace(on_call, woken=woken, calm_since={**on_call.calm_since, **anew}), [released]


def _settled(on_call: OnCall, agents: Mapping[str, Agent], now: datetime) -> OnCall:
    """Who is on duty is not asked, and who was woken and is off duty has gone."""
    there = {agent_id for agent_id, agent in agents.items() if agent.duty is not Duty.OFF}
    asked = {
        agent_id: replace(one, open=one.open and now - one.at < ACCEPTS_WITHIN)
        for agent_id, one in on_call.asked.items()
        if agent_id not in there and now - one.at < LEFT_ALONE
    }
    woken = {agent_id: queue for agent_id, queue in on_call.woken.items() if agent_id in there}
    return replace(on_call, asked=asked, woken=woken)


def _calmed(
    on_call: OnCall, agents: Mapping[str, Agent], queues: Mapping[str, Queue], found: list[Pressure], now: datetime
) -> OnCall:
    """Since when each queue that may have woken somebody has been calm: could spare one."""
    pressed = {
        one.queue
        for one in found
        if one.cause is not Cause.LONG_WAIT or one.over_target >= _staff(queues[one.queue]).stand_down_at
    }
    calm = {
        queue.queue_id: on_call.calm_since.get(queue.queue_id, now)
        for queue in queues.values()
        if _wakes_people(queue)
        and queue.queue_id not in pressed
        and not (queue.emergency and _able(agents, queue.needs) <= _least(queue))
    }
    return replace(on_call, calm_since=calm)


def _wakes(
    on_call: OnCall, agents: Mapping[str, Agent], queues: Mapping[str, Queue], found: list[Pressure], now: datetime
) -> list[Wake]:
    """For each one wanted somebody who can serve, counting those who are already asked."""
    coming = [agents[agent_id] for agent_id, asked in on_call.asked.items() if asked.open and agent_id in agents]
    wakes: list[Wake] = []
    for queue, needs, wanted, cause in _wanted(agents, queues, found):
        candidates = [
            agent
            for agent in sorted(agents.values(), key=lambda one: (one.since, one.profile.agent_id))
            if _can_be_asked(agent) and agent.profile.agent_id not in on_call.asked and can_serve(agent.profile, needs)
        ]
        for agent in candidates:
            if wanted <= sum(can_serve(one.profile, needs) for one in coming):
                break
            if agent not in coming:
                coming.append(agent)
                wakes.append(Wake(agent.profile.agent_id, queue, cause))
    return wakes


def _wanted(
    agents: Mapping[str, Agent], queues: Mapping[str, Queue], found: list[Pressure]
) -> Iterator[tuple[str, Needs, int, Cause]]:
    """How many more are wanted, by queue and needs: emergency queues without people first."""
    for queue in sorted(queues.values(), key=lambda one: one.queue_id):
        if queue.emergency:
            able = _able(agents, queue.needs)
            if able < _least(queue):
                cause = Cause.TOO_FEW if able else Cause.NOBODY
                yield queue.queue_id, queue.needs, _least(queue) - able, cause
    for one in found:
        wake_at = _staff(queues[one.queue]).wake_at
        if one.cause is not Cause.LONG_WAIT:
            yield one.queue, one.needs, 1, one.cause
        elif one.over_target >= wake_at:
            able = _able(agents, one.needs)
            # the wait goes down as the number of those who serve goes up; nobody comes for no caller
            more = 1 if isinf(one.over_target) else max(1, ceil(able * (one.over_target / wake_at - 1)))
            yield one.queue, one.needs, min(more, one.callers), Cause.LONG_WAIT if able else Cause.NOBODY


def _released(
    on_call: OnCall, agents: Mapping[str, Agent], queues: Mapping[str, Queue], now: datetime
) -> StandDown | None:
    """Of those who were woken, the one who has been at rest the longest and is missed by no queue."""

    def missed(queue: Queue) -> bool:
        since = on_call.calm_since.get(queue.queue_id)
        return since is None or (now - since).total_seconds() < _staff(queue).stand_down_after_seconds

    for agent_id, queue_id in sorted(on_call.woken.items(), key=lambda one: (agents[one[0]].since, one[0])):
        agent = agents[agent_id]
        if agent.state in AT_REST and not any(missed(queue) for queue in _served(agent, queues)):
            return StandDown(agent_id, queue_id)
    return None


def _served(agent: Agent, queues: Mapping[str, Queue]) -> list[Queue]:
    """The queues that may have woken this agent."""
    return [queue for queue in queues.values() if _wakes_people(queue) and can_serve(agent.profile, queue.needs)]


def _wakes_people(queue: Queue) -> bool:
    by_rule = any(rule.to is Target.RESERVE for rule in queue.overflow)
    return queue.emergency or queue.reserve_staff is not None or by_rule


def _can_be_asked(agent: Agent) -> bool:
    return agent.profile.on_call and agent.duty is Duty.OFF and agent.state is AgentState.OFFLINE and agent.reachable


def _able(agents: Mapping[str, Agent], needs: Needs) -> int:
    """How many are on duty who can serve these needs; people on a break do not count."""
    return sum(
        agent.duty is Duty.READY and agent.reachable and can_serve(agent.profile, needs) for agent in agents.values()
    )


def _least(queue: Queue) -> int:
    """How many people an emergency queue wants on duty: as many as it keeps free, and never nobody."""
    return max(1, queue.reserve)


def _staff(queue: Queue) -> ReserveStaff:
    return queue.reserve_staff or NOT_BY_WAIT
