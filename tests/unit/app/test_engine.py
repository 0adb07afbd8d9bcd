"""Does the consumer keep its law: go on after a fault, be silent when it cannot decide, look before it acts?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from app.deciding import decide
from app.engine import Engine
from app.handlers import HANDLERS
from app.state import Centre
from calls.call import Call, CallState
from calls.commands import Command, LookAgain, RingAgent, SayAlive
from calls.events import (
    CallerQueued,
    DeadlineReached,
    Decided,
    Duty,
    Event,
    SnapshotTaken,
    SwitchDoubted,
    SwitchLost,
    Tick,
    WrapUpEnded,
)
from config.load import load
from routing.agent import AgentState, on_duty
from routing.estimate import Estimator
from tests.builders import NOON, a_call, an_agent, seconds
from tests.e2e.centre import SAMPLE, eventually

NODE = "node1"
CONFIGURATION = load(SAMPLE)


class Unobserved:
    def handled(self, seconds: float) -> None: ...

    def handler_failed(self, event: Event) -> None: ...


@dataclass
class Bench:
    """An engine connected to one node; `wrong` is what the next lost switch or decision does, if anything."""

    sent: list[Command] = field(default_factory=list)
    handle: Callable[[], None] = lambda: None
    decide: Callable[[], None] = lambda: None
    connected_when_deciding: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        centre = Centre(configuration=CONFIGURATION, agents={}, nodes={NODE: ()})
        handlers = {**HANDLERS, SwitchLost: self._handled, SnapshotTaken: self._looked}
        self.engine = Engine(centre, handlers, self._decided, self.sent.append, [], Unobserved())

    def _handled(self, _centre: Centre, _event: SwitchLost) -> Iterator[Command]:
        self.handle()
        yield from ()

    def _looked(self, centre: Centre, event: SnapshotTaken) -> Iterator[Command]:
        centre.nodes[event.node] = ()
        yield from ()

    def _decided(self, centre: Centre, event: Event) -> Iterator[Command]:
        if type(event) not in (Tick, SwitchDoubted):
            self.connected_when_deciding.append(bool(centre.connected_nodes()))
        self.decide()
        yield from ()

    def post(self) -> None:
        self.engine.post(SwitchLost(at=datetime.now(UTC), node="elsewhere"))

    async def run(self, until: Callable[[], bool]) -> None:
        async def look() -> bool | None:
            return until() or None

        consumer = asyncio.create_task(self.engine.run())
        await eventually(look, "the consumer did it", 5)
        consumer.cancel()

    def count(self, command: type[Command]) -> int:
        return sum(type(sent) is command for sent in self.sent)


def fail() -> None:
    raise RuntimeError("made to fail")


async def test_what_came_while_we_stood_still_is_decided_only_after_a_fresh_look() -> None:
    bench = Bench()
    bench.handle = lambda: (time.sleep(1.1), setattr(bench, "handle", lambda: None))[0]
    bench.post()
    bench.post()
    await bench.run(lambda: bench.count(LookAgain) == 1 and len(bench.connected_when_deciding) == 2)
    assert bench.connected_when_deciding == [True, False]
    looked = SnapshotTaken(at=datetime.now(UTC), node=NODE, calls=(), reachable=frozenset(), in_use=frozenset())
    bench.engine.post(looked)
    bench.post()
    await bench.run(lambda: len(bench.connected_when_deciding) == 4)
    assert bench.connected_when_deciding[2:] == [True, True]


async def test_a_handler_that_raises_costs_one_event_and_brings_a_fresh_look() -> None:
    bench = Bench(handle=fail)
    bench.post()
    bench.post()
    await bench.run(lambda: bench.count(LookAgain) > 0)
    assert bench.count(SayAlive) >= 2


@pytest.mark.parametrize("broken", ["queued", "left", "agent", "estimate", "kinds"])
def test_an_estimate_that_fails_costs_no_ring_and_no_heartbeat(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Estimator, broken, lambda *_: fail())
    since = {"queued_at": NOON, "waiting_since": NOON}
    caller = a_call("call-1", state=CallState.WAITING, queue="emergency", needs=(("lang:ru", 1),), **since)
    elena = an_agent("elena", "lang:ru=9", "nurse")
    centre = Centre(configuration=CONFIGURATION, agents={"elena": elena}, calls={"call-1": caller}, nodes={"pbx1": ()})
    sent: list[Command] = []
    engine = Engine(centre, HANDLERS, decide, sent.append, [], Unobserved())
    assert engine.step(Tick(at=NOON)) and engine.step(Tick(at=NOON + seconds(1))), "well: the heartbeat goes on"
    assert [type(one) for one in sent] == [RingAgent]


async def test_a_consumer_that_cannot_decide_is_silent() -> None:
    bench = Bench(decide=fail)
    await bench.run(lambda: bench.count(LookAgain) > 0)
    assert bench.count(SayAlive) == 0


# --- deadlines ------------------------------------------------------------------------------------------------------


@dataclass
class Whole:
    """An engine with the real handlers and router."""

    centre: Centre
    sent: list[Command] = field(default_factory=list)
    facts: list[Event] = field(default_factory=list)
    decide: Callable[[Centre, Event], Iterable[Command | Event]] = decide

    def __post_init__(self) -> None:
        self.engine = Engine(self.centre, HANDLERS, self.decide, self.sent.append, [self.facts.append], Unobserved())

    def count(self, kind: type[Event]) -> int:
        return sum(type(fact) is kind for fact in self.facts)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        consumer = asyncio.create_task(self.engine.run())
        try:
            yield
        finally:
            consumer.cancel()

    async def has_rung(self, agents: int = 1) -> bool | None:
        return sum(type(one) is RingAgent for one in self.sent) == agents or None


@pytest.fixture
def no_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first one."""
    monkeypatch.setattr("app.engine.TICK", 60.0)


