"""Whatever fails, crashes or comes back in between, every event that was kept is stored exactly once, in order.

Hypothesis draws the interleaving; the database and the spool are real, and the faults are put in where they happen: at
the transaction (before it, or after its commit, so that its success is never heard of), at a write that stops half-way
for want of room, and by a crash that drops the run with what it had in memory.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from calls.events import CallerQueued, HistoryLost
from storage import migrate
from storage.codec import StoredEvent
from storage.errors import DatabaseAway
from storage.history import History
from storage.schema import events, open_engine, waits
from storage.store import store

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ROOM_IN_MEMORY = 8
EXAMPLES = 500 if os.environ.get("AL_LONG") else 60
worlds = itertools.count(1)
real_pwrite = os.pwrite


class World:
    """One caller who is sent from queue to queue, so that each event that counted twice would show as a wait too many.

    ``must`` are the queues whose events have to be in SQL at the end, in order; ``may`` were in memory when a run
    crashed, and are there only if they had just been stored.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.call_id = f"world-{next(worlds)}"
        self.database_away = self.commit_unheard = self.disk_full = False
        self.must: list[str] = []
        self.may: set[str] = set()
        self.refused = self.refused_unreported = 0
        self.recorded = 0
        self.history = History(url, folder, "v1", queue_limit=ROOM_IN_MEMORY)

    def record(self) -> None:
        lost = self.history.health.lost
        self.recorded += 1
        queue, at = f"q{self.recorded:03}", NOON + timedelta(seconds=self.recorded)
        self.history.record(
            CallerQueued(
                at=at,
                call_id=self.call_id,
                node="n",
                channel="ch",
                line="hotline",
                queue=queue,
                lang="ru",
                needs=(),
                queued_at=at,
            )
        )
        if self.history.health.lost > lost:
            self.refused += 1
        else:
            self.must.append(queue)

    async def spool(self) -> None:
        await self.history.spool_fresh()

    async def store(self) -> None:
        with suppress(DatabaseAway):
            await self.history.store_spooled()

    async def crash(self) -> None:
        """The process is gone at once; another begins over what lies on the disk."""
        self.may |= {one.event.queue for one in self.history._fresh if isinstance(one.event, CallerQueued)}
        self.must = [queue for queue in self.must if queue not in self.may]
        self.refused_unreported += self.history.health.lost
        self.history._spool.close()
        await self.history.writer.engine.dispose()
        self.history = History(self.url, self.folder, "v1", queue_limit=ROOM_IN_MEMORY)

    async def end_of_the_day(self) -> None:
        """Everything works again, and the run is left alone until it has nothing more to do."""
        self.database_away = self.commit_unheard = self.disk_full = False
        while await self.history.spool_fresh() or await self.history.store_spooled():
            pass
        assert self.history.health.oldest is None
        self.history._spool.close()
        await self.history.writer.engine.dispose()

    async def faulty_store(self, engine: Any, rows: Sequence[StoredEvent], **how: Any) -> list[StoredEvent]:
        if self.database_away:
            raise DatabaseAway("gone")
        if not self.history._handover.locked():
            await self.history.spool_fresh()  # as the other task does while SQL is busy
        stored = await store(engine, rows, **how)
        if self.commit_unheard:
            self.commit_unheard = False
            raise DatabaseAway("gone after the commit")
        return stored

    def faulty_pwrite(self, file: int, piece: memoryview, at: int) -> int:
        if self.disk_full:
            real_pwrite(file, piece[: len(piece) // 2], at)
            raise OSError(errno.ENOSPC, "no room")
        return real_pwrite(file, piece, at)


STEPS: dict[str, Callable[[World], Any]] = {
    "record": World.record,
    "spool": World.spool,
    "store": World.store,
    "crash": World.crash,
    "the database goes": lambda world: setattr(world, "database_away", True),
    "the database comes back": lambda world: setattr(world, "database_away", False),
    "a commit will not be heard of": lambda world: setattr(world, "commit_unheard", True),
    "the disk is full": lambda world: setattr(world, "disk_full", True),
    "the disk has room": lambda world: setattr(world, "disk_full", False),
}
BUSY = [*STEPS, *["record"] * 6, *["spool"] * 2, *["store"] * 3, "a commit will not be heard of"]
days = st.lists(st.sampled_from(BUSY), min_size=40, max_size=80)


async def live_through(world: World, day: list[str]) -> None:
    for step in day:
        done = STEPS[step](world)
        if done is not None:
            await done
    await world.end_of_the_day()


async def stored(world: World) -> tuple[list[str], list[tuple[int, str]], list[dict[str, object]]]:
    """The queues of the events and of the waits, in order, and the losses."""
    engine = open_engine(world.url)
    of_call = select(events).where(events.c.call_id == world.call_id).order_by(events.c.id)
    of_waits = select(waits.c.nth, waits.c.queue).where(waits.c.call_id == world.call_id).order_by(waits.c.nth)
    async with engine.connect() as connection:
        queues = [row.payload["queue"] for row in await connection.execute(of_call)]
        waited = [(row.nth, row.queue) for row in await connection.execute(of_waits)]
        found = await connection.execute(select(events).where(events.c.type == HistoryLost.__name__))
        losses = [row.payload for row in found if row.run_id == world.history.run_id]
    await engine.dispose()
    return queues, waited, losses


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(day=days)
def test_every_kept_event_is_stored_exactly_once_and_in_order(database_url: str, day: list[str]) -> None:
    migrate(database_url)
    with tempfile.TemporaryDirectory() as folder:
        world = World(database_url, Path(folder))
        with (
            patch("storage.writer.store", world.faulty_store),
            patch("storage.spool.os.pwrite", world.faulty_pwrite),
            patch("storage.writer.migrate"),
        ):
            asyncio.run(live_through(world, day))
        assert not (Path(folder) / "set-aside.jsonl").exists()
    queues, waited, losses = asyncio.run(stored(world))
    assert [queue for queue in queues if queue not in world.may] == world.must
    assert queues == sorted(set(queues))
    assert waited == list(enumerate(queues, start=1))
    assert sum(int(str(loss["count"])) for loss in losses) == world.refused - world.refused_unreported
