"""How do other processes see the live view? A mirror of it in Redis: the newest snapshot, and word that it changed.

The engine's memory is the truth and never waits for Redis: ``show`` fills a slot in which the newest wins. The mirror
expires unless the engine goes on showing, so a dead or stuck engine is seen as no view at all. Nothing refreshes it by
itself. Redis may be killed or flushed at any moment; the next snapshot makes the mirror whole again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

log = structlog.get_logger()

EXPIRES_SECONDS = 5
LEAST_SECONDS = 0.2
"""At most five snapshots a second; what comes between is skipped."""
AWAY_SECONDS = 1.0


def key_of(node: str) -> str:
    """Where the view of this node's engine stands; ``<key>:changed`` is the channel on which word of it comes."""
    return f"al:live:{node}"


def connect(url: str) -> Redis:
    """A client that gives up soon: half a second and one more try, where the library would wait a minute."""
    return Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5, retry=Retry(NoBackoff(), 1))


class LiveMirror:
    """Writes the newest live view to Redis until it is cancelled."""

    def __init__(self, url: str, node: str, failed: Callable[[], None] = lambda: None) -> None:
        """``failed`` is told of each write that Redis did not take."""
        self._redis = connect(url)
        self._key = key_of(node)
        self._failed = failed
        self._newest: Mapping[str, object] | None = None
        self._shown = asyncio.Event()
        self.away = False

    def show(self, view: Mapping[str, object]) -> None:
        """Take the newest view, in place of one not yet written; never waits, never raises."""
        self._newest = view
        self._shown.set()

    async def run(self) -> None:
        """Mirror until cancelled."""
        try:
            while True:
                await self._shown.wait()
                self._shown.clear()
                await self._write(json.dumps(self._newest, separators=(",", ":"), ensure_ascii=False))
                await asyncio.sleep(AWAY_SECONDS if self.away else LEAST_SECONDS)
        finally:
            with suppress(RedisError, OSError):
                await self._redis.aclose()

    async def _write(self, text: str) -> None:
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.set(self._key, text, ex=EXPIRES_SECONDS)
                pipeline.publish(f"{self._key}:changed", "")
                await pipeline.execute()
        except (RedisError, OSError) as fault:
            self._failed()
            self._note(True, type(fault).__name__)
        else:
            self._note(False)

    def _note(self, away: bool, reason: str = "") -> None:
        if away != self.away:
            log.warning("mirror of the live view", action="live.away" if away else "live.back", fault=reason)
        self.away = away


async def read_live(redis: Redis, node: str) -> dict[str, object] | None:
    """The view that the engine showed last, or None when it shows none any more; raises RedisError or OSError."""
    text = await redis.get(key_of(node))
    return None if text is None else dict(json.loads(text))


async def follow_live(url: str, node: str) -> AsyncIterator[dict[str, object]]:
    """Each newer view as it comes, beginning with the one that is there; raises RedisError or OSError."""
    # The wait for word has no end, so its client must have no limit on it.
    async with connect(url) as redis, Redis.from_url(url, socket_timeout=None) as listener, listener.pubsub() as word:
        await word.subscribe(f"{key_of(node)}:changed")
        async for message in word.listen():
            if message["type"] in ("subscribe", "message") and (view := await read_live(redis, node)) is not None:
                yield view
