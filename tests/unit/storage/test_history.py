"""Recording never waits, and each fact comes into SQL exactly once, on both databases."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from calls.call import CallState
from calls.events import (
    AlarmRaised,
    CallEnded,
    CallerQueued,
    CallSpooled,
    CallStarted,
    Duty,
    DutyChanged,
    EndedBy,
    Event,
    HistoryLost,
    SwitchLost,
    Tick,
)
from storage import history as history_module
from storage import projections
from storage.history import History
from storage.reading import OpenAlarm, duties, keep_configuration, open_alarms
from storage.schema import calls, configurations, events, open_engine, waits

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def a_call(call_id: str, when: float = 0) -> list[Event]:
    """A call that waits for ten seconds and is given up."""
    return [
        CallStarted(at=at(when), call_id=call_id, node="n", channel="ch", line="hotline", number="+380441234567"),
        CallerQueued(
            at=at(when + 1),
            call_id=call_id,
            node="n",
            channel="ch",
            line="hotline",
            queue="general",
            lang="ru",
            needs=(("lang:ru", 1),),
            queued_at=at(when + 1),
        ),
        CallEnded(at=at(when + 11), call_id=call_id, state=CallState.WAITING, cause=16, by=EndedBy.CALLER),
    ]


@asynccontextmanager
async def running(url: str, spool: Path, **given: object) -> AsyncIterator[History]:
    history = History(url, spool, "v1", **given)  # type: ignore[arg-type]
    await history.start()
    yield history
    await history.close()


async def rows(url: str, statement: object) -> list[object]:
    engine = open_engine(url)
    async with engine.connect() as connection:
        found = (await connection.execute(statement)).all()  # type: ignore[call-overload]
    await engine.dispose()
    return list(found)


async def stored_types(url: str) -> list[str]:
    return [row[0] for row in await rows(url, select(events.c.type).order_by(events.c.id))]  # type: ignore[index]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 (what it waits for is seen from outside only)
            await asyncio.sleep(0.01)


async def test_facts_are_stored_in_order_with_their_projections(database_url: str, tmp_path: Path) -> None:
    async with running(database_url, tmp_path) as history:
        for event in a_call("c1"):
            history.record(event)
        await until(lambda: history.health.stored == 3)
    assert await stored_types(database_url) == ["CallStarted", "CallerQueued", "CallEnded"]
    [call] = await rows(database_url, select(calls.c.outcome, calls.c.ended_at))
    assert tuple(call) == ("abandoned", at(11))  # type: ignore[arg-type]
    [wait] = await rows(database_url, select(waits.c.wait_seconds, waits.c.result))
    assert tuple(wait) == (10.0, "abandoned")  # type: ignore[arg-type]
    assert (tmp_path / "events.jsonl").stat().st_size == 0


async def test_each_row_names_its_run_its_place_and_the_configuration_in_force(
    database_url: str, tmp_path: Path
) -> None:
    async with running(database_url, tmp_path) as history:
        history.record(SwitchLost(at=at(0), node="n"))
        history.config_version = "v2"
        history.record(SwitchLost(at=at(1), node="n"))
        run_id = history.run_id
    found = await rows(database_url, select(events.c.run_id, events.c.seq, events.c.config_version))
    assert [tuple(row) for row in found] == [(run_id, 1, "v1"), (run_id, 2, "v2")]  # type: ignore[arg-type]


async def test_closing_stores_what_is_still_in_memory(database_url: str, tmp_path: Path) -> None:
    async with running(database_url, tmp_path) as history:
        for number in range(1000):
            history.record(SwitchLost(at=at(number), node="n"))
    assert await stored_types(database_url) == ["SwitchLost"] * 1000


async def test_ticks_are_no_history(tmp_path: Path) -> None:
    history = History(f"sqlite+aiosqlite:///{tmp_path / 'x'}", tmp_path, "v1")
    history.record(Tick(at=NOON))
    history.record(CallSpooled(at=NOON, call_id="c", payload={}))
    assert history.health.in_memory == 0


async def test_flushed_returns_when_the_facts_are_on_the_disk(tmp_path: Path) -> None:
    async with running("postgresql+asyncpg://al@127.0.0.1:1/none", tmp_path) as history:
        history.record(SwitchLost(at=NOON, node="n"))
        await asyncio.wait_for(history.flushed(), 5)
        assert b"SwitchLost" in (tmp_path / "events.jsonl").read_bytes()
        assert history.health.database_away
        assert history.health.oldest == NOON


async def test_what_one_run_spooled_the_next_one_stores_first(database_url: str, tmp_path: Path) -> None:
    async with running("postgresql+asyncpg://al@127.0.0.1:1/none", tmp_path) as without_database:
        for event in a_call("c1"):
            without_database.record(event)
    async with running(database_url, tmp_path) as history:
        history.record(SwitchLost(at=at(60), node="n"))
        assert history.health.stored == 3
    assert await stored_types(database_url) == ["CallStarted", "CallerQueued", "CallEnded", "SwitchLost"]


async def test_who_is_on_duty_is_known_after_a_restart(database_url: str, tmp_path: Path) -> None:
    async with running(database_url, tmp_path) as history:
        history.record(DutyChanged(at=at(0), agent_id="anna", duty=Duty.READY))
        history.record(DutyChanged(at=at(1), agent_id="boris", duty=Duty.READY))
        history.record(DutyChanged(at=at(2), agent_id="boris", duty=Duty.PAUSED, reason="lunch"))
    async with running(database_url, tmp_path) as history:
        assert await duties(history.writer.engine) == {
            "anna": (Duty.READY, "", at(0)),
            "boris": (Duty.PAUSED, "lunch", at(2)),
        }


async def test_open_alarms_come_back_with_the_number_to_ring(database_url: str, tmp_path: Path) -> None:
    async with running(database_url, tmp_path) as history:
        for event in (*a_call("c1"), AlarmRaised(at=at(11), call_id="c1", queue="emergency")):
            history.record(event)
        history.record(AlarmRaised(at=at(12), call_id="unseen", queue="emergency"))
    async with running(database_url, tmp_path) as history:
        assert await open_alarms(history.writer.engine) == [
            OpenAlarm("c1", "emergency", at(11), "+380441234567"),
            OpenAlarm("unseen", "emergency", at(12), ""),
        ]


async def test_an_accepted_configuration_is_kept_as_it_was_first(database_url: str, tmp_path: Path) -> None:
    async with running(database_url, tmp_path) as history:
        await keep_configuration(history.writer.engine, "v1", "lines: {}", "olena", NOON)
        await keep_configuration(history.writer.engine, "v1", "lines: {}", "petro", at(60))
    [row] = await rows(database_url, select(configurations))
    assert tuple(row) == ("v1", "lines: {}", "olena", NOON)  # type: ignore[arg-type]


async def test_a_fact_that_its_projection_fails_on_is_stored_and_holds_up_no_other(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_known: object, event: CallStarted) -> list[object]:
        raise KeyError(event.call_id)

    monkeypatch.setitem(projections.PROJECTIONS, CallStarted, fails)
    async with running(database_url, tmp_path) as history:
        for event in a_call("c1"):
            history.record(event)
    assert await stored_types(database_url) == ["CallStarted", "CallerQueued", "CallEnded"]
    assert len(await rows(database_url, select(calls))) == 1


async def test_a_line_of_the_spool_that_nobody_can_read_is_set_aside(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(b"\x00\x00\x00\n{}\n")
    async with running(database_url, tmp_path) as history:
        history.record(SwitchLost(at=NOON, node="n"))
    assert await stored_types(database_url) == ["SwitchLost"]
    assert (tmp_path / "set-aside.jsonl").read_bytes() == b"\x00\x00\x00\n{}\n"


async def test_what_finds_no_room_is_counted_and_reported_when_there_is_room_again(tmp_path: Path) -> None:
    """Neither database nor disk: the spool's folder is a file, the database a port where nobody listens."""
    blocked = tmp_path / "spool"
    blocked.write_text("in the way")
    url = f"sqlite+aiosqlite:///{tmp_path / 'missing' / 'history.sqlite'}"
    history = History(url, blocked, "v1", queue_limit=10)
    await history.start()
    for number in range(25):
        history.record(SwitchLost(at=at(number), node="n"))
    await until(lambda: history.health.disk_refuses and history.health.database_away)
    assert (history.health.lost, history.health.in_memory) == (15, 10)

    blocked.unlink()
    (tmp_path / "missing").mkdir()
    await until(lambda: history.health.stored == 11)
    await history.close()
    assert await stored_types(url) == ["SwitchLost"] * 10 + ["HistoryLost"]
    [row] = await rows(url, select(events.c.at, events.c.payload).where(events.c.type == HistoryLost.__name__))
    assert row.at == at(24)  # type: ignore[attr-defined]
    assert row.payload == {"count": 15, "since": at(10).isoformat()}  # type: ignore[attr-defined]
    assert history.health.lost == 15


