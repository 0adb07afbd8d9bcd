"""How does a new process go on from what history knows?"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.past import at_start, count_today, remembered, service_started, wait_end
from calls.call import CallState
from calls.events import AlarmRaised, CallEnded, CallerQueued, CallEvent, CallStarted, Duty, DutyChanged, EndedBy, Event
from config.load import load
from metrics.service_level import Figures
from metrics.waits import WaitEnd
from storage.history import History
from storage.rows import WaitResult, WaitRow
from tests.builders import NOON

SAMPLE = load(Path(__file__).parents[3] / "config" / "sample" / "assistline.yaml")
NUMBER = "+447700900555"


@asynccontextmanager
async def history_of(folder: Path, *events: Event) -> AsyncIterator[History]:
    """The history of a second run, after one that saw these events."""
    for seen in (events, ()):
        history = History(f"sqlite+aiosqlite:///{folder / 'history.sqlite'}", folder / "spool", SAMPLE.version)
        await history.start()
        for event in seen:
            history.record(event)
        if seen:
            await history.close()
    yield history
    await history.close()


def abandoned(at: datetime, waited: timedelta) -> list[CallEvent]:
    """An emergency caller who comes, waits so long and hangs up at this moment."""
    came = at - waited
    about = {"call_id": "node1-1.1", "node": "node1", "channel": "PJSIP/trunk-1", "line": "emergency"}
    return [
        CallStarted(at=came, number=NUMBER, **about),
        CallerQueued(at=came, queue="emergency", lang="ru", needs=(), queued_at=came, **about),
        CallEnded(at=at, call_id=about["call_id"], state=CallState.WAITING, cause=16, by=EndedBy.CALLER),
        AlarmRaised(at=at, call_id=about["call_id"], queue="emergency"),
    ]


async def test_duty_and_open_alarms_are_as_they_were(tmp_path: Path) -> None:
    lunch = DutyChanged(at=NOON, agent_id="anna", duty=Duty.PAUSED, reason="lunch")
    gone = DutyChanged(at=NOON, agent_id="nobody_any_more", duty=Duty.READY)
    async with history_of(tmp_path, lunch, gone, *abandoned(NOON, timedelta(seconds=9))) as history:
        centre = await remembered(SAMPLE, history, NOON)
    assert centre.agents.keys() == SAMPLE.agents.keys()
    assert (centre.agents["anna"].duty, centre.agents["anna"].reason) == (Duty.PAUSED, "lunch")
    assert centre.agents["boris"].duty is Duty.OFF
    [alarm] = centre.alarms.values()
    assert (alarm.call_id, alarm.queue, alarm.at, alarm.number) == ("node1-1.1", "emergency", NOON, NUMBER)


async def test_the_first_fact_of_a_run_makes_the_same_agents_again(tmp_path: Path) -> None:
    ready = DutyChanged(at=NOON - timedelta(hours=1), agent_id="anna", duty=Duty.READY)
    lunch = DutyChanged(at=NOON, agent_id="anna", duty=Duty.PAUSED, reason="lunch")
    gone = DutyChanged(at=NOON - timedelta(hours=2), agent_id="boris", duty=Duty.OFF)
    async with history_of(tmp_path, ready, lunch, gone) as history:
        centre = await remembered(SAMPLE, history, NOON + timedelta(hours=1))
    again = at_start(SAMPLE, service_started(centre, NOON + timedelta(hours=1)))
    assert dict(again.agents) == dict(centre.agents)


async def test_without_a_database_whoever_has_a_phone_of_ours_counts_as_ready(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    away = History(f"postgresql+asyncpg://127.0.0.1:{unused_tcp_port}/away", tmp_path, SAMPLE.version)
    centre = await remembered(SAMPLE, away, NOON)
    with_phone = {agent_id for agent_id, profile in SAMPLE.agents.items() if profile.extension}
    assert {agent_id for agent_id, agent in centre.agents.items() if agent.duty is Duty.READY} == with_phone
    assert with_phone < SAMPLE.agents.keys()


async def test_the_figures_of_the_day_begin_with_the_waits_that_history_has(tmp_path: Path) -> None:
    """They are those of Moscow's day, which begins at 21:00 UTC."""
    midnight = datetime(NOON.year, NOON.month, NOON.day, tzinfo=SAMPLE.timezone)
    yesterdays = abandoned(midnight - timedelta(seconds=1), timedelta(seconds=9))
    todays = [replace(event, call_id="node1-2.2") for event in abandoned(NOON, timedelta(seconds=9))]
    figures = Figures({"emergency": 5.0}, SAMPLE.timezone)
    async with history_of(tmp_path, *yesterdays, *todays) as history:
        assert await count_today(figures, SAMPLE, history, NOON) == midnight
    assert figures["emergency"].today(NOON).abandoned == 1


@pytest.mark.parametrize(
    ("result", "seconds", "end"),
    [
        (WaitResult.ANSWERED, 3.0, WaitEnd.ANSWERED),
        (WaitResult.TRANSFERRED, 60.0, WaitEnd.MOVED),
        (WaitResult.ABANDONED, 4.9, WaitEnd.SHORT_ABANDONED),
        (WaitResult.ABANDONED, 5.0, WaitEnd.ABANDONED),
        (WaitResult.FALLBACK, 2.0, WaitEnd.ABANDONED),
        (WaitResult.LAST_RESORT, 30.0, WaitEnd.ABANDONED),
    ],
)
def test_the_figures_count_a_stored_wait_as_they_would_have_counted_it_live(
    result: WaitResult, seconds: float, end: WaitEnd
) -> None:
    row = WaitRow(call_id="c", nth=1, queue="general", began=NOON, ended=NOON, result=result, wait_seconds=seconds)
    assert wait_end(row) is end
