"""What a starting service reads of the past, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from calls.call import CallState
from calls.events import AgentEvent, AlarmCleared, AlarmRaised, CallEvent, Duty, Event
from storage import migrate, reading
from storage.codec import encode
from storage.errors import DatabaseAway
from storage.schema import open_engine
from storage.store import store
from tests.facts import answered, at, duty, ended, queued, started


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    await asyncio.to_thread(migrate, database_url)
    engine = open_engine(database_url)
    yield engine
    await engine.dispose()


async def keep(engine: AsyncEngine, *events: Event) -> None:
    await store(engine, [encode(event, "run", seq, "v1") for seq, event in enumerate(events, 1)])


def of(call_id: str, *events: CallEvent | AgentEvent) -> list[Event]:
    """The same facts of another call."""
    return [replace(event, call_id=call_id) for event in events]  # type: ignore[call-arg]


async def test_the_duty_declared_last_is_the_one_that_counts(engine: AsyncEngine) -> None:
    await keep(engine, duty(0, Duty.READY), duty(60, Duty.PAUSED, "lunch"))
    assert await reading.duties(engine) == {"anna": (Duty.PAUSED, "lunch", at(60))}


async def test_an_alarm_stands_with_the_number_to_ring_back_until_it_is_cleared(engine: AsyncEngine) -> None:
    left = (started(), queued(2), ended(9, CallState.WAITING), AlarmRaised(at=at(9), call_id="c", queue="general"))
    await keep(engine, *left)
    [alarm] = await reading.open_alarms(engine)
    assert (alarm.call_id, alarm.queue, alarm.raised_at, alarm.number) == ("c", "general", at(9), "+380441234567")
    await keep(engine, *left, AlarmCleared(at=at(99), call_id="c", how="answered"))
    assert await reading.open_alarms(engine) == []


async def test_the_waits_that_ended_since_a_moment_are_read_oldest_first(engine: AsyncEngine) -> None:
    await keep(engine, started(), queued(2), answered(8))
    [wait] = await reading.ended_waits(engine, at(0))
    assert (wait.queue, wait.wait_seconds, wait.result, wait.ended) == ("general", 6.0, "answered", at(8))
    assert await reading.ended_waits(engine, at(9)) == []


async def test_a_call_left_open_by_an_earlier_run_vanished_when_that_run_was_last_heard_of(engine: AsyncEngine) -> None:
    await keep(
        engine,
        *of("node1-1", started(), queued(2)),
        *of("node1-2", started(), queued(2), answered(8)),
        *of("node1-3", started(), ended(20, CallState.MENU)),
        *of("node2-1", started()),
        *of("node1-4", started(30)),
    )
    left = await reading.open_calls(engine, "node1", before=at(25))
    assert {(call.call_id, call.state, call.at) for call in left} == {
        ("node1-1", CallState.WAITING, at(20)),
        ("node1-2", CallState.TALK, at(20)),
    }
    assert {(call.queue, call.number) for call in left} == {("general", "+380441234567")}


async def test_a_database_that_is_away_is_said_to_be_away() -> None:
    engine = open_engine("postgresql+asyncpg://nobody@127.0.0.1:9/none")
    with pytest.raises(DatabaseAway):
        await reading.duties(engine)
    await engine.dispose()
