"""What does a real database say of callers, may it be changed, and what if it is slow or away?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from agi_scripts.errors import BadAnswer, NotAsked, SourceSlow
from agi_scripts.lookups import Lookups, caller_found
from agi_scripts.sources import kept
from agi_scripts.sources.database import Database, open_database
from config.sources import SqlSource
from ivr.dialogue import CallerRecord, FindCaller, Found
from ivr.secret import Secret
from tests.postgres import PostgresServer

NUMBER = Secret("+447700900111")
NOBODY = Secret("")
QUERIES = {
    "number": "select policy, region, language, vip, doctor from insured where phone = :value",
    "policy": "select region, 'no such language' as language from insured where policy = :value",
    "wipe": "delete from insured where policy = :value",
    "claim": "select status as answer, '84' as digits from claims where claim = :claim and region in ('', :region)",
}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    owner = create_async_engine(database_url)
    async with owner.begin() as connection:
        for statement in (
            "create table insured (phone text, policy text, region text, language text, vip boolean, doctor text)",
            "insert into insured values ('+447700900111', '7100', 'kazan', 'ru', true, null)",
            "create table claims (claim text, region text, status text)",
            "insert into claims values ('7100', '', 'paid')",
        ):
            await connection.execute(text(statement))
    await owner.dispose()
    engine = open_database(database_url)
    database = Database(engine, SqlSource(queries=QUERIES))
    yield database
    await database.close()
    await engine.dispose()


async def test_a_row_is_the_record_of_the_caller(database: Database) -> None:
    expected = CallerRecord(region="kazan", lang="ru", vip=True, numbers={"policy": Secret("7100")})
    assert await database.find_caller("", NOBODY, NUMBER) == expected
    assert await database.find_caller("", NOBODY, Secret("+447700900999")) is None
    assert await database.find_caller("", NOBODY, NOBODY) is None


async def test_an_answer_goes_by_region_and_typed_numbers(database: Database) -> None:
    assert await database.find_answer("claim", "kazan", {"claim": Secret("7100")}) == ("paid", Secret("84"))
    assert await database.find_answer("claim", "", {}) is None  # the number was not asked for


async def test_what_no_query_is_there_for_and_what_is_no_record_has_failed(database: Database) -> None:
    with pytest.raises(NotAsked):
        await database.find_caller("clinic", Secret("1"), NUMBER)
    with pytest.raises(BadAnswer, match="language"):
        await database.find_caller("policy", Secret("7100"), NUMBER)


async def test_a_query_that_would_write_is_refused_by_the_database(database: Database) -> None:
    with pytest.raises(DBAPIError) as refused:
        await database.find_caller("wipe", Secret("7100"), NUMBER)
    assert "7100" not in str(refused.value)
    assert await database.find_caller("", NOBODY, NUMBER) is not None


async def test_a_slow_database_is_felt_by_the_first_caller_for_the_limit_and_by_nobody_after(
    shared_postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "WAIT_SECONDS", 0.2)
    engine = open_database(await asyncio.to_thread(shared_postgres.create_database, "slow"))
    query = "select 'kazan' as region from pg_sleep(1.0) where :value <> ''"
    database = Database(engine, SqlSource(queries={"number": query}))
    lookups, loop = Lookups(find_caller=database.find_caller), asyncio.get_running_loop()

    async def found(number: str) -> tuple[Found, float]:
        began = loop.time()
        return (await caller_found(lookups, "c", FindCaller(), Secret(number))).found, loop.time() - began

    assert (await found("+447700900111"))[0] is Found.TIMEOUT
    delays = [await found(f"+4477009002{index:02}") for index in range(50)]
    assert {what for what, _ in delays} == {Found.FAILED}
    assert max(seconds for _, seconds in delays) < 0.1
    await asyncio.gather(*list(database._kept._asking.values()), return_exceptions=True)
    what, seconds = await found("+447700900111")
    assert (what, seconds < 0.1) == (Found.FOUND, True)
    await database.close()
    await engine.dispose()


async def test_a_database_that_hangs_or_is_away_costs_the_caller_the_limit_at_most(
    own_postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "WAIT_SECONDS", 0.2)
    engine = open_database(await asyncio.to_thread(own_postgres.create_database, "away"))
    database = Database(engine, SqlSource(queries={"number": "select 'kazan' as region where :value <> ''"}))
    assert await database.find_caller("", NOBODY, NUMBER) == CallerRecord(region="kazan")
    own_postgres.freeze()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(database.find_caller("", NOBODY, Secret("+447700900112")), 1.0)
    assert await database.find_caller("", NOBODY, NUMBER) == CallerRecord(region="kazan")
    own_postgres.kill()
    with pytest.raises((SourceSlow, OSError, DBAPIError)):
        await asyncio.wait_for(database.find_caller("", NOBODY, Secret("+447700900113")), 1.0)
    await database.close()
    await engine.dispose(close=False)
