"""Whom do the menus ask about callers? The sources that the configuration in force names, ready to be asked.

A source that cannot be had (no address, a table with faults) is logged, and its lookups fail: no call waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from agi_scripts.lookups import FindsAnswers, FindsCallers
from agi_scripts.sources.database import Database, open_database
from agi_scripts.sources.files import AnswersFile, CallersFile, TableFile
from agi_scripts.sources.service import Service
from agi_scripts.sources.tables import read_answers, read_callers
from app.settings import Settings, secret
from config.errors import Fault
from config.model import Configuration
from config.sources import CsvSource, RestSource, Source, Sources, SqlSource

T = TypeVar("T")
log = structlog.get_logger()


class MenuSources:
    """Who is asked about callers and who for answers; None where the configuration names nobody."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._configuration: Configuration
        self._named = Sources()
        self._tables: list[TableFile[Any]] = []
        self._parts = AsyncExitStack()
        self.find_caller: FindsCallers | None = None
        self.find_answer: FindsAnswers | None = None

    async def adopt(self, configuration: Configuration) -> None:
        """From now on the sources of this configuration are asked; those of the one before are let go of.

        The same sources are kept with all they know; tables are read again, since they name agents and regions. Raises
        whatever a source raises; then those of before are asked on, and the next adoption begins anew.
        """
        self._configuration, named = configuration, configuration.lookups
        if named == self._named:
            for table in self._tables:
                await table.read_again()
            return
        before, tables = self._parts, self._tables
        self._parts, self._tables = AsyncExitStack(), []
        try:
            found = await self._callers(named.callers), await self._answers(named.answers)
        except Exception:
            await self._parts.aclose()
            self._parts, self._tables = before, tables
            raise
        self.find_caller, self.find_answer = found
        self._named = named
        await before.aclose()

    async def close(self) -> None:
        """Ask no more."""
        await self._parts.aclose()

    async def _callers(self, source: Source | None) -> FindsCallers | None:
        if isinstance(source, CsvSource):
            return CallersFile(await self._table(source, read_callers)).find_caller
        asked = self._asked(source) if source else None
        return asked.find_caller if asked else None

    async def _answers(self, source: Source | None) -> FindsAnswers | None:
        if isinstance(source, CsvSource):
            table = await self._table(source, read_answers)
            return AnswersFile(table, lambda: datetime.now(self._configuration.timezone)).find_answer
        asked = self._asked(source) if source else None
        return asked.find_answer if asked else None

    async def _table(
        self, source: CsvSource, read: Callable[[Path, Configuration], tuple[T, list[Fault]]]
    ) -> TableFile[T]:
        table = TableFile(self._settings.config.parent / source.file, lambda file: read(file, self._configuration))
        await table.look()
        self._beside(table.watch())
        self._tables.append(table)
        return table

    def _asked(self, source: SqlSource | RestSource) -> Database | Service | None:
        if isinstance(source, RestSource):
            service = Service(source, secret(self._settings.home, "lookup"))
            self._parts.push_async_callback(service.close)
            return service
        if self._settings.lookup_database_url is None:
            log.error("AL_LOOKUP_DATABASE_URL is not set, and lookups are of kind sql", action="lookup.no_database")
            return None
        try:
            engine = open_database(self._settings.lookup_database_url)
        except (SQLAlchemyError, ImportError, ValueError) as fault:  # its text may quote the password
            log.error("AL_LOOKUP_DATABASE_URL is no address", action="lookup.no_database", fault=type(fault).__name__)
            return None
        self._parts.push_async_callback(engine.dispose)
        database = Database(engine, source)
        self._parts.push_async_callback(database.close)
        return database

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="lookup-table")

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._parts.push_async_callback(end)
