"""Where does a centre keep what happened, and what stands there? PostgreSQL, Redis and the disk, to be taken away."""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from app.children import Child
from storage.live import read_live
from tests.conftest import RedisServer
from tests.e2e.centre import LiveCentre, eventually
from tests.e2e.traffic import Traffic
from tests.e2e.witness import Witness
from tests.postgres import PostgresServer

STORED_WITHIN = 20.0
"""Seconds from the end of an outage until all of it is in SQL."""


@dataclass(frozen=True)
class House:
    """A centre with its PostgreSQL and its Redis."""

    centre: LiveCentre
    postgres: PostgresServer
    redis: RedisServer

    async def rows(self, query: str, **values: object) -> list[dict[str, Any]]:
        """What SQL holds now."""
        engine = create_async_engine(self.centre.settings.database_url)
        async with engine.connect() as connection:
            found = [dict(row) for row in (await connection.execute(text(query), values)).mappings()]
        await engine.dispose()
        return found

    async def without_database(self) -> None:
        await asyncio.to_thread(self.postgres.kill)

    async def with_database(self) -> None:
        await asyncio.to_thread(self.postgres.start)


async def whole(house: House) -> bool:
    """Whether each run's events are numbered from 1 without a hole and without a double."""
    runs = await house.rows(
        "select run_id, count(*) as count, count(distinct seq) as distinct, min(seq) as first, max(seq) as last"
        " from events group by run_id"
    )
    return all(run["first"] == 1 and run["count"] == run["distinct"] == run["last"] for run in runs)


async def as_witnessed(house: House, witness: Witness) -> Counter[tuple[str, str]]:
    """Wait until history has at least all that the witness saw of calls; answers with what it has too often."""
    calls = set(witness.numbers.values())
    seen = Counter({fact: count for fact, count in witness.happened.items() if fact[0] in calls})
    facts = sorted({fact for _, fact in seen})
    stored: Counter[tuple[str, str]] = Counter()

    async def look() -> bool | None:
        rows = await house.rows(
            "select call_id, type, count(*) as count from events where call_id = any(:calls) and type = any(:facts)"
            " group by call_id, type",
            calls=sorted(calls),
            facts=facts,
        )
        stored.clear()
        stored.update({(row["call_id"], row["type"]): row["count"] for row in rows})
        return not seen - stored or None

    try:
        await eventually(look, "all that happened is stored", STORED_WITHIN)
    except AssertionError as never:
        raise AssertionError(f"{never}; missing {seen - stored}") from None
    return stored - seen


async def ends(house: House, traffic: Traffic) -> dict[str, list[dict[str, Any]]]:
    """By caller's number: the rows of `calls` that are ended."""
    rows = await house.rows("select * from calls where ended_at is not null")
    return {number: [row for row in rows if row["number"] == number] for number in traffic.callers}


def full_at(child: Child, size: int) -> None:
    """From now on no file of this process grows past so many bytes, as if the disk had no room for more."""
    _, most = resource.prlimit(child.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (size, most))


def writing(child: Child, suffix: str) -> Iterator[Path]:
    """The files with this ending that this process has open."""
    for descriptor in Path(f"/proc/{child.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            if (file := descriptor.readlink()).suffix == suffix:
                yield file


async def storm(witness: Witness, count: int) -> int:
    """So many facts about one call, said over AMI at a pace that the witness keeps up with; how many it saw."""
    for nth in range(1, count + 1):
        witness.say("UserEvent", UserEvent="LegRecorded", CallId="storm", Party="caller", File=f"storm_{nth}.sln")
        if nth % 500 == 0:

            async def seen(nth: int = nth) -> bool | None:
                return witness.happened["storm", "LegRecorded"] >= nth or None

            await eventually(seen, "Asterisk has told of it", 10)
    return witness.happened["storm", "LegRecorded"]


async def mirrored(house: House, client: Redis) -> bool:
    """Wait until the mirror shows the calls that the engine knows."""

    async def look() -> bool | None:
        try:
            mirror, live = await read_live(client, house.centre.settings.node), await house.centre.live()
        except (OSError, RedisError):
            return None
        return (mirror is not None and calls(mirror) == calls(live)) or None

    return await eventually(look, "the mirror is the live view", 10)


def calls(live: Any) -> list[tuple[str, str]]:
    return [(call["call_id"], call["state"]) for call in live["calls"]]
