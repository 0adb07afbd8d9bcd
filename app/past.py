"""How does a new process go on from what history knows? Who is on duty, which alarms stand, what the day came to.

Without a database it goes on all the same: calls matter more than what was.
"""

from __future__ import annotations

import asyncio
import getpass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from app.state import Alarm, Centre
from calls.call import SHORT_ABANDON_SECONDS
from calls.events import Duty, ServiceStarted
from config.model import Configuration
from metrics.service_level import Figures
from metrics.waits import Wait, WaitEnd
from routing.agent import off_duty, on_duty
from storage import reading
from storage.errors import DatabaseAway
from storage.history import History
from storage.rows import WaitResult, WaitRow

log = structlog.get_logger()


async def remembered(configuration: Configuration, history: History, now: datetime) -> Centre:
    """The centre as history knows it: who had declared what, and which alarms stand.

    Without a database, whoever's phone is registered counts as ready: calls matter more than yesterday's pauses.
    """
    try:
        duties = await reading.duties(history.writer.engine)
        alarms = await reading.open_alarms(history.writer.engine)
    except DatabaseAway:
        log.warning("database away: registered phones count as ready", action="service.without_database")
        duties = {
            agent_id: (Duty.READY, "", now) for agent_id, profile in configuration.agents.items() if profile.extension
        }
        alarms = []
    declared = tuple((agent_id, duty, reason, since) for agent_id, (duty, reason, since) in duties.items())
    centre = at_start(configuration, ServiceStarted(at=now, duties=declared))
    for alarm in alarms:
        centre.alarms[alarm.call_id] = Alarm(
            call_id=alarm.call_id, queue=alarm.queue, at=alarm.raised_at, number=alarm.number
        )
    return centre


def at_start(configuration: Configuration, started: ServiceStarted) -> Centre:
    """The centre before its first fact, with agents as they had declared."""
    centre = Centre(
        configuration=configuration,
        agents={agent_id: off_duty(profile, started.at) for agent_id, profile in configuration.agents.items()},
    )
    for agent_id, duty, reason, since in started.duties:
        if agent_id in centre.agents:
            centre.agents[agent_id] = on_duty(centre.agents[agent_id], duty, reason, since)
    return centre


def service_started(centre: Centre, now: datetime) -> ServiceStarted:
    """What ``at_start`` makes the same centre of."""
    duties = ((agent.profile.agent_id, agent.duty, agent.reason, agent.since) for agent in centre.agents.values())
    return ServiceStarted(at=now, duties=tuple(duties))


async def keep_configuration(file: Path, configuration: Configuration, history: History, now: datetime) -> None:
    """Every accepted version of the configuration stays in SQL: text, who, when."""
    text = await asyncio.to_thread(file.read_text, "utf-8")
    try:
        await reading.keep_configuration(history.writer.engine, configuration.version, text, getpass.getuser(), now)
    except DatabaseAway:
        log.warning("configuration not kept: database away", action="configuration.not_kept")


async def count_today(figures: Figures, configuration: Configuration, history: History, now: datetime) -> datetime:
    """Make the day's figures whole again after a restart; the moment since which they count."""
    midnight = now.astimezone(configuration.timezone).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        ended = await reading.ended_waits(history.writer.engine, midnight.astimezone(UTC))
    except DatabaseAway:
        return now
    for row in ended:
        if row.ended and row.wait_seconds is not None:
            figures.add(Wait(row.queue, row.wait_seconds, row.ended, wait_end(row)))
    return midnight.astimezone(UTC)


def wait_end(row: WaitRow) -> WaitEnd:
    """How the figures call what history says of a wait."""
    if row.result == WaitResult.ANSWERED:
        return WaitEnd.ANSWERED
    if row.result == WaitResult.TRANSFERRED:
        return WaitEnd.MOVED
    short = row.result == WaitResult.ABANDONED and (row.wait_seconds or 0.0) < SHORT_ABANDON_SECONDS
    return WaitEnd.SHORT_ABANDONED if short else WaitEnd.ABANDONED
