"""What if the file of a table changes while calls are served? It is read again, and a broken one changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from agi_scripts.errors import NotAsked
from agi_scripts.sources.records import asked_for
from agi_scripts.sources.tables import Answers, Callers
from config.errors import Fault
from ivr.dialogue import CallerRecord
from ivr.secret import Secret

LOOK_SECONDS = 2.0
T = TypeVar("T")
log = structlog.get_logger()


class TableFile(Generic[T]):
    """One file, and what it said when it was last without faults. ``read`` gives the table and its faults."""

    def __init__(self, file: Path, read: Callable[[Path], tuple[T, list[Fault]]]) -> None:
        self._file = file
        self._read = read
        self._seen: tuple[int, int] | None = None
        self._table: T | None = None

    @property
    def table(self) -> T:
        """Raises NotAsked until the file has been without faults for once."""
        if self._table is None:
            raise NotAsked("the table has faults: ask `assistline check`")
        return self._table

    async def look(self) -> None:
        """Read the file if it has changed; its faults are logged, and leave what was in force."""
        changed = await asyncio.to_thread(self._changed)
        if changed == self._seen:
            return
        self._seen = changed
        table, faults = await asyncio.to_thread(self._read, self._file)
        for fault in faults:
            log.error("a table has a fault", action="lookup.table_fault", fault=str(fault))
        if not faults:
            self._table = table
            log.info("a table was read", action="lookup.table_read", file=self._file.name)

    async def read_again(self) -> None:
        """Read it though it has not changed: what it may name has."""
        self._seen = None
        await self.look()

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def _changed(self) -> tuple[int, int]:
        try:
            status = self._file.stat()
        except OSError:
            return (0, 0)
        return status.st_mtime_ns, status.st_size


class CallersFile:
    """Finds callers in a table."""

    def __init__(self, file: TableFile[Callers]) -> None:
        self._file = file

    async def find_caller(self, field: str, typed: Secret, number: Secret) -> CallerRecord | None:
        """The port FindsCallers."""
        asked = asked_for(field, typed, number)
        return self._file.table.find(*asked) if asked else None


class AnswersFile:
    """Finds answers in a table, at the hour that ``clock`` tells in the house's own time."""

    def __init__(self, file: TableFile[Answers], clock: Callable[[], datetime]) -> None:
        self._file = file
        self._clock = clock

    async def find_answer(self, about: str, region: str, typed: Mapping[str, Secret]) -> tuple[str, Secret] | None:
        """The port FindsAnswers."""
        digits = {field: value.reveal() for field, value in typed.items()}
        return self._file.table.find(about, region, digits, self._clock())
