"""Where does the history lie in SQL? One append-only table of events, its projections, and the accepted configurations.

The tables of the projections are made from the rows of rows.py, so that nothing is modelled twice. ``open_engine`` is
the one way to a database: SQLite (one machine) or PostgreSQL, each set so that what is committed survives a power cut.
"""

from __future__ import annotations

import typing
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
)
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.types import TypeDecorator

from storage.rows import KEYS, AgentRow, AgentStateRow, AlarmRow, CallbackRow, CallRow, RecordingRow, WaitRow

CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 10.0
BUSY_SECONDS = 5.0
"""How long SQLite waits for another writer."""


class Moment(TypeDecorator[datetime]):
    """A time in UTC with microseconds, aware on both databases (SQLite itself forgets the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("run_id", Text(), nullable=False),
    Column("seq", BigInteger(), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("call_id", Text()),
    Column("agent_id", Text()),
    Column("type", Text(), nullable=False),
    Column("payload", JSON(), nullable=False),
    Column("config_version", Text(), nullable=False),
    UniqueConstraint("run_id", "seq", name="uq_events_run_id_seq"),
    Index("ix_events_call_id", "call_id"),
    Index("ix_events_at", "at"),
)
"""What happened; written once by whoever saw it. Triggers refuse updates and deletes."""

configurations = Table(
    "configurations",
    metadata,
    Column("version", Text(), primary_key=True),
    Column("text", Text(), nullable=False),
    Column("who", Text(), nullable=False),
    Column("at", Moment(), nullable=False),
)
"""Every accepted configuration."""

COLUMN_TYPES: dict[type, Any] = {str: Text, int: Integer, float: Float, bool: Boolean, datetime: Moment}


def _table_of(row: type, name: str, *indexes: Index) -> Table:
    """The table of a projection: a column for each field, nullable where the field may be None."""
    hints = typing.get_type_hints(row)
    columns = []
    for field in fields(row):
        kinds = typing.get_args(hints[field.name]) or (hints[field.name],)
        key, nullable = field.name in KEYS[row], type(None) in kinds
        columns.append(
            Column(field.name, COLUMN_TYPES[kinds[0]](), primary_key=key, nullable=nullable, autoincrement=False)
        )
    return Table(name, metadata, *columns, *indexes)


calls = _table_of(CallRow, "calls", Index("ix_calls_started_at", "started_at"))
waits = _table_of(WaitRow, "waits", Index("ix_waits_began", "began"))
agents = _table_of(AgentRow, "agents")
agent_states = _table_of(AgentStateRow, "agent_states", Index("ix_agent_states_until", "until"))
recordings = _table_of(RecordingRow, "recordings", Index("ix_recordings_call_id", "call_id"))
alarms = _table_of(AlarmRow, "alarms")
callbacks = _table_of(
    CallbackRow, "callbacks", Index("ix_callbacks_call_id", "call_id"), Index("ix_callbacks_done_at", "done_at")
)

TABLES: dict[type, Table] = {
    CallRow: calls,
    WaitRow: waits,
    AgentRow: agents,
    AgentStateRow: agent_states,
    RecordingRow: recordings,
    AlarmRow: alarms,
    CallbackRow: callbacks,
}


def open_engine(url: str) -> AsyncEngine:
    """An engine for ``sqlite+aiosqlite:///PATH`` or ``postgresql+asyncpg://...``; connects when first used."""
    if not url.startswith("sqlite"):
        # Nothing waits for ever for a server that is frozen or whose machine is gone.
        return create_async_engine(
            url, pool_size=4, connect_args={"timeout": CONNECT_SECONDS, "command_timeout": STATEMENT_SECONDS}
        )
    engine = create_async_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Readers never wait for the writer, and a commit is on the disk when it returns."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()
