"""PostgreSQL is killed, frozen or locked, the service itself is killed: every event is stored exactly once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select, text

from calls.events import AgentRinging
from storage.history import History
from storage.schema import agent_states, events, open_engine
from tests.postgres import PostgresServer

OUTAGE_SECONDS = 60.0 if os.environ.get("AL_LONG") else 3.0
PER_SECOND = 100


@asynccontextmanager
async def running(url: str, spool: Path) -> AsyncIterator[History]:
    history = History(url, spool, "v1")
    await history.start()
    yield history
    await history.close(30)


class Traffic:
    """A hundred rings a second, by ten agents, numbered in their call ids."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.count = 0
        self.slowest = 0.0

    async def go_on(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            start = time.perf_counter()
            self.record()
            self.slowest = max(self.slowest, time.perf_counter() - start)
            await asyncio.sleep(1 / PER_SECOND)

    def record(self) -> None:
        self.count += 1
        agent = f"agent{self.count % 10}"
        self._history.record(
            AgentRinging(at=datetime.now(UTC), call_id=f"c{self.count:06}", agent_id=agent, attempt=self.count)
        )


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (what it waits for is seen from outside only)
            await asyncio.sleep(0.02)


async def assert_stored_once_and_in_order(url: str, count: int) -> None:
    engine = open_engine(url)
    async with engine.connect() as connection:
        stored = await connection.execute(select(events.c.call_id).order_by(events.c.id))
        assert [row.call_id for row in stored] == [f"c{number:06}" for number in range(1, count + 1)]
        # An event that its projections had counted twice, or not at all, would show in the agents' states.
        states = (await connection.execute(select(agent_states.c.call_id))).scalars().all()
        assert len(states) == len(set(states)) == count
    await engine.dispose()


async def test_postgres_is_killed_while_events_go_on(own_postgres: PostgresServer, tmp_path: Path) -> None:
    async with running(own_postgres.url(), tmp_path) as history:
        traffic = Traffic(history)
        await traffic.go_on(1)
        own_postgres.kill()
        await traffic.go_on(OUTAGE_SECONDS)
        assert history.health.database_away
        assert history.health.in_memory < PER_SECOND  # what happened lies on the disk, not in memory
        own_postgres.start()
        await traffic.go_on(1)
        await until(lambda: history.health.stored == traffic.count)
        assert not history.health.database_away
        assert history.health.lost == 0
    assert (tmp_path / "events.jsonl").stat().st_size == 0
    await assert_stored_once_and_in_order(own_postgres.url(), traffic.count)


async def test_postgres_is_killed_again_and_again_in_the_middle_of_its_work(
    own_postgres: PostgresServer, tmp_path: Path
) -> None:
    async with running(own_postgres.url(), tmp_path) as history:
        traffic = Traffic(history)
        for _ in range(5):
            for _ in range(2_000):
                traffic.record()
            stored = history.health.stored
            await until(lambda at_least=stored: history.health.stored > at_least)  # type: ignore[misc]
            own_postgres.kill()
            own_postgres.start()
        await until(lambda: history.health.oldest is None)
    await assert_stored_once_and_in_order(own_postgres.url(), traffic.count)


async def test_a_frozen_postgres_holds_up_nobody(own_postgres: PostgresServer, tmp_path: Path) -> None:
    async with running(own_postgres.url(), tmp_path) as history:
        traffic = Traffic(history)
        await traffic.go_on(0.5)
        own_postgres.freeze()
        try:
            await traffic.go_on(OUTAGE_SECONDS)
            await asyncio.wait_for(history.flushed(), 2)
            assert traffic.slowest < 0.1
        finally:
            own_postgres.thaw()
        await until(lambda: history.health.stored == traffic.count)
    await assert_stored_once_and_in_order(own_postgres.url(), traffic.count)


async def test_a_frozen_postgres_does_not_hold_up_the_end(own_postgres: PostgresServer, tmp_path: Path) -> None:
    history = History(own_postgres.url(), tmp_path, "v1")
    await history.start()
    traffic = Traffic(history)
    traffic.record()
    await until(lambda: history.health.stored == 1)
    own_postgres.freeze()
    try:
        traffic.record()
        await asyncio.wait_for(history.close(1.0), 4)
    finally:
        own_postgres.thaw()
    async with running(own_postgres.url(), tmp_path):
        pass
    await assert_stored_once_and_in_order(own_postgres.url(), 2)


async def test_the_service_starts_while_postgres_is_away(own_postgres: PostgresServer, tmp_path: Path) -> None:
    own_postgres.kill()
    async with running(own_postgres.url(), tmp_path) as history:
        assert history.health.database_away
        traffic = Traffic(history)
        await traffic.go_on(0.5)
        own_postgres.start()
        await until(lambda: history.health.stored == traffic.count)
    await assert_stored_once_and_in_order(own_postgres.url(), traffic.count)


SERVICE = """
    import asyncio, sys
    from pathlib import Path
    from storage.history import History
    from tests.integration.test_history_outage import Traffic

    async def main():
        history = History(sys.argv[1], Path(sys.argv[2]), "v1")
        await history.start()
        traffic = Traffic(history)
        while True:
            for _ in range(50):
                traffic.record()
            await history.flushed()
            print(traffic.count, flush=True)

    asyncio.run(main())
"""


async def test_kill_9_of_the_service_loses_nothing_that_was_flushed(database_url: str, tmp_path: Path) -> None:
    words = [sys.executable, "-c", textwrap.dedent(SERVICE), database_url, str(tmp_path)]
    service = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    assert service.stdout is not None
    flushed = 0
    while flushed < 2_000:
        flushed = int(await service.stdout.readline())
    service.send_signal(signal.SIGKILL)
    flushed = max([flushed, *(int(line) for line in (await service.stdout.read()).split())])
    await service.wait()
    async with running(database_url, tmp_path):
        pass
    engine = open_engine(database_url)
    async with engine.connect() as connection:
        stored = (await connection.execute(select(events.c.call_id).order_by(events.c.id))).scalars().all()
    await engine.dispose()
    assert stored == [f"c{number:06}" for number in range(1, len(stored) + 1)]
    assert flushed <= len(stored) <= flushed + 50


async def test_a_table_locked_by_somebody_else_is_waited_for(own_postgres: PostgresServer, tmp_path: Path) -> None:
    async with running(own_postgres.url(), tmp_path) as history:
        traffic = Traffic(history)
        engine = open_engine(own_postgres.url())
        async with engine.begin() as connection:
            await connection.execute(text("LOCK TABLE events IN ACCESS EXCLUSIVE MODE"))
            await traffic.go_on(0.5)
            assert history.health.stored == 0
        await engine.dispose()
        await until(lambda: history.health.stored == traffic.count)
    await assert_stored_once_and_in_order(own_postgres.url(), traffic.count)
