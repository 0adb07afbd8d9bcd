"""Does the engine's view stay that of Asterisk, whatever callers, agents and phones do, and in whatever order?

Hypothesis plays people against the real handlers, router and translator, above the Asterisk in memory that a contract
test holds against the real one. After every step the engine must know what the switch holds.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.deciding import decide
from app.engine import Engine
from app.handlers import HANDLERS
from app.reconcile import snapshot_taken as reconcile
from app.state import Centre
from calls.call import CallState
from calls.commands import Command, SayAlive
from calls.events import (
    AgentNotReached,
    CallEnded,
    CallFound,
    CommandFailed,
    Duty,
    DutyChanged,
    Event,
    PhoneReachable,
    SnapshotTaken,
    SwitchLost,
    Tick,
)
from config.load import load
from routing.agent import is_free, off_duty
from routing.waiting import Overflow, Target, When
from telephony.actions import actions
from telephony.delivery import Connected, Delivery, Disconnected, Received
from telephony.errors import AmiRefused
from telephony.fake import FakeAsterisk
from telephony.fake_dialplan import Channel, FakeLine, Phone
from telephony.snapshot import snapshot_taken
from telephony.translate import translate
from tests.builders import NOON
from tests.e2e.centre import SAMPLE

NODE = "node1"
STORM = 500
"""More events than any one happening can cause."""
AGENTS = ("anna", "boris", "elena", "nina")
LINES = {
    "direct": FakeLine(queue="direct", lang="ru", needs="desk:operator=1&grade:dispatcher=1&lang:ru=1", ring_seconds=5),
    "operator": FakeLine(queue="operator", lang="ru", needs="desk:operator=1&lang:ru=1", ring_seconds=5),
    "emergency": FakeLine(queue="emergency", lang="ru", needs="grade:nurse=1&lang:ru=1", grace=1, ring_seconds=5),
}
SAMPLE_CENTRE = load(SAMPLE)
OVERFLOWS = Overflow(when=When.LONG, to=Target.QUEUE, queue="operator", after_seconds=6)
CONFIGURATION = replace(
    SAMPLE_CENTRE,
    queues={
        **SAMPLE_CENTRE.queues,
        "emergency": replace(SAMPLE_CENTRE.queues["emergency"], reserve=0),
        "direct": replace(SAMPLE_CENTRE.queues["direct"], overflow=(OVERFLOWS,)),
    },
)
"""The nurse takes other calls too, from which an emergency takes her; and who waits long is moved."""
RUNS = settings(max_examples=500 if os.environ.get("AL_LONG") else 60, stateful_step_count=40, deadline=None)


class Unobserved:
    def handled(self, seconds: float) -> None: ...

    def handler_failed(self, event: Event) -> None:
        raise AssertionError(f"{type(event).__name__} was not handled")


def copy_of(centre: Centre) -> Centre:
    """The same state, which may go its own way: everything in it is frozen but the mappings."""
    own = {name: dict(getattr(centre, name)) for name in ("agents", "calls", "alarms", "rings", "ring_backs", "nodes")}
    return replace(centre, **own, suspects=set(centre.suspects), reasons=dict(centre.reasons))


class People(RuleBasedStateMachine):
    """What may happen, one step after the other."""

    def __init__(self) -> None:
        super().__init__()
        agents = {name: off_duty(CONFIGURATION.agents[name], NOON) for name in AGENTS}
        self.asterisk = FakeAsterisk(LINES, dict.fromkeys(AGENTS, Phone.RINGS), NOON)
        self.plan = self.asterisk.dialplan
        self.centre = Centre(configuration=CONFIGURATION, agents=agents)
        self.engine = Engine(self.centre, HANDLERS, decide, self.carry_out, [self.twice], Unobserved())
        self.told: deque[Event] = deque()
        self.refused: list[Event] = []
        self.callers = 0
        self.link = self.asterisk.connect(self.deliver)

    # --- between engine and switch: everything at once, in order ---------------------------------------------------

    def deliver(self, delivery: Delivery) -> None:
        match delivery:
            case Connected(at=at, snapshot=snapshot):
                self.told.append(snapshot_taken(NODE, snapshot, at))
            case Received(at=at, message=message):
                fact = translate(NODE, message, at)
                if isinstance(fact, Event):
                    self.told.append(fact)
            case Disconnected(at=at):
                self.told.append(SwitchLost(at=at, node=NODE))

    def carry_out(self, command: Command) -> None:
        for headers in actions(command):
            try:
                self.asterisk.act(headers)
            except AmiRefused:
                failed = CommandFailed(
                    at=self.plan.now,
                    node=NODE,
                    command=type(command).__name__,
                    reason="refused",
                    call_id=getattr(command, "call_id", None),
                )
                self.told.append(failed)

    def twice(self, event: Event) -> None:
        """A handler that runs again after itself changes nothing more."""
        if isinstance(event, AgentNotReached) and event.dial_status == "REFUSED":
            self.refused.append(event)
        handler = HANDLERS.get(type(event))
        if handler is None:
            return
        once = copy_of(self.centre)
        list(handler(once, event))
        again = copy_of(once)
        list(handler(again, event))
        assert (again.calls, again.agents, again.alarms, again.rings) == (
            once.calls,
            once.agents,
            once.alarms,
            once.rings,
        )

    def settle(self, fact: Event | None = None) -> None:
        """Everything that has been told is handled; at last, what follows from the present moment."""
        if fact:
            self.told.append(fact)
        for _ in range(STORM):
            if not self.told:
                return
            self.engine.step(self.told.popleft())
        raise AssertionError("engine and switch chase each other without time passing")

    # --- people -----------------------------------------------------------------------------------------------------

    @initialize()
    def open(self) -> None:
        self.link.resync()
        for name in AGENTS:
            self.asterisk.phone_state(name, "NOT_INUSE")
            self.settle(PhoneReachable(at=self.plan.now, agent_id=name, reachable=True))
        self.an_agent_declares(agent="elena", duty=Duty.READY)
        self.beat()

    def beat(self) -> None:
        self.settle(Tick(at=self.plan.now))
        self.no_emergency_caller_waits_for_a_nurse_who_is_free()
        if self.centre.connected_nodes():
            self.carry_out(SayAlive(node=NODE, at=self.plan.now))

    def no_emergency_caller_waits_for_a_nurse_who_is_free(self) -> None:
        """But a nurse may be left to app_queue, which this switch has not, for a caller who came earlier."""
        calls = [call for call in self.centre.calls.values() if call.queue == "emergency"]
        first = min(calls, key=lambda call: (call.queued_at or call.started_at, call.call_id), default=None)
        left = first is not None and first.state is CallState.FALLBACK
        waits = any(call.state is CallState.WAITING for call in calls) and self.centre.connected_nodes() and not left
        assert not (waits and is_free(self.centre.agents["elena"], self.plan.now))

    @rule(line=some.sampled_from(sorted(LINES)))
    def somebody_calls(self, line: str) -> None:
        self.callers += 1
        call = {"Channel": "PJSIP/trunk", "CallerID": f"+4420794610{self.callers:02}", "ChannelId": f"c{self.callers}"}
        self.asterisk.act({"Action": "Originate", "Context": "al-line", "Exten": line, **call})
        self.settle()

    @rule(nth=some.integers(0, 9))
    @precondition(lambda self: self.channels())
    def a_caller_hangs_up(self, nth: int) -> None:
        callers = self.channels()
        self.plan.hang_up(callers[nth % len(callers)])
        self.settle()

    @rule(nth=some.integers(0, 9))
    @precondition(lambda self: self.legs("ringing"))
    def an_agent_answers(self, nth: int) -> None:
        legs = self.legs("ringing")
        self.plan.agent_answers(legs[nth % len(legs)].agent)
        self.settle()

    @rule(nth=some.integers(0, 9))
    @precondition(lambda self: self.legs("talk"))
    def an_agent_hangs_up(self, nth: int) -> None:
        legs = self.legs("talk")
        self.plan.hang_up(legs[nth % len(legs)])
        self.settle()

    @rule(agent=some.sampled_from(AGENTS), duty=some.sampled_from(Duty))
    def an_agent_declares(self, agent: str, duty: Duty) -> None:
        self.settle(DutyChanged(at=self.plan.now, agent_id=agent, duty=duty))

    @rule(agent=some.sampled_from(AGENTS), phone=some.sampled_from(Phone))
    def a_phone_changes_its_ways(self, agent: str, phone: Phone) -> None:
        self.plan.phones[agent] = phone

    @rule(seconds=some.integers(1, 8))
    def time_passes(self, seconds: int) -> None:
        for _ in range(seconds):
            self.beat()
            self.plan.pass_time(1)
            self.settle()

    @rule()
    def the_service_is_silent_for_a_while(self) -> None:
        self.plan.pass_time(5)
        self.settle()
        self.beat()

    @rule()
    def the_link_is_cut_and_mended(self) -> None:
        self.asterisk.cut()
        self.settle()
        assert not self.centre.connected_nodes()
        self.plan.pass_time(1)
        self.asterisk.mend()
        self.settle()

    # --- what always holds ----------------------------------------------------------------------------------------

    def channels(self) -> list[Channel]:
        return [channel for channel in self.plan.channels.values() if channel.caller is None]

    def legs(self, state: str) -> list[Channel]:
        legs = [channel for channel in self.plan.channels.values() if channel.caller is not None]
        return [leg for leg in legs if leg.caller and leg.caller.variables["AL_STATE"] == state]

    @invariant()
    def the_engine_knows_each_call_as_asterisk_has_it(self) -> None:
        held = {
            channel.variables["AL_CALL_ID"]: (channel.variables["AL_STATE"], channel.variables.get("AL_AGENT") or None)
            for channel in self.channels()
        }
        assert {call.call_id: (call.state.value, call.agent_id) for call in self.centre.calls.values()} == held

    @invariant()
    def nobody_is_rung_or_reserved_twice(self) -> None:
        legs = Counter(channel.agent for channel in self.plan.channels.values() if channel.agent)
        assert all(count == 1 for count in legs.values())
        assert not self.refused, "the dialplan had to refuse an agent who was taken"
        engaged = {agent.profile.agent_id: agent.call_id for agent in self.centre.agents.values() if agent.call_id}
        assert set(engaged) == set(legs)
        assert len(set(engaged.values())) == len(engaged)

    @invariant()
    def the_router_knows_exactly_who_waits(self) -> None:
        assert dict(self.centre.floor.waiting) == {call.call_id: call for call in self.centre.waiting()}

    @invariant()
    def a_snapshot_tells_nothing_new(self) -> None:
        if not self.centre.connected_nodes():
            return
        seen = copy_of(self.centre)
        look: SnapshotTaken = snapshot_taken(NODE, self.asterisk.snapshot(), self.plan.now + timedelta(milliseconds=1))
        told = [one for one in reconcile(seen, look) if isinstance(one, Event)]
        assert not [one for one in told if isinstance(one, CallEnded | CallFound)]
        for call_id, call in self.centre.calls.items():
            assert replace(seen.calls[call_id], number="", caller="", needs=()) == replace(
                call, number="", caller="", needs=()
            )
        assert seen.agents == self.centre.agents


TestPeople = People.TestCase
TestPeople.settings = RUNS
