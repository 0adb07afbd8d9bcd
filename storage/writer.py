"""What if the database will not take an event? Every event is stored by itself then, and one bad one holds up no other.

An event that only its projections fail on is stored without them. One that the database refuses for good is set aside
in ``set-aside.jsonl``, for a person to look at. A database that is merely away is neither: DatabaseAway, try again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

import structlog
from sqlalchemy import select

from storage.codec import StoredEvent, from_line, to_line
from storage.errors import RowRefused
from storage.migrations import migrate
from storage.schema import open_engine
from storage.spool import append_durably
from storage.store import store, transaction

log = structlog.get_logger()


class Writer:
    """The way into the database at ``url``; what it will not take is set aside in ``folder``."""

    def __init__(self, url: str, folder: Path) -> None:
        self.engine = open_engine(url)
        self._url = url
        self._set_aside = folder / "set-aside.jsonl"
        self._migrated = False

    async def prepare(self) -> None:
        """Bring the database to this version's schema, once; raises DatabaseAway."""
        if not self._migrated:
            await asyncio.to_thread(migrate, self._url)
            self._migrated = True

    async def write(self, rows: Sequence[StoredEvent]) -> list[StoredEvent]:
        """Store the rows in order and answer with those that were not there yet; raises DatabaseAway, OSError."""
        if not rows:
            return []
        await self.prepare()
        try:
            return await store(self.engine, rows)
        except RowRefused as fault:
            if len(rows) == 1:
                return await self._write_bare(rows[0], fault)
        return [new for row in rows for new in await self.write([row])]

    async def write_lines(self, lines: Sequence[bytes]) -> list[StoredEvent]:
        """The same for lines of the spool; a line that cannot be read is set aside."""
        rows, unreadable = await asyncio.to_thread(_read, lines)
        await self.set_aside(unreadable)
        return await self.write(rows)

    async def set_aside(self, lines: Sequence[bytes]) -> None:
        """Keep what nobody can read, for a person to look at; raises OSError when the disk refuses."""
        if lines:
            await asyncio.to_thread(append_durably, self._set_aside, lines)
            log.error("lines of the history set aside", action="history.set_aside", count=len(lines))

    async def _write_bare(self, row: StoredEvent, fault: RowRefused) -> list[StoredEvent]:
        """The event without its projections, or aside with it."""
        reason = type(fault.__cause__).__name__
        log.error("event not projected", action="history.not_projected", type=row.type, seq=row.seq, fault=reason)
        try:
            return await store(self.engine, [row], projected=False)
        except RowRefused:
            async with transaction(self.engine) as connection:
                await connection.execute(select(1))  # a database that is away is not to be taken for a refusal
            await self.set_aside([to_line(row)])
            return []


def _read(lines: Iterable[bytes]) -> tuple[list[StoredEvent], list[bytes]]:
    rows, unreadable = [], []
    for line in lines:
        try:
            rows.append(from_line(line))
        except ValueError:
            unreadable.append(line if line.endswith(b"\n") else line + b"\n")
    return rows, unreadable
