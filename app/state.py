"""What does the engine know? One mutable value, owned by the engine alone; everything in it is a frozen value."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from app.courtesy import courtesy
from app.expected import Expected
from app.noted import Noted
from app.preferred import CutOffTalks, preferred
from app.promised import Callback, MenuCounts
from calls.call import INTERNAL_LINE, Call, CallState
from calls.commands import RingAgent
from calls.events import MenuHandedOver
from config.model import Configuration
from routing.agent import Agent
from routing.estimate import Estimator
from routing.explain import Reason
from routing.floor import Floor
from routing.in_turn import InTurn, moment, time_of
from routing.reserve import OnCall, Pressure
from routing.telling import Told
from routing.waiting import Target, WaitingCall

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)

HANDLE_SECONDS: Final = 300.0
"""What a talk with its wrap-up is expected to take until the calls of a queue tell."""

WANTS_AN_AGENT = frozenset({CallState.WAITING, CallState.LAST_RESORT, CallState.FALLBACK})
"""In the waiting room; with its queue's last resort, from which an agent takes it; or with app_queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An emergency caller who hung up before anyone answered; ``number`` is a secret, kept for ringing back."""

    call_id: str
    queue: str
    at: datetime
    number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """A ring that was asked for and of which Asterisk has not told yet. ``besides`` are rung together with the agent.
    ``after`` is the call that gives way to it, until its own ring has ended."""

    agent_id: str
    attempt: int
    asked_at: datetime
    after: str = ""
    besides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """A caller was sent elsewhere, and Asterisk has not told yet that they are there."""

    to: Target
    asked_at: datetime


def ring_of(call: Call, ring: Ring) -> RingAgent:
    """The command for this ring."""
    return RingAgent(
        node=call.node,
        call_id=call.call_id,
        channel=call.channel,
        agent_id=ring.agent_id,
        attempt=ring.attempt,
        besides=ring.besides,
    )


@dataclass(slots=True)
class Reserves:
    """People on call: what ``known`` of them routing/reserve remembers, the next time it is asked (None: not yet, or
    every link was lost), and what overflow rules have ``asked_for`` since."""

    known: OnCall = field(default_factory=OnCall)
    look_at: datetime | None = None
    asked_for: list[Pressure] = field(default_factory=list)


