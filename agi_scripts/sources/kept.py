"""How is a slow source not felt? What it said is kept in memory, and while it is slow nobody waits for it.

What was said less than ``keep_seconds`` ago is the answer. What is older, up to STALE times that, is the answer too,
and the source is asked anew behind the caller's back. Only who is not known at all waits, for WAIT_SECONDS at most;
and as long as the source is slower than that, not even they do: it is asked all the same, and whoever calls again is
known. One question is asked once, however many wait for it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from time import monotonic
from typing import Final, Generic, TypeVar

from agi_scripts.errors import SourceSlow

WAIT_SECONDS: Final = 1.5
"""Below what a menu waits (`agi_scripts.lookups`), so that it is known here that the source is slow."""
ASK_SECONDS: Final = 10.0
"""Then a question is given up, whoever waits."""
STALE: Final = 10
MOST_KEPT: Final = 10_000
MOST_ASKED: Final = 64
"""Questions under way: of a source that hangs, no more than this is ever asked at once."""

Key = TypeVar("Key", bound=Hashable)
Said = TypeVar("Said")


class Kept(Generic[Key, Said]):
    """The memory before one source. ``ask`` puts a question to it and may fail or take long."""

    def __init__(
        self, ask: Callable[[Key], Awaitable[Said]], keep_seconds: float, clock: Callable[[], float] = monotonic
    ) -> None:
        self._ask = ask
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._known: OrderedDict[Key, tuple[float, Said]] = OrderedDict()
        self._asking: dict[Key, asyncio.Task[Said]] = {}
        self._slow = False

    async def get(self, key: Key) -> Said:
        """What the source says, or has said lately. Raises what the source raises, TimeoutError and SourceSlow."""
        at, said = self._known.get(key, (None, None))
        age = self._clock() - at if at is not None else None
        if age is not None and age < self._keep_seconds:
            return said  # type: ignore[return-value]
        task = self._asking.get(key) or self._begin(key)
        if age is not None and age < STALE * self._keep_seconds:
            return said  # type: ignore[return-value]
        if task is None or self._slow:
            raise SourceSlow("a source of lookups has been slow: nobody waits for it now")
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await asyncio.shield(task)
        except TimeoutError:
            self._slow = True
            raise

    def _begin(self, key: Key) -> asyncio.Task[Said] | None:
        """Ask; None while too many questions are open."""
        if len(self._asking) >= MOST_ASKED:
            return None
        task = self._asking[key] = asyncio.create_task(self._answered(key))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    async def _answered(self, key: Key) -> Said:
        began = self._clock()
        try:
            async with asyncio.timeout(ASK_SECONDS):
                said = await self._ask(key)
            self._known[key] = self._clock(), said
            self._known.move_to_end(key)
            if len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)
            return said
        finally:
            self._slow = self._clock() - began > WAIT_SECONDS
            del self._asking[key]

    async def close(self) -> None:
        """Give up what is being asked."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
