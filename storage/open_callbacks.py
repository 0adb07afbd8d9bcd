"""Whom must somebody still ring back? Promises in SQL with their numbers, for who rings and for a starting service."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.rows import CallbackRow
from storage.schema import callbacks
from storage.store import transaction


async def open_callbacks(engine: AsyncEngine) -> list[CallbackRow]:
    """The promises that are still to be kept, the oldest first; raises DatabaseAway. Their numbers are secrets."""
    standing = select(callbacks).where(callbacks.c.done_at.is_(None)).order_by(callbacks.c.asked_at)
    async with transaction(engine) as connection:
        return [CallbackRow(**row) for row in (await connection.execute(standing)).mappings()]
