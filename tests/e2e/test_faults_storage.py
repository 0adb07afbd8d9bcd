"""What do callers notice, and what does history lose, when PostgreSQL, Redis or the disk fails? On the real ones."""

from __future__ import annotations

import asyncio
import json
import resource
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from app.children import start
from storage.live import connect
from synthetic.phone import Answer, Phone
from synthetic.tones import Tone, strength
from tests.conftest import NO_POSTGRES, RedisServer
from tests.e2e.centre import AGENT_HZ, CALLER_HZ, DIRECT, LONG, LiveCentre, always_open, eventually, live_centre
from tests.e2e.conftest import Measured
from tests.e2e.outages import kill, now, restart
from tests.e2e.stores import STORED_WITHIN, House, as_witnessed, ends, full_at, mirrored, storm, whole, writing
from tests.e2e.traffic import Traffic
from tests.e2e.witness import Witness, figure
from tests.postgres import PostgresServer, postgres_bin

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

AWAY = 60.0 if LONG else 4.0
"""Seconds without a database."""
BYTES_A_SECOND = 16_000
"""Of a leg: 8,000 samples of two bytes."""
DESKS = {"anna": 0.1, "boris": 0.4, "elena": 0.2, "galina": 0.6}
"""Who is on duty, and how many seconds each lets it ring: two dispatchers, a nurse and a doctor."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    folder = postgres_bin()
    if folder is None:
        pytest.skip(NO_POSTGRES)
    server = PostgresServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def furnished(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer, redis: RedisServer
) -> AsyncIterator[House]:
    """The house, with an Asterisk that is refused a write past a limit, as on a full disk, and not killed for it."""
    url = await asyncio.to_thread(postgres.create_database, "al")
    async with live_centre(
        tmp_path_factory.mktemp("storage"),
        change=always_open,
        service=False,
        environment=[("database_url", url), ("redis_url", redis.url)],
    ) as centre:
        await centre.asterisk.end()
        words = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "asterisk", *centre.asterisk.argv]
        centre.asterisk.process = (await start("asterisk", words, centre.asterisk.log)).process
        await centre.start_service()
        yield House(centre, postgres, redis)


@pytest_asyncio.fixture(loop_scope="module")
async def house(furnished: House) -> AsyncIterator[House]:
    """The house; whatever a test does to it, no agent is ever rung twice at once."""
    yield furnished
    phones = list(furnished.centre.phones.values())
    await furnished.centre.clear()
    assert not [phone.name for phone in phones if phone.doubled], "rung twice at once"


async def staffed(centre: LiveCentre) -> list[Phone]:
    return [await centre.seat(name, Answer(after), hz=None) for name, after in DESKS.items()]


@asynccontextmanager
async def a_day(house: House, seed: int, gap: float = 0.9) -> AsyncIterator[tuple[Traffic, Witness]]:
    """Agents sit down, calls come until the end, and a witness sees them all."""
    phones = await staffed(house.centre)
    async with (
        Witness.of(house.centre.settings) as witness,
        Traffic.on(house.centre, phones, seed=seed, gap=gap) as traffic,
    ):
        await phones[0].rung(10)
        yield traffic, witness


async def test_a_database_killed_for_a_while_costs_no_call_and_no_event(house: House, measured: Measured) -> None:
    async with a_day(house, seed=31, gap=0.6) as (traffic, witness):
        await house.without_database()
        before = len(traffic.callers)
        await asyncio.sleep(AWAY)  # the outage
        during = len(traffic.callers) - before
        await house.with_database()
    surplus = await as_witnessed(house, witness)
    measured(f"PostgreSQL away {AWAY:.0f} s, {during} calls came meanwhile: dropped", f"{len(traffic.dropped)}", "0")
    measured("PostgreSQL away: facts seen / stored too often", f"{witness.happened.total()} / {surplus.total()}", "0")
    assert not traffic.dropped and during > 0
    assert not surplus
    assert await whole(house)
    for rows in (await ends(house, traffic)).values():
        assert len(rows) == 1, "each call is there, and ended"
        answered = witness.happened[rows[0]["call_id"], "AgentAnswered"] > 0
        assert answered == (rows[0]["answered_at"] is not None)


async def test_a_service_killed_without_a_database_has_stored_all_that_was_spooled(
    house: House, measured: Measured
) -> None:
    centre = house.centre
    spool = centre.settings.home / "spool" / "events.jsonl"
    async with a_day(house, seed=32) as (traffic, witness):
        await house.without_database()
        await asyncio.sleep(1.0)  # calls go on

        async def all_spooled() -> bool | None:
            kept = spool.read_text()
            return all(number in kept for number in traffic.callers) or None

        await eventually(all_spooled, "every caller stands in the spool")  # a crash costs the last 0.2 s
        await kill(centre)
        spooled = {(event["run_id"], event["seq"]): event for event in map(json.loads, spool.read_bytes().splitlines())}
        await asyncio.sleep(1.0)  # nobody serves
        await restart(centre)
        await asyncio.sleep(1.0)  # calls go on
        await house.with_database()

    async def look() -> Counter[tuple[str, int]] | None:
        rows = await house.rows("select run_id, seq from events where run_id = :run", run=next(iter(spooled))[0])
        stored = Counter((row["run_id"], row["seq"]) for row in rows)
        return stored if spooled.keys() <= stored.keys() else None

    stored = await eventually(look, "all that was spooled is stored", STORED_WITHIN)
    measured("kill -9 without a database: calls dropped", f"{len(traffic.dropped)}", "0")
    measured(
        "kill -9 without a database: events spooled / stored twice",
        f"{len(spooled)} / {sum(c > 1 for c in stored.values())}",
        "0",
    )
    assert not traffic.dropped
    assert max(stored.values()) == 1 and await whole(house)

    untold = list(traffic.callers)

    async def all_ended() -> bool | None:
        rows = await ends(house, traffic)
        queued = [number for number, call_id in witness.numbers.items() if witness.happened[call_id, "CallerQueued"]]
        untold[:] = [number for number in queued if len(rows[number]) != 1]
        return not untold or None

    try:
        await eventually(all_ended, "each call is in history once, and ended", 10)
    except AssertionError as never:
        ids = {number: witness.numbers.get(number, "") for number in untold}
        rows = {one: await house.rows("select * from calls where call_id = :one", one=one) for one in ids.values()}
        raise AssertionError(f"{never}; {ids} have {rows}") from None
    finally:
        measured(
            f"kill -9 without a database, {len(traffic.callers)} calls: without an end in history",
            f"{len(untold)}",
            "0",
        )


async def test_a_redis_that_is_killed_and_one_that_is_flushed_cost_no_call_and_are_filled_again(
    house: House, measured: Measured
) -> None:
    client = connect(house.redis.url)
    async with a_day(house, seed=33, gap=0.6) as (traffic, witness):
        assert await mirrored(house, client)
        house.redis.kill()
        failed = await figure(house.centre, "assistline_mirror_failures_total")

        async def missed() -> bool | None:
            return await figure(house.centre, "assistline_mirror_failures_total") > failed or None

        await eventually(missed, "the service has noticed", 5)
        before = len(traffic.callers)
        await asyncio.sleep(1.5)  # without Redis
        assert len(traffic.callers) > before
        await asyncio.to_thread(house.redis.start)
        began = now()
        await mirrored(house, client)
        killed = now() - began
        await client.flushall()
        began = now()
        await mirrored(house, client)
        flushed = now() - began
    await client.aclose()
    fallen = witness.times("FallbackEntered")
    measured(
        f"Redis killed and flushed, {len(traffic.callers)} calls: dropped / fell",
        f"{len(traffic.dropped)} / {fallen}",
        "0 / 0",
    )
    measured("Redis: mirror whole again after a kill / a flush", f"{killed:.1f} / {flushed:.1f} s", "3 s")
    assert not traffic.dropped and not fallen
    assert killed < 3.0 and flushed < 3.0


async def test_a_full_disk_without_a_database_costs_no_call_and_what_is_lost_is_told(
    house: House, measured: Measured
) -> None:
    """The history keeps 20,000 events in memory when neither takes them, so more than that happen here."""
    centre = house.centre
    assert centre.service
    service, log = centre.service, centre.settings.home / "log" / "service.log"
    async with a_day(house, seed=34, gap=0.5) as (traffic, witness):
        await house.without_database()
        full_at(service, log.stat().st_size + 16_384)  # room for the log, and none for 20,000 events
        happened = await storm(witness, 22_000)
        before = len(traffic.callers)
        await asyncio.sleep(1.5)  # calls go on
        during = len(traffic.callers) - before
        lost = int(await figure(centre, "assistline_history_lost_total"))
        await house.with_database()
    stored: list[dict[str, Any]] = []

    async def told() -> bool | None:
        stored[:] = await house.rows("select payload from events where type = 'HistoryLost'")
        return bool(stored) or None

    await eventually(told, "the loss is told in the history", STORED_WITHIN)
    full_at(service, resource.RLIM_INFINITY)
    [kept] = await house.rows("select count(*) as count from events where call_id = 'storm'")
    count = sum(row["payload"]["count"] for row in stored)
    measured(f"disk full, no database, {during} calls came meanwhile: dropped", f"{len(traffic.dropped)}", "0")
    measured(
        "disk full: told in history / counted in metrics / of the storm missing",
        f"{count} / {lost} / {happened - kept['count']}",
        "",
    )
    assert not traffic.dropped and during > 0
    assert count == await figure(centre, "assistline_history_lost_total") >= lost > 0
    assert count >= happened - kept["count"] > 0
    lines = [json.loads(line) for line in log.read_text().splitlines() if '"history.lost"' in line]
    assert sum(line["count"] for line in lines) == count
    assert await whole(house)


async def test_a_full_recording_disk_costs_no_call_and_what_is_missing_is_told(
    house: House, measured: Measured
) -> None:
    centre = house.centre
    anna = await centre.seat("anna")
    caller = await centre.call(DIRECT)
    ring = await anna.rung(10)
    await caller.hears(Tone(AGENT_HZ), within=8)
    began = now()
    full_at(centre.asterisk, 2 * BYTES_A_SECOND)
    await asyncio.sleep(3.0)  # the talk goes on
    heard, said = strength(caller.heard(now() - 1.0), AGENT_HZ), strength(ring.heard(now() - 1.0), CALLER_HZ)
    await ring.hang_up()
    talked = now() - began

    async def closed() -> bool | None:
        """Asterisk has closed the files of the talk: what it had in its buffers is lost by now."""
        return not list(writing(centre.asterisk, ".sln")) or None

    await eventually(closed, "the files of the talk are closed", 10)
    full_at(centre.asterisk, resource.RLIM_INFINITY)
    recordings: list[dict[str, Any]] = []

    async def kept() -> bool | None:
        recordings[:] = await house.rows(
            "select recordings.* from recordings join calls using (call_id) where number = :number",
            number=centre.numbers[caller],
        )
        return bool(recordings) or None

    await eventually(kept, "the recording is told of", 15)
    [recording] = recordings
    measured(f"recording disk full after 2 s of {talked:.1f} s: told as missing", f"{recording['short_by']:.1f} s", "")
    assert heard > 0.9 and said > 0.9, "both hear each other to the end"
    assert talked - 2.5 < recording["short_by"] < talked + 3.0
