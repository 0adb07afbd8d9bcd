"""The schema is the same by migration and by description, on both databases, and events can only be added."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import migrate
from storage.errors import DatabaseAway
from storage.schema import events, metadata, open_engine

NOW = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    await asyncio.to_thread(migrate, database_url)
    engine = open_engine(database_url)
    yield engine
    await engine.dispose()


def an_event(**given: object) -> dict[str, object]:
    row = {"run_id": "r", "seq": 1, "at": NOW, "type": "Told", "payload": {"a": [1, "б"]}, "config_version": "v"}
    return {**row, **given}


async def test_migrations_make_just_what_the_schema_describes(engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_again_changes_nothing(engine: AsyncEngine, database_url: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(events), an_event())
    await asyncio.to_thread(migrate, database_url)
    async with engine.connect() as connection:
        assert len((await connection.execute(select(events))).all()) == 1


async def test_two_services_that_start_at_once_both_find_the_schema(database_url: str) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite serves one service on one machine")
    words = [sys.executable, "-c", f"import storage; storage.migrate({database_url!r})"]
    services = [await asyncio.create_subprocess_exec(*words) for _ in range(2)]
    assert [await service.wait() for service in services] == [0, 0]


@pytest.mark.parametrize(
    "change",
    [update(events).values(type="Untold"), delete(events), text("DELETE FROM events WHERE 1 = 1")],
    ids=["update", "delete", "delete by text"],
)
async def test_sql_refuses_to_change_or_remove_an_event(engine: AsyncEngine, change: object) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(events), an_event())
    with pytest.raises(DBAPIError, match="append-only"):
        async with engine.begin() as connection:
            await connection.execute(change)  # type: ignore[call-overload]
    async with engine.connect() as connection:
        assert [row.type for row in await connection.execute(select(events))] == ["Told"]


async def test_an_event_of_one_run_is_there_once(engine: AsyncEngine) -> None:
    with pytest.raises(DBAPIError):
        async with engine.begin() as connection:
            await connection.execute(insert(events), [an_event(), an_event()])


async def test_times_come_back_in_utc_with_their_microseconds(engine: AsyncEngine) -> None:
    in_kyiv = NOW.astimezone(timezone(timedelta(hours=2)))
    async with engine.begin() as connection:
        await connection.execute(insert(events), an_event(at=in_kyiv))
        row = (await connection.execute(select(events))).one()
    assert row.at == NOW
    assert row.at.utcoffset() == timedelta(0)
    assert row.payload == {"a": [1, "б"]}


async def test_sqlite_lets_readers_read_while_it_writes_and_keeps_what_it_committed(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'history.sqlite'}")
    async with engine.connect() as connection:
        assert (await connection.execute(text("PRAGMA journal_mode"))).scalar() == "wal"
        assert (await connection.execute(text("PRAGMA synchronous"))).scalar() == 2
    await engine.dispose()


async def test_the_sqlite_files_are_their_owners_only(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'history.sqlite'}"
    await asyncio.to_thread(migrate, url)
    engine = open_engine(url)
    async with engine.connect():
        modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in os.listdir(tmp_path)}
    await engine.dispose()
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("url", ["postgresql+asyncpg://al@127.0.0.1:1/none", "sqlite+aiosqlite:////no/such/folder/x"])
def test_a_database_that_cannot_be_reached_is_said_to_be_away(url: str) -> None:
    with pytest.raises(DatabaseAway):
        migrate(url)
