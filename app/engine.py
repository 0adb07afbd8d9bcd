"""One inbox, one consumer, the next deadline: every fact goes through here, in order, and nothing else is awaited.

The law: an event that cannot be handled marks its call for a fresh look at Asterisk and the consumer goes on; an inbox
that overflows means a full resync; the heartbeat is written by this consumer after it has handled a tick, so a stuck
consumer is a silent one and the dialplan takes over.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic, perf_counter
from typing import Any, Protocol

import structlog

from app.errors import InboxFull
from app.state import Centre
from calls.commands import Command, LookAgain, SayAlive
from calls.events import DeadlineReached, Event, SnapshotTaken, SwitchDoubted, Tick

log = structlog.get_logger()

TICK = 0.5
"""Seconds of the monotonic clock, like those below: a wall clock that is set back must not stop the heartbeat."""
BETWEEN_DEADLINES = timedelta(seconds=0.02)
"""What falls due within it is done together; with a thousand callers something is always about to."""
BEHIND = 0.5
"""An inbox that was not empty for so long: frozen, stuck or flooded, while the dialplan moves callers on after 1 s."""
LOOK_AGAIN = 30.0
LOOK_AGAIN_AT_SUSPECTS = 1.0
INBOX_LIMIT = 20_000
SAME_MOMENT = 0.001
"""How far two readings of one deadline may lie apart."""
BREATH = 50
"""After so many events in a row the loop gets a turn, so that links are read and sessions served in a storm."""

Handler = Callable[[Centre, Any], Iterable[Command | Event]]
"""What to do about one type of event; the table in app/handlers gives each its own."""
Sink = Callable[[Event], None]


class EngineObserver(Protocol):
    """Told how the consumer fares, for the metrics; must return at once."""

    def handled(self, seconds: float) -> None: ...

    def handler_failed(self, event: Event) -> None: ...


class Engine:
    """The consumer. ``handlers`` maps an event's type to what to do about it; ``decide`` is asked after each event.

    ``send`` takes a command for a node and must not block; ``sinks`` see each event once, before it is handled.
    """

    def __init__(
        self,
        centre: Centre,
        handlers: Mapping[type[Event], Handler],
        decide: Callable[[Centre, Event], Iterable[Command | Event]],
        send: Callable[[Command], None],
        sinks: Sequence[Sink],
        observer: EngineObserver,
    ) -> None:
        self.centre = centre
        self._handlers = handlers
        self._decide = decide
        self._send = send
        self._sinks = list(sinks)
        self._observer = observer
        self._inbox: deque[Event] = deque()
        self._awaited: dict[int, asyncio.Future[None]] = {}
        self._arrived = asyncio.Event()
        self._next_tick = self._last_look = self._caught_up = monotonic()
        self._served = datetime.now(UTC)
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    def add_sink(self, sink: Sink) -> None:
        """From now on ``sink`` sees each event too."""
        self._sinks.append(sink)

    def post(self, event: Event) -> None:
        """Put a fact into the inbox; raises InboxFull, upon which its giver must resync."""
        if len(self._inbox) >= INBOX_LIMIT:
            raise InboxFull(f"{INBOX_LIMIT} events wait to be handled")
        self._inbox.append(event)
        self._arrived.set()

    def post_and_tell(self, event: Event) -> asyncio.Future[None]:
        """Like ``post``; the future is done when the event has been handled."""
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.post(event)
        self._awaited[id(event)] = told
        return told

    @property
    def depth(self) -> int:
        """How many events wait to be handled."""
        return len(self._inbox)

    async def run(self) -> None:
        """Consume until cancelled."""
        handled = 0
        while True:
            now = monotonic()
            if now >= self._next_tick:
                if now - self._caught_up > BEHIND:
                    self._doubt(now)
                self._next_tick = now + TICK
                self._served = at = datetime.now(UTC)
                self._after_tick(now, at, well=self.step(Tick(at=at)))
            elif self._inbox:
                event = self._inbox.popleft()
                self.step(event)
                if type(event) is SnapshotTaken:
                    self._next_tick = now  # callers who came while we were away see the heartbeat at once
                if (told := self._awaited.pop(id(event), None)) and not told.done():
                    told.set_result(None)
                handled += 1
                if handled % BREATH == 0:
                    await asyncio.sleep(0)
            elif (left := self._seconds_left(now)) <= 0:
                self._served = at = datetime.now(UTC)
                self.step(DeadlineReached(at=at))
            else:
                self._caught_up = self._next_tick
                await self._arrival(now, left)

    def _seconds_left(self, now: float) -> float:
        """Until the next tick, or a deadline before it; each deadline is served once, and if in vain left to the tick.

        Deadlines are moments of the wall clock. If that is set, the next tick puts things right. A deadline that cannot
        be worked out is left to the tick as well, and brings a fresh look at Asterisk. Never raises.
        """
        left, deadline = self._next_tick - now, None
        try:
            deadline = self.centre.next_deadline()
        except Exception as fault:
            self._suspect(DeadlineReached(at=datetime.now(UTC)), fault)
        if deadline is None or deadline <= self._served:
            return left
        due = max(deadline, self._served + BETWEEN_DEADLINES)
        return min(left, (due - datetime.now(UTC)).total_seconds())

    async def _arrival(self, now: float, seconds: float) -> None:
        """Until a fact has come or so many seconds have passed: facts between do not move the timer."""
        self._arrived.clear()
        if self._timer is None or now + seconds < self._timer_at - SAME_MOMENT:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = now + seconds
            self._timer = asyncio.get_running_loop().call_later(seconds, self._time_is_up)
        await self._arrived.wait()

    def _time_is_up(self) -> None:
        self._timer = None
        self._arrived.set()

    def _doubt(self, now: float) -> None:
        """What we believe is old, and a Redirect could break a talk of the fallback: first we look, then we decide."""
        self._caught_up = now
        for node in self.centre.connected_nodes():
            self.step(SwitchDoubted(at=datetime.now(UTC), node=node))
            self._send(LookAgain(node=node))

    def step(self, event: Event) -> bool:
        """Handle one fact and whatever follows from it; whether all went well. Never raises."""
        began, well = perf_counter(), True
        pending = deque([event])
        while pending:
            fact = pending.popleft()
            self._fan_out(fact)
            try:
                handler = self._handlers.get(type(fact))
                results = list(handler(self.centre, fact)) if handler else []
                results += self._decide(self.centre, fact)
                for result in results:
                    if isinstance(result, Command):
                        self._send(result)
                    else:
                        pending.append(result)
            except Exception as fault:
                well = False
                self._suspect(fact, fault)
        self._observer.handled(perf_counter() - began)
        return well

    def _fan_out(self, fact: Event) -> None:
        """History, metrics, mirror: one that fails costs neither the others nor the call."""
        for sink in self._sinks:
            try:
                sink(fact)
            except Exception as fault:
                self._observer.handler_failed(fact)
                name = type(fact).__name__
                log.error("sink failed", action="engine.sink", fault=type(fault).__name__, event_type=name)

    def _suspect(self, fact: Event, fault: Exception) -> None:
        call_id = getattr(fact, "call_id", None)
        self.centre.suspects.add(call_id or "")
        self._observer.handler_failed(fact)
        log.error(
            "event not handled",
            action="engine.fault",
            event_type=type(fact).__name__,
            call_id=call_id,
            fault=type(fault).__name__,
            where=[f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)],
        )

    def _after_tick(self, now: float, at: datetime, *, well: bool) -> None:
        """The heartbeat, and a fresh look at Asterisk every 30 s, or within a second when a call is in doubt.

        Who cannot handle a tick, or decide upon it, is as good as gone for those who wait: no heartbeat.
        """
        look_after = LOOK_AGAIN_AT_SUSPECTS if self.centre.suspects else LOOK_AGAIN
        look = now - self._last_look >= look_after
        if look:
            self._last_look = now
            self.centre.suspects.clear()
        for node in self.centre.connected_nodes():
            if well:
                self._send(SayAlive(node=node, at=at))
            if look:
                self._send(LookAgain(node=node))
