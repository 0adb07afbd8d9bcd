"""Does `assistline explain` find a call's story in the database and the spool, and say so when it cannot?"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.errors import AppFault
from app.explaining import explained
from app.settings import Settings
from calls.events import ConfigurationApplied, Duty, DutyChanged
from config.load import load
from storage import migrate, reading
from storage.codec import StoredEvent, to_line
from storage.schema import open_engine
from storage.spool import append_durably
from storage.store import store
from tests.builders import NOON, seconds
from tests.e2e.centre import SAMPLE
from tests.unit.app.played import CONFIGURATION, Played, a_played

MOSCOW = ZoneInfo("Europe/Moscow")


async def kept(url: str, *rows: StoredEvent, text: str | None = None, version: str = CONFIGURATION.version) -> None:
    await asyncio.to_thread(migrate, url)
    engine = open_engine(url)
    if rows:
        await store(engine, rows)
    if text is not None:
        await reading.keep_configuration(engine, version, text, "tester", NOON)
    await engine.dispose()


def settings(url: str, home: Path, config: Path = SAMPLE) -> Settings:
    return Settings(home=home, config=config, database_url=url)


async def said(url: str, home: Path, asked: str | tuple[datetime, datetime], config: Path = SAMPLE) -> tuple[bool, str]:
    lines: list[str] = []
    same = await explained(settings(url, home, config), asked, lines.append, as_json=False)
    return same, "\n".join(lines)


async def test_the_story_of_a_call_is_told_and_its_decisions_come_out_the_same(
    database_url: str, tmp_path: Path
) -> None:
    await kept(database_url, *a_played().rows())
    same, text = await said(database_url, tmp_path, "two")
    assert same
    assert text.startswith("Call two on 04 March 2026, times of Europe/Moscow\n15:00:03.0  called Hotline\n")
    assert "answered by Nina Frolova after 37.0 s of waiting for Operator, against a target of 20 s" in text
    assert text.endswith("made again from the stored facts: 2, 1 of them upon this call; all came out the same")


async def test_json_tells_the_same_as_values(database_url: str, tmp_path: Path) -> None:
    await kept(database_url, *a_played().rows())
    lines: list[str] = []
    assert await explained(settings(database_url, tmp_path), "two", lines.append, as_json=True)
    found = json.loads("".join(lines))
    assert [fact["fact"] for fact in found["facts"]] == ["Came", "Queued", "Rung", "Answered"]
    assert (found["facts"][-1]["waited"], found["facts"][-1]["target"]) == (37.0, 20.0)
    assert {one["agent_id"]: one["doing"] for one in found["facts"][1]["able"]}["nina"] == "talking"
    assert (found["decisions"], found["differences"], found["warnings"]) == (2, [], [])


async def test_all_decisions_of_a_time_are_compared(database_url: str, tmp_path: Path) -> None:
    rows = a_played().rows()
    forged = [replace(row, agent_id="clara") if row.type == "Decided" and row.call_id == "two" else row for row in rows]
    await kept(database_url, *forged)
    whole = (datetime(2026, 3, 4, 15, 0), datetime(2026, 3, 4, 16, 0))  # noqa: DTZ001 as typed: the house's own time
    same, text = await said(database_url, tmp_path, whole)
    assert not same
    assert "2; 1 came out otherwise" in text
    assert "decided was ring Clara Weiss (most-endangered), now it would be ring Nina Frolova" in text
    before = (NOON - seconds(60), NOON + seconds(2))
    assert await said(database_url, tmp_path, before) == (
        True,
        "Decisions made again from the stored facts: 1; all came out the same",
    )


async def test_what_only_the_spool_has_belongs_to_it(database_url: str, tmp_path: Path) -> None:
    rows = a_played().rows()
    half = next(row.seq for row in rows if row.call_id == "two")
    await kept(database_url, *rows[:half])
    append_durably(tmp_path / "spool" / "events.jsonl", [*(to_line(row) for row in rows), b'{"torn'])
    same, text = await said(database_url, tmp_path, "two")
    assert same and "answered by Nina Frolova" in text


async def test_the_configuration_that_was_in_force_is_the_one_that_counts(database_url: str, tmp_path: Path) -> None:
    """Nina could not serve operators in the file of today."""
    today = tmp_path / "today.yaml"
    today.write_text(SAMPLE.read_text().replace("desk:operator: 8, ", ""))
    await kept(database_url, *a_played().rows())
    same, text = await said(database_url, tmp_path, "two", today)
    assert not same and f"configuration {CONFIGURATION.version} is not at hand" in text
    await kept(database_url, text=SAMPLE.read_text())
    same, text = await said(database_url, tmp_path, "two", today)
    assert same and "Beware" not in text


async def test_another_configuration_counts_from_when_it_was_applied(database_url: str, tmp_path: Path) -> None:
    """Since then Nina answers no operators' calls, and Clara is called in."""
    text = SAMPLE.read_text().replace("desk:operator: 8, ", "")
    changed = load(SAMPLE, text=text)
    centre = a_played()
    centre.puts_down(50, "two")
    centre.centre.proposed = changed
    centre.happens(51, ConfigurationApplied(at=NOON, version=changed.version, who="tester"))
    centre.passes(70)
    centre.calls(71, "three", "operator")
    centre.happens(75, DutyChanged(at=NOON, agent_id="clara", duty=Duty.READY))
    await kept(database_url, *centre.rows(), text=SAMPLE.read_text())
    same, told = await said(database_url, tmp_path, "three")
    assert not same and f"Beware: configuration {changed.version} is not at hand" in told
    await kept(database_url, text=text, version=changed.version)
    same, told = await said(database_url, tmp_path, "three")
    assert same and "Beware" not in told and "rung: Clara Weiss, the only one to be had" in told


async def test_a_call_of_two_runs_is_told_from_both(database_url: str, tmp_path: Path) -> None:
    first = a_played().rows()
    centre = Played("clara")
    centre.talks(1, "two", "claims")
    later = [replace(row, run_id="later", at=row.at + seconds(3600)) for row in centre.rows()]
    await kept(database_url, *first, *later)
    _, text = await said(database_url, tmp_path, "two")
    assert text.index("answered by Nina Frolova") < text.index("16:00:01.0  answered by Clara Weiss")


async def test_what_cannot_be_told_is_said_in_a_sentence(database_url: str, tmp_path: Path) -> None:
    rows = a_played().rows()
    await kept(database_url, *rows[1:])
    with pytest.raises(AppFault, match="no call nobody is in the history"):
        await said(database_url, tmp_path, "nobody")
    with pytest.raises(AppFault, match="earlier version"):
        await said(database_url, tmp_path, "two")
    same, text = await said(database_url, tmp_path, (NOON, NOON + seconds(60)))
    assert same and text.startswith("Beware: a run of an earlier version of the service cannot be followed")


async def test_a_database_that_is_away_is_said_to_be_away(tmp_path: Path) -> None:
    with pytest.raises(AppFault, match="start its database"):
        await said("postgresql+asyncpg://nobody@127.0.0.1:9/none", tmp_path, "two")


async def test_what_is_missing_or_of_another_version_is_warned_of(database_url: str, tmp_path: Path) -> None:
    rows = a_played().rows()
    lost = replace(rows[2], seq=998, type="HistoryLost", call_id=None, payload={"count": 1, "since": NOON.isoformat()})
    strange = replace(rows[-1], seq=999, type="CallStarted", payload={})
    await kept(database_url, *rows, lost, strange)
    _, text = await said(database_url, tmp_path, "two")
    assert "Beware: the history has a hole" in text
    assert "Beware: facts of the type CallStarted are of another version" in text