def who_waits(call_id: str, left: float) -> Call:
    """In so many seconds 90 s will have passed, after which an operator may be without the caller's language."""
    since = datetime.now(UTC) - seconds(90 - left)
    needs = (("desk:operator", 1), ("lang:en", 1))
    fields = {"queue": "operator", "lang": "en", "needs": needs, "queued_at": since, "waiting_since": since}
    return a_call(call_id, state=CallState.WAITING, **fields)


def operators(*callers: Call, agents: int = 1, **given: object) -> Centre:
    """Agents without English, free unless said otherwise."""
    since = datetime.now(UTC) - seconds(300)
    names = list(CONFIGURATION.agents)[:agents]
    people = {name: an_agent(name, "lang:ru=9&desk:operator=5", since=since, **given) for name in names}
    calls = {call.call_id: call for call in callers}
    return Centre(configuration=CONFIGURATION, agents=people, calls=calls, nodes={"pbx1": ()})


async def test_the_router_is_asked_when_a_needs_time_has_come_not_at_the_next_tick(no_ticks: None) -> None:
    call = who_waits("call-1", left=0.3)
    whole = Whole(operators(call))
    async with whole.running():
        await eventually(whole.has_rung, "an agent is rung", 5)
    assert whole.count(Tick) == 1 and whole.count(DeadlineReached) == 1
    [decided] = [fact for fact in whole.facts if isinstance(fact, Decided)]
    assert call.waiting_since and decided.at >= call.waiting_since + seconds(90)


async def test_a_wrap_up_ends_when_its_time_has_come_and_the_agent_is_rung(no_ticks: None) -> None:
    until = datetime.now(UTC) + seconds(0.3)
    whole = Whole(operators(who_waits("call-1", left=-1), state=AgentState.WRAP_UP, wrap_up_until=until))
    async with whole.running():
        await eventually(whole.has_rung, "an agent is rung", 5)
    assert (whole.count(Tick), whole.count(DeadlineReached), whole.count(WrapUpEnded)) == (1, 1, 1)


async def test_a_deadline_that_comes_up_while_we_wait_for_a_later_one_is_kept(no_ticks: None) -> None:
    whole = Whole(operators())
    caller = who_waits("call-1", left=0.3)
    assert caller.queued_at is not None
    queued = CallerQueued(
        at=caller.queued_at,
        call_id=caller.call_id,
        node=caller.node,
        channel=caller.channel,
        line=caller.line,
        queue=caller.queue,
        lang=caller.lang,
        needs=caller.needs,
        queued_at=caller.queued_at,
    )
    async with whole.running():
        await whole.engine.post_and_tell(SwitchLost(at=datetime.now(UTC), node="elsewhere"))
        await whole.engine.post_and_tell(queued)
        await eventually(whole.has_rung, "an agent is rung", 5)
    assert whole.count(Tick) == 1


async def test_what_falls_due_together_is_served_together(no_ticks: None) -> None:
    whole = Whole(operators(*(who_waits(f"call-{n}", left=0.3 + n / 1000) for n in range(9)), agents=9))
    async with whole.running():
        await eventually(lambda: whole.has_rung(9), "all are rung", 5)
    assert whole.count(DeadlineReached) <= 2


async def test_a_deadline_that_cannot_be_served_is_left_to_the_next_tick() -> None:
    def refuses(centre: Centre, event: Event) -> Iterator[Command | Event]:
        centre.keep_floor(event.at)
        if type(event) is DeadlineReached:
            fail()
        yield from decide(centre, event)

    whole = Whole(operators(who_waits("call-1", left=0.1)), decide=refuses)
    async with whole.running():
        await eventually(whole.has_rung, "an agent is rung", 5)
    assert (whole.count(DeadlineReached), whole.count(Tick)) == (1, 2)


async def test_a_deadline_that_cannot_be_worked_out_costs_no_tick_and_brings_a_fresh_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Centre, "next_deadline", lambda _: fail())
    bench = Bench()
    await bench.run(lambda: bench.count(SayAlive) >= 3)
    assert bench.count(LookAgain) == 1


def test_the_next_deadline_is_that_of_who_waits_or_wraps_up_whichever_is_sooner() -> None:
    centre = operators(who_waits("call-1", left=5), agents=0)

    def next_after_a_look() -> datetime | None:
        list(decide(centre, Tick(at=now)))
        return centre.next_deadline()

    now = datetime.now(UTC)
    caller = centre.calls["call-1"].waiting_since
    assert caller and next_after_a_look() == caller + seconds(90)
    wraps_up = an_agent(state=AgentState.WRAP_UP, wrap_up_until=now + seconds(2))
    centre.agents["anna"] = wraps_up
    assert next_after_a_look() == now + seconds(2)
    centre.agents["anna"] = on_duty(wraps_up, Duty.PAUSED, "lunch", now)
    assert next_after_a_look() == caller + seconds(90)
    centre.agents["anna"] = wraps_up
    next_after_a_look()
    centre.adopt(CONFIGURATION, {}, now)
    assert next_after_a_look() == caller + seconds(90)
