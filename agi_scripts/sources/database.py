"""What does the insurer's database say of a caller? The queries of the configuration, which can only read.

A query of ``callers`` is told ``:value``, by the name of the field that was typed or ``number``; one of ``answers`` is
told ``:region`` and each number typed by its field's name. The first row is the answer, its columns named as in
`agi_scripts.sources.records`. PostgreSQL is told that the transaction is read-only, SQLite that the connection is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from agi_scripts.errors import NotAsked
from agi_scripts.sources.kept import ASK_SECONDS, Kept
from agi_scripts.sources.records import answer_of, asked_for, record_of
from config.sources import SqlSource
from ivr.dialogue import CallerRecord
from ivr.secret import Secret

CONNECT_SECONDS = 5.0
CONNECTIONS = 8

Question = tuple[str, tuple[tuple[str, str], ...]]
"""The name of a query, and its parameters."""
Row = Mapping[str, Any] | None


class Database:
    """One source with its queries; ``engine`` is from `open_database`. Finds callers, or answers, by what they are."""

    def __init__(self, engine: AsyncEngine, source: SqlSource) -> None:
        self._engine = engine
        self._queries = {name: text(query) for name, query in source.queries.items()}
        self._kept: Kept[Question, Row] = Kept(self._first_row, source.keep_seconds)

    async def find_caller(self, field: str, typed: Secret, number: Secret) -> CallerRecord | None:
        """The port FindsCallers."""
        asked = asked_for(field, typed, number)
        if asked is None:
            return None
        name, value = asked
        row = await self._kept.get((name, (("value", value),)))
        return record_of(row) if row is not None else None

    async def find_answer(self, about: str, region: str, typed: Mapping[str, Secret]) -> tuple[str, Secret] | None:
        """The port FindsAnswers."""
        fields = ((field, digits.reveal()) for field, digits in typed.items())
        row = await self._kept.get((about, (("region", region), *sorted(fields))))
        return answer_of(row) if row is not None else None

    async def close(self) -> None:
        """Ask no more; the engine is its owner's."""
        await self._kept.close()

    async def _first_row(self, question: Question) -> Row:
        name, parameters = question
        query = self._queries.get(name)
        if query is None:
            raise NotAsked("the configuration has no query for this")
        given = dict(parameters)
        # A number that the menu has not asked for is told as an empty one.
        asked = {name: given.get(name, "") for name in query.compile().params}
        async with self._engine.connect() as connection:
            row = (await connection.execute(query, asked)).mappings().first()
        return dict(row) if row is not None else None


def open_database(url: str) -> AsyncEngine:
    """An engine that reads and does nothing else; connects when first used. Its errors quote no parameter."""
    if not url.startswith("sqlite"):
        limits = {"timeout": CONNECT_SECONDS, "command_timeout": ASK_SECONDS}
        return create_async_engine(
            url,
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=ASK_SECONDS,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args=limits,
            execution_options={"postgresql_readonly": True},
        )
    engine = create_async_engine(url, hide_parameters=True)
    event.listen(engine.sync_engine, "connect", _read_only)
    return engine


def _read_only(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only=ON")
    cursor.close()
