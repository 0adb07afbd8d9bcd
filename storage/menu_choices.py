"""Which ways did callers take through the menus? Counted from what happened."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from calls.events import MenuChosen
from storage.schema import calls, events
from storage.store import transaction


async def menu_choices(engine: AsyncEngine, since: datetime) -> dict[tuple[str, str, str], int]:
    """Since then, by (menu, node, choice): how often it was taken. Raises DatabaseAway."""
    place, choice = (events.c.payload[key].as_string() for key in ("menu", "choice"))
    taken = (
        select(place, choice, func.count())
        .where(events.c.type == MenuChosen.__name__, events.c.at >= since)
        .group_by(place, choice)
    )
    async with transaction(engine) as connection:
        rows = (await connection.execute(taken)).all()
    return {(*place.split(".", 1), choice): count for place, choice, count in rows if "." in place}


async def menu_outcomes(engine: AsyncEngine, since: datetime) -> dict[str, int]:
    """How the menus of the calls begun since then ended, by outcome. Raises DatabaseAway."""
    ended = (
        select(calls.c.menu_outcome, func.count())
        .where(calls.c.menu_outcome.is_not(None), calls.c.started_at >= since)
        .group_by(calls.c.menu_outcome)
    )
    async with transaction(engine) as connection:
        rows = (await connection.execute(ended)).all()
    return {str(outcome): count for outcome, count in rows}
