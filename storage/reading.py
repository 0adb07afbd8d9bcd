"""What must a starting service know of the past? Who is on duty, whom to ring back, and which calls were left open.

Also the configurations that were accepted. All of it raises DatabaseAway when the database cannot be reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from calls.call import CallState
from calls.events import CallVanished, Duty
from storage.rows import CallRow, WaitRow
from storage.schema import agents, alarms, calls, configurations, events, waits
from storage.store import transaction


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """An abandoned emergency call that nobody has rung back; ``number`` is a secret."""

    call_id: str
    queue: str
    raised_at: datetime
    number: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A configuration that first came into force at that moment; ``who`` is a login name."""

    version: str
    who: str
    at: datetime


async def duties(engine: AsyncEngine) -> dict[str, tuple[Duty, str, datetime]]:
    """By agent id: the duty declared last, its reason, and since when."""
    declared = select(agents).where(agents.c.duty.is_not(None))
    async with transaction(engine) as connection:
        rows = await connection.execute(declared)
        return {row.agent_id: (Duty(row.duty), row.reason, row.since) for row in rows}


async def open_alarms(engine: AsyncEngine) -> list[OpenAlarm]:
    """The alarms that stand, the oldest first."""
    standing = (
        select(alarms.c.call_id, alarms.c.queue, alarms.c.raised_at, calls.c.number)
        .outerjoin_from(alarms, calls, alarms.c.call_id == calls.c.call_id)
        .where(alarms.c.cleared_at.is_(None))
        .order_by(alarms.c.raised_at)
    )
    async with transaction(engine) as connection:
        rows = await connection.execute(standing)
        return [OpenAlarm(row.call_id, row.queue, row.raised_at, row.number or "") for row in rows]


async def open_calls(engine: AsyncEngine, node: str, before: datetime) -> list[CallVanished]:
    """The calls of ``node`` begun before that moment that have no end in the history, as vanished then.

    They vanished, for all that is known, when an earlier run of the service was last heard of.
    """
    ours = ~events.c.run_id.startswith("failsafe:")
    last_heard = select(func.max(events.c.at)).where(events.c.at < before, ours)
    left_open = select(calls).where(
        calls.c.ended_at.is_(None), calls.c.started_at < before, calls.c.call_id.startswith(f"{node}-", autoescape=True)
    )
    async with transaction(engine) as connection:
        at = await connection.scalar(last_heard)
        rows = [CallRow(**row) for row in (await connection.execute(left_open)).mappings()]
        waited = select(waits.c.call_id).where(waits.c.call_id.in_([row.call_id for row in rows]))
        queued = set(await connection.scalars(waited))
    return [_vanished(row, node, at or before, row.call_id in queued) for row in rows]


def _vanished(row: CallRow, node: str, at: datetime, queued: bool) -> CallVanished:
    waiting = CallState.WAITING if queued else CallState.MENU
    return CallVanished(
        at=max(at, row.answered_at or row.started_at),
        call_id=row.call_id,
        node=node,
        line=row.line,
        queue=row.queue,
        state=CallState.TALK if row.answered_at else waiting,
        started_at=row.started_at,
        agent_id=row.agent_id,
        number=row.number,
    )


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


async def accepted_configurations(engine: AsyncEngine) -> list[Accepted]:
    """All that are kept, the latest last."""
    kept = select(configurations.c.version, configurations.c.who, configurations.c.at).order_by(configurations.c.at)
    async with transaction(engine) as connection:
        return [Accepted(*row) for row in await connection.execute(kept)]