@dataclass(slots=True)
class Centre:
    """The live state: calls by call id, agents by agent id, open alarms by call id.

    ``callbacks`` are promises to ring back, by their ids; ``handovers`` what callers did in the menu, by call id;
    ``menus`` counts how menus ended.

    ``rings`` are asked for and not yet begun, ``moves`` (elsewhere) likewise; ``drawn_in`` are the agents who were rung
    for another's talk, by its call; ``ring_backs`` maps an agent to the alarm they are ringing back;
    ``nodes`` maps a node to the faults of its last snapshot, or None while its link
    is down; ``suspects`` are calls to be looked at again, ``missed`` those that the last snapshot did not hold;
    ``reasons`` keeps for each call the reason of its last routing decision; ``cut_off`` remembers with whom callers
    talked who may ring again. ``floor`` is what the router knows: the agents are its own, and ``keep_floor`` brings
    whoever waits there in step with the calls, and ``estimator`` with both. ``reserves`` are people on call,
    ``expected`` what the last caller of each queue has still before them, ``told`` what callers have been told of their
    own wait. ``proposed`` is the configuration that the next ConfigurationApplied is about;
    ``ask_anew`` are calls that ask since the last one for what nobody can serve, until they wait for less, and
    ``once_emergency`` the emergency queues that are gone: callers may be on their way there still.
    """

    configuration: Configuration
    agents: MutableMapping[str, Agent]
    calls: MutableMapping[str, Call] = field(default_factory=dict)
    alarms: dict[str, Alarm] = field(default_factory=dict)
    rings: MutableMapping[str, Ring] = field(default_factory=dict)
    moves: MutableMapping[str, Move] = field(default_factory=dict)
    ring_backs: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    suspects: set[str] = field(default_factory=set)
    missed: set[str] = field(default_factory=set)
    reasons: dict[str, Reason] = field(default_factory=dict)
    last_attempt: int = 0
    cut_off: CutOffTalks = field(default_factory=CutOffTalks)
    reserves: Reserves = field(default_factory=Reserves)
    expected: Expected = field(default_factory=Expected)
    drawn_in: dict[str, set[str]] = field(default_factory=dict)
    callbacks: dict[str, Callback] = field(default_factory=dict)
    handovers: dict[str, MenuHandedOver] = field(default_factory=dict)
    menus: MenuCounts = field(default_factory=MenuCounts)
    told: dict[str, Told] = field(default_factory=dict)
    proposed: Configuration | None = None
    ask_anew: set[str] = field(default_factory=set)
    once_emergency: set[str] = field(default_factory=set)
    floor: Floor = field(init=False)
    estimator: Estimator = field(init=False)
    _calls: Noted[Call] = field(init=False)
    _rings: Noted[Ring] = field(init=False)
    _moves: Noted[Move] = field(init=False)
    _agents: Noted[Agent] = field(init=False)
    _wrap_ups: InTurn = field(init=False, default_factory=InTurn)
    _last: datetime = LONG_AGO
    _connected: list[str] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.floor = Floor(self.configuration.queues, self.agents.values())
        self.estimator = Estimator(self.configuration.queues, {}, HANDLE_SECONDS)
        self.agents = self._agents = Noted(self.floor.agents)
        self.calls = self._calls = Noted(dict(self.calls))
        self.rings = self._rings = Noted(dict(self.rings))
        self.moves = self._moves = Noted(dict(self.moves))

    def adopt(self, configuration: Configuration, agents: dict[str, Agent], at: datetime) -> None:
        """From now on this configuration and these agents count; who waits keeps the place, and is looked at again."""
        self.configuration = configuration
        self.floor = self.floor.renewed(configuration.queues, agents.values())
        self.estimator.adopt(configuration.queues, at)
        self.agents = self._agents = Noted(self.floor.agents)
        self._wrap_ups = InTurn()
        self._calls.changed.update(dict.fromkeys(self.calls))

    def connected_nodes(self) -> list[str]:
        """The nodes whose link is up and whose calls we know."""
        return [node for node, faults in self.nodes.items() if faults is not None]

    def waiting(self) -> Iterator[WaitingCall]:
        """The callers of connected nodes who want an agent now."""
        up = self.connected_nodes()
        return filter(None, (self._waiting(call, up) for call in self.calls.values()))

    def keep_floor(self, at: datetime) -> None:
        """Let exactly those wait on the floor who want an agent now; costs what has changed, not what there is.

        The estimate learns of the same changes; it is told of agents first, so that a call which leaves the floor for
        an agent's phone has not given up; nor has one whom we only cannot see, or have asked to go elsewhere.
        """
        up = self.connected_nodes()
        self._last = at = max(at, self._last)
        for agent_id in list(self._agents.changed):
            del self._agents.changed[agent_id]
            self._wrap_ups.drop(agent_id)
            if agent := self.agents.get(agent_id):
                if agent.wrap_up_until:
                    self._wrap_ups.put(moment(agent.wrap_up_until), agent_id)
                with courtesy("agent"):
                    self.estimator.agent(agent, at)
        if up != self._connected:
            self._connected = up
            self._calls.changed.update(dict.fromkeys((*self.floor.waiting, *self.calls)))
        for call_id in self._calls.changed | self._rings.changed | self._moves.changed:
            for changed in (self._calls.changed, self._rings.changed, self._moves.changed):
                changed.pop(call_id, None)
            self._keep(call_id, up, at)

    def _keep(self, call_id: str, up: list[str], at: datetime) -> None:
        call = self.calls.get(call_id)
        waiting = self._waiting(call, up) if call else None
        if waiting is None:
            self.floor.drop(call_id)
            if call is None or call.state not in WANTS_AN_AGENT:
                with courtesy("left"):
                    self.estimator.left(call_id, at)
        elif waiting != self.floor.waiting.get(call_id):
            self.floor.put(waiting)
            with courtesy("queued"):
                self.estimator.queued(waiting, at)

    def _waiting(self, call: Call, up: list[str]) -> WaitingCall | None:
        wants = call.state in WANTS_AN_AGENT and call.call_id not in self.rings and call.call_id not in self.moves
        if not (wants and call.node in up and call.queue in self.configuration.queues and call.queued_at):
            return None
        wished, patient = preferred(call, self.cut_off, self.configuration)
        return WaitingCall(
            call_id=call.call_id,
            queue=call.queue,
            needs=call.needs,
            queued_at=call.queued_at,
            waiting_since=call.waiting_since or call.queued_at,
            back_since=call.back_since,
            in_fallback=call.state is CallState.FALLBACK,
            in_last_resort=call.state is CallState.LAST_RESORT,
            preferred=wished,
            patient=patient,
            overflowed=frozenset(map(Target, call.overflowed)),
        )

    def next_deadline(self) -> datetime | None:
        """When time alone ends a wrap-up or changes what is decided, as the last ``keep_floor`` left it."""
        wrap_up = self._wrap_ups.first
        ahead = (self.floor.next_deadline(), time_of(wrap_up[0]) if wrap_up else None)
        return min(filter(None, ahead), default=None)

    def gives_way(self, call: Call, attempt: int | None) -> bool:
        """Whether a ring for this call may be ended for an emergency: one of our own, for somebody in none."""
        queue = self.configuration.queues.get(call.queue)
        return bool(attempt) and queue is not None and not queue.emergency

    def is_emergency(self, call: Call) -> bool:
        """Whether a caller in need is in this call, and no agent who asks such a queue."""
        queue = self.configuration.queues.get(call.queue)
        urgent = queue.emergency if queue else call.queue in self.once_emergency
        return urgent and call.line != INTERNAL_LINE

    def next_attempt(self, now: datetime) -> int:
        """A number for a ring, greater than any before it, also across restarts."""
        self.last_attempt = max(self.last_attempt + 1, int(now.timestamp() * 1000))
        return self.last_attempt
