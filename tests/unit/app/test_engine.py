"""Does the consumer keep its law: go on after a fault, be silent when it cannot decide, look before it acts?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from app.deciding import decide
from app.engine import Engine
from app.handlers import HANDLERS
from app.state import Centre
from calls.call import CallState
from calls.commands import Command, LookAgain, RingAgent, SayAlive
from calls.events import Event, SnapshotTaken, SwitchDoubted, SwitchLost, Tick
from config.load import load
from routing.estimate import Estimator
from tests.builders import NOON, a_call, an_agent, seconds
from tests.e2e.centre import SAMPLE, eventually

NODE = "node1"


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
        centre = Centre(configuration=load(SAMPLE), agents={}, nodes={NODE: ()})
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
    configuration = load(SAMPLE)
    since = {"queued_at": NOON, "waiting_since": NOON}
    caller = a_call("call-1", state=CallState.WAITING, queue="emergency", needs=(("lang:ru", 1),), **since)
    elena = an_agent("elena", "lang:ru=9", "nurse")
    centre = Centre(configuration=configuration, agents={"elena": elena}, calls={"call-1": caller}, nodes={"pbx1": ()})
    sent: list[Command] = []
    engine = Engine(centre, HANDLERS, decide, sent.append, [], Unobserved())
    assert engine.step(Tick(at=NOON)) and engine.step(Tick(at=NOON + seconds(1))), "well: the heartbeat goes on"
    assert [type(one) for one in sent] == [RingAgent]


async def test_a_consumer_that_cannot_decide_is_silent() -> None:
    bench = Bench(decide=fail)
    await bench.run(lambda: bench.count(LookAgain) > 0)
    assert bench.count(SayAlive) == 0
