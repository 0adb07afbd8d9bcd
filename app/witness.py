"""What kept this caller waiting, and why was it this agent? Watches a centre that follows stored facts (app/followed).

What is seen of other callers is only that they came first, and why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from app import story
from app.state import Centre
from calls.events import (
    AgentAnswered,
    AgentNotReached,
    AgentRinging,
    CallEnded,
    CallStarted,
    CommandFailed,
    Event,
    FallbackEntered,
    LastResortEntered,
    MenuChosen,
    TalkEnded,
    ThirdPartyJoined,
    VoicemailBegun,
)
from calls.needs import Needs
from routing.agent import Agent, AgentState, can_serve, is_free
from routing.assign import Decision, GiveWay, LeaveToFallback, Overflowed, Ring
from routing.in_turn import moment
from routing.relaxing import in_force, step_after
from routing.waiting import Queue, Target, WaitingCall


class Witness:
    """Gathers ``facts`` of one call."""

    def __init__(self, call_id: str) -> None:
        self._facts: list[story.Fact] = []
        self._call_id = call_id
        self._wait: WaitingCall | None = None
        self._steps = 0
        self._since: datetime | None = None
        self._rung: story.Rung | story.RungByAsterisk | None = None
        self._kept: set[tuple[str, str]] = set()

    @property
    def facts(self) -> list[story.Fact]:
        """In their order in time."""
        return sorted(self._facts, key=lambda fact: fact.at)

    # --- a watch of app/followed ------------------------------------------------------------------------------------

    def decided(self, centre: Centre, decisions: Sequence[Decision], at: datetime) -> None:
        """How the caller stood when the router was asked, and what it decided for them or for others."""
        for one in decisions:
            if isinstance(one, GiveWay) and one.instead_of == self._call_id:
                queue = centre.floor.waiting[one.call_id].queue
                self._facts.append(story.RingTaken(at=at, agent_id=one.agent_id, queue=queue))
        mine = centre.floor.waiting.get(self._call_id)
        if mine is None:
            return
        self._waits(centre, mine, at)
        own = next((one for one in decisions if one.call_id == self._call_id), None)
        if own is None:
            self._facts += self._kept_from(centre, mine, decisions, at)
        elif not isinstance(own, LeaveToFallback):
            self._facts.append(self._own(centre, mine, own, at))

    def seen(self, centre: Centre, event: Event) -> None:
        """What Asterisk told of the call; and what time has brought until then, which history does not tell."""
        if self._wait and self._call_id in centre.floor.waiting:
            self._relaxes(centre, self._wait, event.at)
        if getattr(event, "call_id", None) == self._call_id:
            self._facts += self._told(centre, event)

    # --- the wait ---------------------------------------------------------------------------------------------------

    def _waits(self, centre: Centre, mine: WaitingCall, at: datetime) -> None:
        came = self._wait is None or (mine.queue, mine.waiting_since) != (self._wait.queue, self._wait.waiting_since)
        self._wait = mine
        if came:
            self._steps = 0
            self._kept.clear()
            self._since = centre.calls[self._call_id].waiting_since or mine.queued_at
            self._facts.append(
                story.Queued(
                    at=at,
                    queue=mine.queue,
                    since=self._since,
                    needs=mine.needs,
                    place=centre.floor.position(self._call_id),
                    preferred=mine.preferred,
                    able=tuple(_able(centre, mine.needs, at)),
                )
            )
        self._relaxes(centre, mine, at)

    def _relaxes(self, centre: Centre, mine: WaitingCall, at: datetime) -> None:
        queue = centre.floor.queues[mine.queue]
        waited = (at - mine.waiting_since).total_seconds()
        steps = 0 if mine.in_fallback else max(step_after(queue, waited), centre.floor.waiters[mine.call_id].step)
        if steps > self._steps:
            self._steps = steps
            last = queue.relaxation[steps - 1]
            needs = in_force(mine.needs, queue, steps)
            self._facts.append(
                story.Relaxed(
                    at=min(at, mine.waiting_since + timedelta(seconds=last.after_seconds)),
                    needs=needs,
                    steps=steps,
                    interpreter=last.interpreter,
                    able=tuple(_able(centre, needs, at)),
                )
            )

    def _own(self, centre: Centre, mine: WaitingCall, decision: Decision, at: datetime) -> story.Fact:
        queue = centre.floor.queues[mine.queue]
        match decision:
            case Ring() | GiveWay():
                self._rung = story.Rung(
                    at=at,
                    agent_id=decision.agent_id,
                    reason=decision.reason,
                    steps=decision.step,
                    waited=(at - mine.waiting_since).total_seconds(),
                    ratio=_ratio(mine, queue, at),
                    others=tuple(self._others(centre, mine, at)),
                    together=decision.besides if isinstance(decision, Ring) else (),
                )
                return self._rung
            case Overflowed():
                return story.SentOn(at=at, to=decision.to, queue=decision.queue, reason=decision.reason)
        return story.SentOn(at=at, to=Target.LAST_RESORT, queue="", reason=decision.reason)

    def _free(self, centre: Centre, mine: WaitingCall, at: datetime) -> list[str]:
        needs = in_force(mine.needs, centre.floor.queues[mine.queue], self._steps)
        free = (agent for agent in centre.agents.values() if is_free(agent, at) and can_serve(agent.profile, needs))
        return [agent.profile.agent_id for agent in free]

    def _others(self, centre: Centre, mine: WaitingCall, at: datetime) -> Iterator[str]:
        """Who is left of those whom the caller could have had."""
        emergency = centre.floor.queues[mine.queue].emergency
        for agent_id in self._free(centre, mine, at):
            profile = centre.floor.roster.profile_if_free(agent_id)
            if profile and (emergency or profile.open()):
                yield agent_id

    def _kept_from(
        self, centre: Centre, mine: WaitingCall, decisions: Sequence[Decision], at: datetime
    ) -> Iterator[story.Fact]:
        """Who was rung for others, or kept free, though they could have served."""
        queue = centre.floor.queues[mine.queue]
        needs = in_force(mine.needs, queue, self._steps)
        taken = set()
        for one in decisions:
            if not isinstance(one, Ring | GiveWay):
                continue
            other = centre.floor.waiting[one.call_id]
            for agent_id in (one.agent_id, *(one.besides if isinstance(one, Ring) else ())):
                taken.add(agent_id)
                if can_serve(centre.agents[agent_id].profile, needs):
                    theirs = centre.floor.queues[other.queue]
                    yield story.PassedOver(
                        at=at,
                        agent_id=agent_id,
                        queue=other.queue,
                        emergency=theirs.emergency and not queue.emergency,
                        reason=one.reason,
                        theirs=_ratio(other, theirs, at),
                        ours=_ratio(mine, queue, at),
                    )
        for agent_id in self._free(centre, mine, at):
            why = "" if agent_id in taken else self._why_kept(centre, agent_id, at)
            if why and (agent_id, why) not in self._kept:
                self._kept.add((agent_id, why))
                yield story.Kept(at=at, agent_id=agent_id, why=why)

    def _why_kept(self, centre: Centre, agent_id: str, at: datetime) -> str:
        floor = centre.floor
        if floor.waits_for_preferred(floor.waiters[self._call_id], moment(at)):
            return "preferred"
        profile = floor.roster.profile_if_free(agent_id)
        return "reserve" if profile and not profile.open() else ""

    # --- what Asterisk told -----------------------------------------------------------------------------------------

    def _told(self, centre: Centre, event: Event) -> Iterator[story.Fact]:
        at = event.at
        match event:
            case CallStarted(line=line):
                yield story.Came(at=at, line=line)
            case MenuChosen(choice=choice):
                yield story.Chose(at=at, choice=choice)
            case AgentRinging(agent_id=agent_id, attempt=None):
                self._rung = story.RungByAsterisk(at=at, agent_id=agent_id)
                yield self._rung
            case AgentNotReached(agent_id=agent_id, dial_status=status):
                yield self._not_reached(at, agent_id, status)
            case CommandFailed(command="RingAgent") if isinstance(self._rung, story.Rung):
                for agent_id in (self._rung.agent_id, *self._rung.together):
                    yield self._not_reached(at, agent_id, "")
            case AgentAnswered(agent_id=agent_id) if self._wait:
                queue, waited, self._wait = self._wait.queue, self._waited(at), None
                target = centre.floor.queues[queue].target_seconds
                yield story.Answered(at=at, agent_id=agent_id, queue=queue, waited=waited, target=target)
            case FallbackEntered(reason=reason):
                yield story.LeftToAsterisk(at=at, reason=reason)
            case LastResortEntered():
                yield story.LeftToAsterisk(at=at, reason="")
            case VoicemailBegun():
                yield story.Recording(at=at)
            case ThirdPartyJoined(agent_id=agent_id):
                yield story.Joined(at=at, agent_id=agent_id)
            case TalkEnded(agent_id=agent_id, by=by):
                yield story.Talked(at=at, agent_id=agent_id, by=by)
            case CallEnded(by=by):
                target = centre.floor.queues[self._wait.queue].target_seconds if self._wait else 0.0
                yield story.Ended(at=at, by=by, waited=self._waited(at) if self._wait else None, target=target)

    def _not_reached(self, at: datetime, agent_id: str, dial_status: str) -> story.NotReached:
        seconds = (at - self._rung.at).total_seconds() if self._rung else 0.0
        return story.NotReached(at=at, agent_id=agent_id, dial_status=dial_status, seconds=seconds)

    def _waited(self, at: datetime) -> float:
        return (at - (self._since or at)).total_seconds()


def _ratio(call: WaitingCall, queue: Queue, at: datetime) -> float:
    """How much of its target the call has waited: what the router compares."""
    return (at - call.queued_at).total_seconds() / queue.target_seconds


def _able(centre: Centre, needs: Needs, at: datetime) -> Iterator[story.Able]:
    for agent in centre.agents.values():
        if can_serve(agent.profile, needs):
            agent_id = agent.profile.agent_id
            yield story.Able(agent_id=agent_id, doing=_doing(agent, at), since=agent.since, reason=agent.reason)


def _doing(agent: Agent, at: datetime) -> str:
    """The state, and what keeps somebody ready from being rung."""
    if agent.state is not AgentState.READY or is_free(agent, at):
        return agent.state
    if not agent.reachable:
        return "unreachable"
    return "on the phone" if agent.phone_in_use else "resting"
