"""How is a fact kept without the call path ever waiting? Recorded in memory, spooled to the disk, stored in SQL.

``record`` appends to a bounded queue and returns. Every 0.2 s one task moves the queue into the spool (on the disk
after one fsync for all); another moves the spool into SQL once a second, where (run_id, seq) makes each event count
once. A database that is away leaves the spool growing; a disk that refuses as well leaves the queue growing; what finds
the queue full is lost, counted, and reported as HistoryLost when there is room again. A crash loses at most the last
0.2 s. Just past 300 lines, since the three tasks and what they share are one mechanism.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

import structlog

from calls.events import CallSpooled, DeadlineReached, Event, HistoryLost, Tick
from storage.codec import StoredEvent, encode, to_line
from storage.errors import DatabaseAway
from storage.failsafe import collect
from storage.spool import Spool
from storage.writer import Writer

log = structlog.get_logger()

FLUSH_SECONDS = 0.2
STORE_SECONDS = 1.0
"""How long SQL is left alone after events came: a visit costs the same for ten calls as for one."""
BATCH = 250
"""Events moved at once: few enough that projecting them holds the event loop for some milliseconds only."""
QUEUE_LIMIT = 20_000
RETRY_SECONDS = (0.5, 1.0, 2.0, 4.0)
FAILSAFE_SECONDS = 5.0
GOODBYE_SECONDS = 1.0

NOT_RECORDED = frozenset({Tick, DeadlineReached, CallSpooled})
"""The passing of time is no fact of its own; spooled calls are stored when they are read."""


@dataclass(frozen=True, slots=True)
class HistoryHealth:
    """How the history is doing since its start: events stored in SQL, spooled to the disk, lost, still in memory.

    ``oldest`` is about when the oldest event not yet in SQL happened (None: all are there).
    """

    stored: int = 0
    spooled: int = 0
    lost: int = 0
    in_memory: int = 0
    oldest: datetime | None = None
    database_away: bool = False
    disk_refuses: bool = False


@dataclass(frozen=True, slots=True)
class _Recorded:
    seq: int
    config_version: str
    event: Event


class History:
    """One run's history, in the folder ``spool`` and the database at ``url``.

    ``spooled_call`` is told of each call that the failsafe spool brings, once it is stored; when it raises, it is told
    again. ``caught_up`` is set when SQL has all that earlier runs and the failsafe spool knew. ``config_version`` may
    be set at any time; events carry the one in force when they were recorded.
    """

    def __init__(
        self,
        url: str,
        spool: Path,
        config_version: str,
        spooled_call: Callable[[CallSpooled], None] = lambda _event: None,
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        self.config_version = config_version
        self.run_id = uuid.uuid4().hex
        self.writer = Writer(url, spool)
        self._folder = spool
        self._spooled_call = spooled_call
        self._limit = queue_limit
        self._spool = Spool(spool / "events.jsonl")
        self._fresh: deque[_Recorded] = deque()
        self._untold: deque[CallSpooled] = deque()
        self._seq = 0
        self._safe = 0
        self._loss: HistoryLost | None = None
        self._health = HistoryHealth()
        self._oldest_spooled: datetime | None = None
        self._arrived = asyncio.Event()
        self._moved = asyncio.Event()
        self._closing = asyncio.Event()
        self._earlier_stored = False
        self.caught_up = asyncio.Event()
        self._handover = asyncio.Lock()
        self._until_safe: list[tuple[int, asyncio.Future[None]]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def record(self, event: Event) -> None:
        """Take a fact in; never waits, never raises. What finds the queue full is counted as lost."""
        if type(event) in NOT_RECORDED:
            return
        if len(self._fresh) >= self._limit:
            lost = self._loss
            self._loss = HistoryLost(
                at=event.at, since=lost.since if lost else event.at, count=lost.count + 1 if lost else 1
            )
            return
        self._seq += 1
        self._fresh.append(_Recorded(self._seq, self.config_version, event))
        self._arrived.set()

    @property
    def health(self) -> HistoryHealth:
        """How it is doing now."""
        oldest = self._oldest_spooled if self._spool.unread else self._fresh[0].event.at if self._fresh else None
        lost = self._health.lost + (self._loss.count if self._loss else 0)
        return replace(self._health, lost=lost, in_memory=len(self._fresh), oldest=oldest)

    async def flushed(self) -> None:
        """Return when all that was recorded until now is on the disk or in SQL."""
        if self._safe < self._seq:
            safe = asyncio.get_running_loop().create_future()
            self._until_safe.append((self._seq, safe))
            await safe

    async def start(self) -> None:
        """Store what an earlier run left in the spool, if the database is there, and keep storing from now on."""
        try:
            await self.writer.prepare()
            while await self.store_spooled():
                pass
            self._earlier_stored = True
        except (DatabaseAway, OSError) as fault:
            self._note_database(fault)
        spooling = asyncio.create_task(self._spooling(), name="history-spooling")
        storing = asyncio.create_task(self._storing(spooling), name="history-storing")
        self._tasks = [spooling, storing, asyncio.create_task(self._collecting(), name="history-collecting")]

    async def close(self, seconds: float = 5.0) -> None:
        """Spool what is in memory and bring it into SQL if that is done in time; the next run stores what remains."""
        self._closing.set()
        self._arrived.set()
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*self._tasks)
        except TimeoutError:
            _say("history closed with events left in the spool", action="history.left")
        with suppress(TimeoutError):  # a frozen server does not even say goodbye
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.writer.engine.dispose()
        self._spool.close()

    async def spool_fresh(self) -> bool:
        """Move one batch from memory to the disk; False when there was none or the disk refused it."""
        async with self._handover:
            if not self._fresh:
                return False
            batch = list(islice(self._fresh, BATCH))
            if not self._spool.unread:
                self._oldest_spooled = batch[0].event.at
            try:
                await asyncio.to_thread(lambda: self._spool.append([to_line(self._row(one)) for one in batch]))
            except OSError as fault:
                self._note_disk(fault)
                return False
            self._note_disk(None)
            self._health = replace(self._health, spooled=self._health.spooled + len(batch))
            self._forget(batch)
            return True

    async def store_spooled(self) -> bool:
        """Move one batch from the disk to SQL, or from memory while the disk refuses; False when there was none.

        Raises DatabaseAway, and OSError when a line that cannot be read cannot be set aside either.
        """
        try:
            lines, end = await asyncio.to_thread(self._spool.read, BATCH)
        except OSError as fault:
            self._note_disk(fault)
            lines = []
        if lines:
            self._count(await self.writer.write_lines(lines))
            await asyncio.to_thread(self._spool.done, end)
            return True
        if not self._health.disk_refuses:
            return False
        async with self._handover:
            batch = list(islice(self._fresh, BATCH))
            self._count(await self.writer.write([self._row(one) for one in batch]))
            self._forget(batch)
            return bool(batch)

    def _row(self, recorded: _Recorded) -> StoredEvent:
        return encode(recorded.event, self.run_id, recorded.seq, recorded.config_version)

    def _forget(self, batch: list[_Recorded]) -> None:
        """The batch is safe: let go of it, wake who waited for that, and report a loss now that there is room."""
        for one in batch:
            self._fresh.popleft()
            self._safe = one.seq
        for seq, safe in self._until_safe:
            if seq <= self._safe and not safe.done():
                safe.set_result(None)
        self._until_safe = [(seq, safe) for seq, safe in self._until_safe if not safe.done()]
        if self._loss and batch:
            loss, self._loss = self._loss, None
            self._health = replace(self._health, lost=self._health.lost + loss.count)
            self.record(loss)
            _say("events were lost", action="history.lost", count=loss.count)

    def _count(self, stored: list[StoredEvent]) -> None:
        self._note_database(None)
        if stored:
            self._oldest_spooled = stored[-1].at
            self._health = replace(self._health, stored=self._health.stored + len(stored))

    def _note_database(self, fault: Exception | None) -> None:
        """Remember that the database went or came, and say so once."""
        if self._health.database_away != (fault is not None):
            _say("history: database", action="history.database", away=fault is not None, fault=_kind(fault))
            self._health = replace(self._health, database_away=fault is not None)

    def _note_disk(self, fault: OSError | None) -> None:
        """Remember that the disk refuses or takes again, and say so once."""
        if self._health.disk_refuses != (fault is not None):
            _say("history: disk", action="history.disk", refuses=fault is not None, fault=_kind(fault))
            self._health = replace(self._health, disk_refuses=fault is not None)

    # The three tasks. Whatever goes wrong in them, the spool has the events: they say so and try again.

    async def _spooling(self) -> None:
        while True:
            await self._arrived.wait()
            await self._pause(FLUSH_SECONDS)
            self._arrived.clear()
            while await self.spool_fresh():
                pass
            if self._fresh:
                self._arrived.set()
            self._moved.set()
            if self._closing.is_set():
                return

    async def _storing(self, spooling: asyncio.Task[None]) -> None:
        failures = 0
        while True:
            try:
                while await self.store_spooled():
                    failures = 0
                self._earlier_stored = True
            except Exception as fault:
                self._note_database(fault)
                if self._closing.is_set() and failures:
                    return
                await self._pause(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
                failures += 1
                continue
            if spooling.done():
                return
            await self._moved.wait()
            self._moved.clear()
            await self._pause(STORE_SECONDS)

    async def _collecting(self) -> None:
        while not self._closing.is_set():
            try:
                earlier_stored = self._earlier_stored
                self._untold += await collect(self._folder, self.writer, self.config_version)
                if earlier_stored:
                    self.caught_up.set()
                while self._untold:
                    self._spooled_call(self._untold[0])
                    self._untold.popleft()
            except Exception as fault:
                _say("failsafe spool not read", action="history.failsafe", fault=type(fault).__name__)
            await self._pause(FAILSAFE_SECONDS)

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until the history is closed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()


def _say(event: str, **what: object) -> None:
    """To the log, which may lie on the very disk that is full: nothing of the history may stop for that."""
    with suppress(OSError):
        log.warning(event, **what)


def _kind(fault: Exception | None) -> str:
    """What went wrong, without anything that was stored: a driver's own words may quote a row."""
    return str(fault) if isinstance(fault, DatabaseAway) else type(fault).__name__ if fault else ""
