"""The mirror in Redis shows the newest view, and nobody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from storage import live
from storage.live import LiveMirror, connect, follow_live, read_live
from tests.conftest import RedisServer


class Failures:
    """Counts what could not be written, and lets a test wait for the next."""

    def __init__(self) -> None:
        self.happened = asyncio.Event()

    def __call__(self) -> None:
        self.happened.set()


@asynccontextmanager
async def mirroring(url: str, failed: Callable[[], None] = lambda: None) -> AsyncIterator[LiveMirror]:
    mirror = LiveMirror(url, "node1", failed)
    task = asyncio.create_task(mirror.run())
    yield mirror
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def shown(redis: Redis, number: int) -> None:
    async with asyncio.timeout(10):
        while (await read_live(redis, "node1") or {}).get("number") != number:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_other_processes_read_the_view_that_was_shown_last(redis_server: RedisServer) -> None:
    async with mirroring(redis_server.url) as mirror, connect(redis_server.url) as redis:
        assert await read_live(redis, "node1") is None
        for number in range(100):
            mirror.show({"number": number, "queue": "Скорая"})
        await shown(redis, 99)
        assert await read_live(redis, "node1") == {"number": 99, "queue": "Скорая"}


async def test_two_nodes_share_a_redis_and_not_their_views(redis_server: RedisServer) -> None:
    async with mirroring(redis_server.url) as mirror, connect(redis_server.url) as redis:
        mirror.show({"number": 1})
        await shown(redis, 1)
        assert await read_live(redis, "node2") is None


async def test_of_many_views_only_the_newest_are_written(redis_server: RedisServer) -> None:
    async with mirroring(redis_server.url) as mirror, connect(redis_server.url) as redis:
        await redis.config_resetstat()
        for number in range(50):
            mirror.show({"number": number})
            await asyncio.sleep(0)
        await shown(redis, 49)
        assert (await redis.info("commandstats"))["cmdstat_set"]["calls"] <= 3


async def test_a_follower_sees_the_present_view_and_each_newer_one(redis_server: RedisServer) -> None:
    async with mirroring(redis_server.url) as mirror, connect(redis_server.url) as redis:
        mirror.show({"number": 1})
        await shown(redis, 1)
        views = follow_live(redis_server.url, "node1")
        assert await asyncio.wait_for(anext(views), 5) == {"number": 1}
        mirror.show({"number": 2})
        assert await asyncio.wait_for(anext(views), 5) == {"number": 2}
        await asyncio.sleep(live.LEAST_SECONDS * 4)  # longer than the half second after which other reads give up
        mirror.show({"number": 3})
        assert await asyncio.wait_for(anext(views), 5) == {"number": 3}
        await views.aclose()  # type: ignore[attr-defined]


async def test_the_view_of_an_engine_that_stopped_showing_expires(redis_server: RedisServer) -> None:
    async with mirroring(redis_server.url) as mirror, connect(redis_server.url) as redis:
        mirror.show({"number": 1})
        await shown(redis, 1)
        assert 0 < await redis.ttl(live.key_of("node1")) <= live.EXPIRES_SECONDS


async def test_a_flushed_redis_is_whole_again_with_the_next_view(redis_server: RedisServer) -> None:
    async with mirroring(redis_server.url) as mirror, connect(redis_server.url) as redis:
        mirror.show({"number": 1})
        await shown(redis, 1)
        await redis.flushall()
        mirror.show({"number": 2})
        await shown(redis, 2)


async def test_a_killed_redis_is_noticed_by_nobody_and_mirrored_into_again(redis_server: RedisServer) -> None:
    failed = Failures()
    async with mirroring(redis_server.url, failed) as mirror:
        redis_server.kill()
        mirror.show({"number": 1})
        await asyncio.wait_for(failed.happened.wait(), 5)
        redis_server.start()
        mirror.show({"number": 2})
        async with connect(redis_server.url) as redis:
            await shown(redis, 2)


async def test_a_redis_that_accepts_and_never_answers_is_given_up_after_a_second_or_so() -> None:
    silent = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    failed = Failures()
    async with silent, mirroring(f"redis://127.0.0.1:{port}/0", failed) as mirror:
        mirror.show({"number": 1})
        await asyncio.wait_for(failed.happened.wait(), 5)
