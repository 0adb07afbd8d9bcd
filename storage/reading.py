"""What must a starting service know of the past? Who is on duty, and which emergency callers nobody has rung back.

Also the configurations that were accepted. All of it raises DatabaseAway when the database cannot be reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from calls.events import Duty
from storage.rows import WaitRow
from storage.schema import agents, alarms, calls, configurations, waits
from storage.store import transaction


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """An abandoned emergency call that nobody has rung back; ``number`` is a secret."""

    call_id: str
    queue: str
    raised_at: datetime
    line: str
    number: str


async def duties(engine: AsyncEngine) -> dict[str, tuple[Duty, str, datetime]]:
    """By agent id: the duty declared last, its reason, and since when."""
    declared = select(agents).where(agents.c.duty.is_not(None))
    async with transaction(engine) as connection:
        rows = await connection.execute(declared)
        return {row.agent_id: (Duty(row.duty), row.reason, row.since) for row in rows}


async def open_alarms(engine: AsyncEngine) -> list[OpenAlarm]:
    """The alarms that stand, the oldest first."""
    standing = (
        select(alarms.c.call_id, alarms.c.queue, alarms.c.raised_at, calls.c.line, calls.c.number)
        .outerjoin_from(alarms, calls, alarms.c.call_id == calls.c.call_id)
        .where(alarms.c.cleared_at.is_(None))
        .order_by(alarms.c.raised_at)
    )
    async with transaction(engine) as connection:
        rows = await connection.execute(standing)
        return [OpenAlarm(row.call_id, row.queue, row.raised_at, row.line or "", row.number or "") for row in rows]


async def ended_waits(engine: AsyncEngine, since: datetime) -> list[WaitRow]:
    """The waits that ended since then, the oldest first."""
    ended = select(waits).where(waits.c.ended >= since).order_by(waits.c.ended)
    async with transaction(engine) as connection:
        rows = await connection.execute(ended)
        return [WaitRow(**row) for row in rows.mappings()]


async def keep_configuration(engine: AsyncEngine, version: str, text: str, who: str, now: datetime) -> None:
    """Keep an accepted configuration; one that is kept already stays as it was."""
    async with transaction(engine) as connection:
        known = await connection.execute(select(configurations.c.version).where(configurations.c.version == version))
        if known.first() is None:
            values = {"version": version, "text": text, "who": who, "at": now}
            await connection.execute(configurations.insert().values(values))
