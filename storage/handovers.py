"""What did callers who are still in the house leave in their menus? For the agents' screens after a restart."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from calls.events import MenuHandedOver
from storage.codec import StoredEvent, decode
from storage.runs import ROW
from storage.schema import calls, events
from storage.store import transaction


async def open_handovers(engine: AsyncEngine) -> list[MenuHandedOver]:
    """Those of calls without an end, in their order; raises DatabaseAway."""
    left_open = (
        select(*ROW)
        .join(calls, calls.c.call_id == events.c.call_id)
        .where(events.c.type == MenuHandedOver.__name__, calls.c.ended_at.is_(None))
        .order_by(events.c.at)
    )
    async with transaction(engine) as connection:
        rows = (await connection.execute(left_open)).mappings().all()
    found = [decode(StoredEvent(**row)) for row in rows]
    return [one for one in found if isinstance(one, MenuHandedOver)]
