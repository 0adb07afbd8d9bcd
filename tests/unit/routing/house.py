"""What does an Asterisk do with the commands, and tell of the people at its phones? Around the real engine and router.

Only what decisions depend on is played here: facts in, commands out, no messages of Asterisk; those are played in
tests/unit/app/test_engine_model.py. Longer than 300 lines, since it is one value with a short method for each thing
that may happen to it.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from app import deciding
from app.engine import Engine
from app.handlers import HANDLERS
from app.state import Centre
from calls.call import CallState
from calls.commands import (
    Command,
    GoToLastResort,
    MoveToQueue,
    OfferVoicemail,
    ReturnToWaiting,
    RingAgent,
    WakeReserve,
)
from calls.events import (
    AgentAnswered,
    AgentNotReached,
    AgentRinging,
    AnsweredElsewhere,
    CallEnded,
    CallerQueued,
    CallStarted,
    CommandFailed,
    Duty,
    DutyChanged,
    EndedBy,
    Event,
    FallbackEntered,
    LastResortEntered,
    PhoneInUse,
    PhoneReachable,
    ReserveAccepted,
    ReserveDeclined,
    SnapshotTaken,
    TalkEnded,
    Tick,
    VoicemailBegun,
)
from calls.needs import Needs, together
from routing.agent import Agent, can_serve, off_duty
from routing.assign import Decision, assign
from routing.floor import Floor
from routing.waiting import WaitingCall
from tests.builders import NOON, seconds
from tests.unit.routing.sample_centre import PROFILES, QUEUES, configuration

S = CallState
NODE: Final = "node1"


@dataclass(slots=True)
class Channel:
    """A caller as Asterisk holds them; ``agent`` is whom a phone rings or who talks, ``attempt`` as in the dialplan.

    ``besides`` are those whose phones ring together with the agent's."""

    call_id: str
    queue: str
    own_needs: Needs
    queued_at: datetime
    preferred: str
    number: str
    state: CallState = S.WAITING
    agent: str | None = None
    attempt: int | None = None
    besides: list[str] = field(default_factory=list)

    @property
    def rung(self) -> list[str]:
        """Everybody who has a leg of this call."""
        return [self.agent, *self.besides] if self.agent else []

    @property
    def needs(self) -> Needs:
        return together(QUEUES[self.queue].needs, self.own_needs)


@dataclass(slots=True)
class Asking:
    """One fact, what the router knew after it, and what it decided, if it was ``asked``."""

    fact: Event
    asked: bool
    waiting: dict[str, WaitingCall]
    agents: dict[str, Agent]
    deadline: datetime | None
    decisions: list[Decision] = field(default_factory=list)
    results: list[Command | Event] = field(default_factory=list)

    def decided_by(self, floor: Floor, now: datetime) -> list[Decision]:
        """The router's own word."""
        self.decisions = assign(floor, now)
        return self.decisions