async def test_a_full_disk_alone_loses_nothing_while_the_database_is_there(database_url: str, tmp_path: Path) -> None:
    blocked = tmp_path / "spool"
    blocked.write_text("in the way")
    history = History(database_url, blocked, "v1")
    await history.start()
    for number in range(500):
        history.record(SwitchLost(at=at(number), node="n"))
    await until(lambda: history.health.stored == 500)
    await asyncio.wait_for(history.flushed(), 1)
    await history.close()
    assert await stored_types(database_url) == ["SwitchLost"] * 500


def spool_call(folder: Path, call_id: str, **told: object) -> None:
    line = {
        "call_id": call_id,
        "ended_at": str(at(90).timestamp()),
        "line": "hotline",
        "queue": "general",
        "state": "fallback",
    }
    with (folder / "failsafe.jsonl").open("a") as spool:
        spool.write(json.dumps({**line, **told}) + "\n")


async def test_calls_of_the_failsafe_spool_fill_the_history_once(database_url: str, tmp_path: Path) -> None:
    told: list[CallSpooled] = []
    for _run in range(2):  # the taken file still lies there for the second run
        spool_call(tmp_path, "c1", queued_at=str(at(2).timestamp()))
        async with running(database_url, tmp_path, spooled_call=told.append):
            await until(lambda: bool(told))
            await until(lambda: not (tmp_path / "failsafe.jsonl").exists())
    assert [event.call_id for event in told] == ["c1"]
    assert await stored_types(database_url) == ["CallSpooled"]
    [call] = await rows(database_url, select(calls.c.outcome, calls.c.ended_at))
    assert tuple(call) == ("abandoned", at(90))  # type: ignore[arg-type]


async def test_a_spooled_call_that_the_engine_could_not_take_is_told_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_module, "FAILSAFE_SECONDS", 0.01)
    told: list[CallSpooled] = []

    def tell(event: CallSpooled) -> None:
        told.append(event)
        if len(told) == 1:
            raise RuntimeError("the inbox is full")

    spool_call(tmp_path, "c1")
    async with running(f"sqlite+aiosqlite:///{tmp_path / 'x'}", tmp_path, spooled_call=tell):
        await until(lambda: len(told) == 2)
    assert {event.call_id for event in told} == {"c1"}


async def test_recording_a_fact_costs_microseconds(tmp_path: Path) -> None:
    """Compared with the least that could be done, a bare append, so that a slow machine does not matter."""
    history = History(f"sqlite+aiosqlite:///{tmp_path / 'x'}", tmp_path, "v1")
    event = SwitchLost(at=NOON, node="n")
    bare: list[object] = []

    def seconds(act: Callable[[object], object]) -> float:
        start = time.perf_counter()
        for _ in range(5_000):
            act(event)
        return time.perf_counter() - start

    assert seconds(history.record) < 100 * seconds(bare.append)  # type: ignore[arg-type]
