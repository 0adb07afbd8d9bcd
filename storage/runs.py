"""What did a run of the service see, in its order? Read back from ``events`` and from what the spool still holds.

All of it raises DatabaseAway when the database cannot be reached, and RowRefused when it is none of ours.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.codec import StoredEvent, from_line
from storage.schema import configurations, events
from storage.store import transaction

PAGE: Final = 5000
"""Rows read at once; a run of months is millions."""

ROW: Final = [events.c[field.name] for field in fields(StoredEvent)]
OF_A_SERVICE: Final = ~events.c.run_id.startswith("failsafe:")


@dataclass(frozen=True, slots=True)
class Part:
    """A run from its beginning up to ``last``, the number of the last event that was asked for."""

    run_id: str
    last: int


async def of_call(engine: AsyncEngine, call_id: str) -> list[Part]:
    """The runs that saw this call, the earliest first, each up to the last that it saw of it."""
    return await _parts(engine, events.c.call_id == call_id)


async def between(engine: AsyncEngine, since: datetime, until: datetime) -> list[Part]:
    """The runs that saw anything in that time, the earliest first, each up to the last of it."""
    return await _parts(engine, events.c.at.between(since, until))


async def _parts(engine: AsyncEngine, asked: ColumnElement[bool]) -> list[Part]:
    last = func.max(events.c.seq)
    found = select(events.c.run_id, last).where(asked, OF_A_SERVICE).group_by(events.c.run_id)
    async with transaction(engine) as connection:
        rows = await connection.execute(found.order_by(func.min(events.c.at)))
        return [Part(*row) for row in rows]


async def facts(
    engine: AsyncEngine, run_id: str, types: Collection[str], call_id: str | None = None
) -> AsyncIterator[StoredEvent]:
    """The events of a run of these types, and all about this call, in their order."""
    wanted = or_(events.c.type.in_(sorted(types)), events.c.call_id == call_id)
    last = 0
    while True:
        page = select(*ROW).where(events.c.run_id == run_id, events.c.seq > last, wanted)
        async with transaction(engine) as connection:
            rows = await connection.execute(page.order_by(events.c.seq).limit(PAGE))
            stored = [StoredEvent(**row) for row in rows.mappings()]
        if not stored:
            return
        for row in stored:
            yield row
        last = stored[-1].seq


async def configuration_text(engine: AsyncEngine, version: str) -> str | None:
    """The accepted configuration of this version, as it was written."""
    async with transaction(engine) as connection:
        text: str | None = await connection.scalar(
            select(configurations.c.text).where(configurations.c.version == version)
        )
        return text


def in_spool(file: Path) -> list[StoredEvent]:
    """What the spool holds, in its order, be it in the database or not yet; lines that cannot be read are left out."""
    rows = []
    for line in file.read_bytes().splitlines() if file.exists() else ():
        try:
            rows.append(from_line(line))
        except ValueError:
            continue
    return rows