class House:
    """``look`` is called after each fact with what the router made of it, and may raise AssertionError.

    ``facts`` are all that the engine was told from outside, ``results`` all that the router made of them.
    """

    def __init__(self, look: Callable[[House, Asking], None] | None = None) -> None:
        self.now = NOON
        self.centre = Centre(
            configuration=configuration(),
            agents={agent_id: off_duty(profile, NOON) for agent_id, profile in PROFILES.items()},
        )
        self.engine = Engine(self.centre, HANDLERS, self._decide, self._carry_out, [], self)
        self.channels: dict[str, Channel] = {}
        self.came: list[str] = []
        self.busy_phones: set[str] = set()
        self.woken: list[str] = []
        self.facts: list[Event] = []
        self.results: list[Command | Event] = []
        self.story: list[str] = []
        self._told: deque[Event] = deque()
        self._breach: AssertionError | None = None
        self._look = look

    # --- the engine, and the wire to it -----------------------------------------------------------------------------

    def _decide(self, centre: Centre, event: Event) -> Iterator[Command | Event]:
        centre.keep_floor(event.at)
        floor = centre.floor
        asking = Asking(
            event,
            type(event) in deciding.DECISIVE,
            dict(floor.waiting) if self._look else {},
            dict(floor.agents.items()) if self._look else {},
            floor.next_deadline() if self._look else None,
        )
        asking.results = list(deciding.decide(centre, event, asking.decided_by))
        self.results += asking.results
        if self._look:
            try:
                self._look(self, asking)
            except AssertionError as breach:
                self._breach = breach
        return iter(asking.results)

    def handled(self, seconds: float) -> None: ...

    def handler_failed(self, event: Event) -> None:
        self._breach = AssertionError(f"{type(event).__name__} was not handled")
        self._breach.__cause__ = sys.exception()

    def moment(self) -> datetime:
        """No two moments are the same."""
        self.now += seconds(0.000001)
        return self.now

    def tell(self, fact: Event) -> None:
        """Asterisk tells; the engine hears of it in its turn."""
        self._told.append(fact)

    def settle(self) -> None:
        """The engine hears of everything, and everything that it asks for happens."""
        for _ in range(200):
            if not self._told:
                return
            self._step(self._told.popleft())
        raise AssertionError("engine and switch do not chase each other without time passing")

    def _step(self, fact: Event) -> None:
        self.facts.append(fact)
        self.engine.step(fact)
        if self._breach is not None:
            raise self._breach

    def tick(self) -> None:
        self.settle()
        self._step(Tick(at=self.moment()))
        self.settle()

    # --- Asterisk ---------------------------------------------------------------------------------------------------

    def _carry_out(self, command: Command) -> None:
        match command:
            case WakeReserve(agent_id=agent_id):
                self.woken.append(agent_id)
            case RingAgent() | GoToLastResort() | MoveToQueue() | OfferVoicemail() | ReturnToWaiting():
                channel = self.channels.get(command.call_id)
                if channel is None:
                    failed = type(command).__name__
                    about: dict[str, Any] = {
                        "node": NODE,
                        "command": failed,
                        "reason": "gone",
                        "call_id": command.call_id,
                    }
                    self.tell(CommandFailed(at=self.moment(), **about))
                else:
                    self._redirect(channel, command)

    def _redirect(self, channel: Channel, command: Command) -> None:
        """As in the dialplan: one that came too late leads on to where the state says, and breaks a talk."""
        if channel.state is S.FALLBACK:
            self.tell(FallbackEntered(at=self.moment(), call_id=channel.call_id, reason=""))
        elif channel.state is S.VOICEMAIL:
            self.leaves_a_message(channel)
        elif isinstance(command, ReturnToWaiting) or channel.state not in (S.WAITING, S.LAST_RESORT):
            self.waits(channel)
        elif isinstance(command, RingAgent):
            self._ring(channel, command)
        elif isinstance(command, MoveToQueue):
            self.moves(channel, command.queue)
        else:
            channel.state = S.LAST_RESORT
            self.tell(LastResortEntered(at=self.moment(), call_id=channel.call_id))

    def _ring(self, channel: Channel, command: RingAgent) -> None:
        attempt, taken = command.attempt, self.taken()
        for agent_id in (command.agent_id, *command.besides):
            if agent_id in taken:
                self._not_reached(channel, agent_id, attempt, "REFUSED")
                continue
            about: dict[str, Any] = {"call_id": channel.call_id, "agent_id": agent_id, "attempt": attempt}
            self.tell(AgentRinging(at=self.moment(), **about))
            if agent_id in self.busy_phones:
                self._not_reached(channel, agent_id, attempt, "BUSY")
            elif channel.agent is None:
                channel.state, channel.agent, channel.attempt = S.RINGING, agent_id, attempt
            else:
                channel.besides.append(agent_id)
        if channel.agent is None:
            self.waits(channel)

    def taken(self) -> set[str]:
        """Whoever is rung or talks."""
        return {agent_id for channel in self.channels.values() for agent_id in channel.rung}

    def _not_reached(self, channel: Channel, agent_id: str, attempt: int | None, status: str) -> None:
        about: dict[str, Any] = {
            "call_id": channel.call_id,
            "agent_id": agent_id,
            "attempt": attempt,
            "dial_status": status,
        }
        self.tell(AgentNotReached(at=self.moment(), **about))

    def waits(self, channel: Channel, sent_by: str = "") -> None:
        channel.state, channel.agent, channel.attempt, channel.besides = S.WAITING, None, None, []
        self.tell(
            CallerQueued(
                at=self.moment(),
                call_id=channel.call_id,
                node=NODE,
                channel=f"PJSIP/trunk-{channel.call_id}",
                line=channel.queue,
                queue=channel.queue,
                lang="ru",
                needs=channel.needs,
                queued_at=channel.queued_at,
                number=channel.number,
                preferred=channel.preferred,
                sent_by=sent_by,
            )
        )

    def moves(self, channel: Channel, queue: str, sent_by: str = "") -> None:
        """In the old place, but with the needs of the other queue; the language stays the caller's."""
        channel.queue = queue
        channel.own_needs = tuple(need for need in channel.own_needs if need[0].startswith("lang:"))
        self.waits(channel, sent_by)

    def leaves_a_message(self, channel: Channel) -> None:
        channel.state = S.VOICEMAIL
        self.tell(VoicemailBegun(at=self.moment(), call_id=channel.call_id))

    def ends(self, channel: Channel, state: CallState, by: EndedBy) -> None:
        del self.channels[channel.call_id]
        self.tell(CallEnded(at=self.moment(), call_id=channel.call_id, state=state, cause=16, by=by))

    # --- people -----------------------------------------------------------------------------------------------------

    def opens(self) -> None:
        """The link is up, the phones are there, and everybody but who is on call says ready."""
        extensions = frozenset(name for name, profile in PROFILES.items() if profile.extension)
        self.tell(SnapshotTaken(at=self.moment(), node=NODE, calls=(), reachable=extensions, in_use=frozenset()))
        for agent_id in sorted(extensions):
            self.declares(agent_id, Duty.READY)
        self.tick()

    def calls(self, queue: str, asked: Needs, preferred: str = "") -> None:
        call_id = f"c{len(self.came):03}"
        self.came.append(call_id)
        at = self.moment()
        number = f"+44207946100{len(self.came) % 4}"
        channel = self.channels[call_id] = Channel(call_id, queue, asked, at, preferred, number)
        self.tell(CallStarted(at=at, call_id=call_id, node=NODE, channel=call_id, line=queue, number=number))
        self.waits(channel)

    def declares(self, agent_id: str, duty: Duty) -> None:
        self.tell(DutyChanged(at=self.moment(), agent_id=agent_id, duty=duty))

    def phone(self, agent_id: str, *, reachable: bool) -> None:
        self.tell(PhoneReachable(at=self.moment(), agent_id=agent_id, reachable=reachable))

    def uses_phone(self, agent_id: str, *, in_use: bool) -> None:
        self.tell(PhoneInUse(at=self.moment(), agent_id=agent_id, in_use=in_use))

    def answers(self, channel: Channel) -> None:
        """Of phones that ring together any may be picked up first; the others stop before it is told."""
        fallback = channel.state is S.FALLBACK
        quickest = channel.rung[self.moment().microsecond % len(channel.rung)]
        for agent_id in channel.rung:
            if agent_id != quickest:
                others: dict[str, Any] = {"call_id": channel.call_id, "attempt": channel.attempt}
                self.tell(AnsweredElsewhere(at=self.moment(), agent_id=agent_id, **others))
        channel.agent, channel.besides = quickest, []
        channel.state = S.FALLBACK_TALK if fallback else S.TALK
        about: dict[str, Any] = {"call_id": channel.call_id, "agent_id": channel.agent or "", "by_fallback": fallback}
        self.tell(AgentAnswered(at=self.moment(), **about))

    def does_not_answer(self, channel: Channel) -> None:
        for agent_id in channel.rung:
            self._not_reached(channel, agent_id, channel.attempt, "NOANSWER")
        channel.agent = channel.attempt = None
        if channel.state is not S.FALLBACK:
            self.waits(channel)

    def puts_down(self, channel: Channel) -> None:
        about: dict[str, Any] = {"call_id": channel.call_id, "agent_id": channel.agent or "", "by": EndedBy.AGENT}
        self.tell(TalkEnded(at=self.moment(), **about))
        self.ends(channel, S.ENDED, EndedBy.AGENT)

    def sends_on(self, channel: Channel, queue: str) -> None:
        """The agent transfers the talk to a queue."""
        sent_by = channel.agent or ""
        about: dict[str, Any] = {
            "call_id": channel.call_id,
            "agent_id": sent_by,
            "by": EndedBy.AGENT,
            "handed_to": "8001",
        }
        self.tell(TalkEnded(at=self.moment(), **about))
        self.moves(channel, queue, sent_by)

    def falls_back(self, channel: Channel) -> None:
        channel.state = S.FALLBACK
        self.tell(FallbackEntered(at=self.moment(), call_id=channel.call_id, reason="stale"))

    def app_queue_rings(self, channel: Channel) -> None:
        """Asterisk's own queue rings one of its members, if any is there, or rings on; it knows no caller's needs."""
        taken = self.taken()
        free = [
            agent_id
            for agent_id, agent in self.centre.agents.items()
            if agent.duty is Duty.READY and agent.reachable and agent_id not in taken
            if can_serve(agent.profile, QUEUES[channel.queue].needs)
        ]
        if channel.agent is None and free:
            channel.agent = free[0]
            self.tell(AgentRinging(at=self.moment(), call_id=channel.call_id, agent_id=free[0], attempt=None))

    def answers_waking(self, agent_id: str, *, comes: bool) -> None:
        self.woken.remove(agent_id)
        at = self.moment()
        declined = ReserveDeclined(at=at, agent_id=agent_id, dial_status="DECLINED")
        self.tell(ReserveAccepted(at=at, agent_id=agent_id) if comes else declined)

    def passes(self, by: float) -> None:
        """Time, with what the engine makes of it at the end."""
        self.settle()
        self.now += seconds(by)
        self.tick()

    def pick(self, which: int, *states: CallState) -> Channel | None:
        """One of the callers who are in one of these states, if there are any."""
        several = [channel for channel in self.channels.values() if channel.state in states]
        return several[which % len(several)] if several else None
