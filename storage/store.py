"""How does a batch of events come into SQL exactly once? One transaction: events not yet stored, and their projections.

An event is known by (run_id, seq). One that is already there is passed over and projected no second time, so a batch
may be given again whenever it is not certain that it was stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, fields
from typing import Any

import asyncpg
from sqlalchemy import Table, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage import schema
from storage.codec import StoredEvent, columns, decode
from storage.errors import DatabaseAway, RowRefused
from storage.known import Known
from storage.projections import project
from storage.rows import KEYS, AgentRow, AgentStateRow, AlarmRow, CallRow, Row, WaitRow

TRANSACTION_SECONDS = 15.0


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that ends in time.

    Raises DatabaseAway when the database cannot be reached or cannot work now, RowRefused when it is there and what was
    asked of it (or our own code) is at fault.
    """
    try:
        async with asyncio.timeout(TRANSACTION_SECONDS), engine.begin() as connection:
            yield connection
    except Exception as fault:
        name = type(fault).__name__
        if _is_refusal(fault):
            raise RowRefused(f"a row could not be stored: {name}") from fault
        raise DatabaseAway(f"the database does not answer: {name}") from fault


async def store(engine: AsyncEngine, rows: Sequence[StoredEvent], *, projected: bool = True) -> list[StoredEvent]:
    """Store the rows that are not there yet, in order, and answer with these; all of it or nothing."""
    async with transaction(engine) as connection:
        new = await _insert(connection, rows)
        if new and projected:
            known = await _load(connection, new)
            for row in new:
                if event := decode(row):
                    known.put(project(known, event))
            await _write(connection, known.changed.values())
        return new


def _is_refusal(fault: Exception) -> bool:
    """Would trying again be in vain? A fault of the connection, the server or its disk is none of the row's."""
    if isinstance(fault, DBAPIError):
        # asyncpg says that it cannot send a value by an InterfaceError that is a ValueError too.
        said = getattr(fault.orig, "__cause__", None)
        return isinstance(fault, (DataError, IntegrityError)) or isinstance(said, ValueError)
    if isinstance(fault, StatementError):
        return True
    return not isinstance(fault, (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError))


async def _insert(connection: AsyncConnection, rows: Sequence[StoredEvent]) -> list[StoredEvent]:
    """Insert what is new and answer with it, in the order given."""
    table = schema.events
    statement = _insert_into(connection, table).on_conflict_do_nothing(index_elements=["run_id", "seq"])
    result = await connection.execute(statement.returning(table.c.run_id, table.c.seq), columns(rows))
    inserted = {(run_id, seq) for run_id, seq in result}
    new = []
    for row in rows:
        if (row.run_id, row.seq) in inserted:
            inserted.remove((row.run_id, row.seq))
            new.append(row)
    return new


async def _load(connection: AsyncConnection, rows: Iterable[StoredEvent]) -> Known:
    """The rows that the projections of these events need."""
    call_ids = {row.call_id for row in rows if row.call_id}
    agent_ids = {row.agent_id for row in rows if row.agent_id}
    calls, waits, alarms = schema.calls, schema.waits, schema.alarms
    agents, states = schema.agents, schema.agent_states
    stored: list[Row] = []
    if call_ids:
        stored += await _rows(connection, calls, CallRow, calls.c.call_id.in_(call_ids))
        stored += await _rows(connection, waits, WaitRow, waits.c.call_id.in_(call_ids))
        stored += await _rows(connection, alarms, AlarmRow, alarms.c.call_id.in_(call_ids))
    if call_ids or agent_ids:
        about = or_(states.c.agent_id.in_(agent_ids), states.c.call_id.in_(call_ids))
        lasting = await _rows(connection, states, AgentStateRow, states.c.until.is_(None) & about)
        stored += lasting
        agent_ids |= {state.agent_id for state in lasting}
        stored += await _rows(connection, agents, AgentRow, agents.c.agent_id.in_(agent_ids))
    return Known(stored)


async def _rows(connection: AsyncConnection, table: Table, kind: Any, condition: Any) -> list[Any]:
    result = await connection.execute(select(table).where(condition))
    return [kind(**row) for row in result.mappings()]


async def _write(connection: AsyncConnection, changed: Iterable[Row]) -> None:
    """Put each row in place of the one with the same key."""
    by_table: dict[type[Row], list[dict[str, Any]]] = {}
    for row in changed:
        by_table.setdefault(type(row), []).append(asdict(row))
    for kind, values in by_table.items():
        statement = _insert_into(connection, schema.TABLES[kind])
        others = {f.name: statement.excluded[f.name] for f in fields(kind) if f.name not in KEYS[kind]}
        await connection.execute(statement.on_conflict_do_update(index_elements=KEYS[kind], set_=others), values)


def _insert_into(connection: AsyncConnection, table: Table) -> Any:
    """An insert that can say what to do about a row that is there; each database has its own."""
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)
