"""How does a batch of events come into SQL exactly once? One transaction: events not yet stored, and their projections.

An event is known by (run_id, seq). One that is already there is passed over and projected no second time, so a batch
may be given again whenever it is not certain that it was stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields
from typing import Any

import asyncpg
from sqlalchemy import Column, Select, bindparam, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from calls.events import AlarmCleared, AlarmRaised, CallbackAsked, CallbackDone, CallSpooled, VoicemailLeft
from storage import schema
from storage.codec import StoredEvent, columns, decode
from storage.errors import DatabaseAway, RowRefused
from storage.known import Known
from storage.projections import PROJECTIONS, project
from storage.rows import KEYS, AgentRow, AgentStateRow, AlarmRow, CallbackRow, CallRow, Row, WaitRow

TRANSACTION_SECONDS = 15.0

PROJECTED = frozenset(event.__name__ for event in PROJECTIONS)
"""Types of events that change a projection; for the others nothing need be at hand."""

ALARMING = frozenset(event.__name__ for event in (AlarmRaised, AlarmCleared))
PROMISING = frozenset(event.__name__ for event in (CallbackAsked, CallbackDone, VoicemailLeft, CallSpooled))
"""Types of events whose projections look at alarms, and at promises to ring back: the others need not fetch any."""

_INSERT: Mapping[str, Callable[[Any], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""An insert that can say what to do about a row that is there; each database has its own."""

# Each statement is made once: to build one costs more than to execute it.


def _by(column: Column[str]) -> Select[Any]:
    """The rows of the column's table where it is one of ``ids``."""
    return select(column.table).where(column.in_(bindparam("ids", expanding=True)))


CALLS, WAITS, ALARMS, CALLBACKS = (
    _by(table.c.call_id) for table in (schema.calls, schema.waits, schema.alarms, schema.callbacks)
)
AGENTS = _by(schema.agents.c.agent_id)
_states = schema.agent_states.c
_of_agents = _states.agent_id.in_(bindparam("agent_ids", expanding=True))
_of_calls = _states.call_id.in_(bindparam("call_ids", expanding=True))
LASTING_STATES = select(schema.agent_states).where(_states.until.is_(None), or_(_of_agents, _of_calls))


def _new(insert: Callable[[Any], Any]) -> Any:
    """Insert events, pass over those that are there, and answer with the keys of the others."""
    table = schema.events
    statement = insert(table).on_conflict_do_nothing(index_elements=["run_id", "seq"])
    return statement.returning(table.c.run_id, table.c.seq)


def _put(insert: Callable[[Any], Any], kind: Any) -> Any:
    """Insert rows of this kind, each in place of the one with the same key."""
    statement = insert(schema.TABLES[kind])
    others = {f.name: statement.excluded[f.name] for f in fields(kind) if f.name not in KEYS[kind]}
    return statement.on_conflict_do_update(index_elements=KEYS[kind], set_=others)


COLUMNS = {kind: [f.name for f in fields(kind)] for kind in schema.TABLES}
NEW = {dialect: _new(insert) for dialect, insert in _INSERT.items()}
PUT = {(dialect, kind): _put(insert, kind) for dialect, insert in _INSERT.items() for kind in schema.TABLES}


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
    result = await connection.execute(NEW[connection.dialect.name], columns(rows))
    inserted = {(run_id, seq) for run_id, seq in result}
    new = []
    for row in rows:
        if (row.run_id, row.seq) in inserted:
            inserted.remove((row.run_id, row.seq))
            new.append(row)
    return new


async def _load(connection: AsyncConnection, rows: Iterable[StoredEvent]) -> Known:
    """The rows that the projections of these events need."""
    projected = [row for row in rows if row.type in PROJECTED]
    call_ids = {row.call_id for row in projected if row.call_id}
    agent_ids = {row.agent_id for row in projected if row.agent_id}
    stored: list[Row] = []
    if call_ids:
        stored += await _rows(connection, CallRow, CALLS, ids=call_ids)
        stored += await _rows(connection, WaitRow, WAITS, ids=call_ids)
    if alarmed := {row.call_id for row in projected if row.type in ALARMING and row.call_id}:
        stored += await _rows(connection, AlarmRow, ALARMS, ids=alarmed)
    if promised := {row.call_id for row in projected if row.type in PROMISING and row.call_id}:
        stored += await _rows(connection, CallbackRow, CALLBACKS, ids=promised)
    if call_ids or agent_ids:
        lasting = await _rows(connection, AgentStateRow, LASTING_STATES, agent_ids=agent_ids, call_ids=call_ids)
        stored += lasting
        agent_ids |= {state.agent_id for state in lasting}
        stored += await _rows(connection, AgentRow, AGENTS, ids=agent_ids)
    return Known(stored)


async def _rows(connection: AsyncConnection, kind: Any, statement: Select[Any], **ids: set[str]) -> list[Any]:
    result = await connection.execute(statement, {name: list(values) for name, values in ids.items()})
    return [kind(**dict(zip(COLUMNS[kind], row, strict=True))) for row in result]


async def _write(connection: AsyncConnection, changed: Iterable[Row]) -> None:
    """Put each row in place of the one with the same key."""
    by_table: dict[type[Row], list[dict[str, Any]]] = {}
    for row in changed:
        by_table.setdefault(type(row), []).append({name: getattr(row, name) for name in COLUMNS[type(row)]})
    for kind, values in by_table.items():
        await connection.execute(PUT[connection.dialect.name, kind], values)
