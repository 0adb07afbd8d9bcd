"""Which calls of earlier runs ended while nobody looked? Those that history left open and Asterisk has no more.

A killed service sees no end; the dialplan's own spool begins only when the heartbeat is missed. So the first snapshot
of a run is held against the history, as soon as the database has all that earlier runs knew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from calls.events import CallVanished, Event, SnapshotTaken
from storage.errors import DatabaseAway

log = structlog.get_logger()

RETRY_SECONDS = 5.0


class Vanished:
    """Sees the events of a run until the first snapshot, and then tells of the calls that are not in it."""

    def __init__(self, retry_seconds: float = RETRY_SECONDS) -> None:
        self._retry_seconds = retry_seconds
        self._first: asyncio.Future[frozenset[str]] = asyncio.get_running_loop().create_future()

    def observe(self, event: Event) -> None:
        """Hear of the first snapshot; never waits."""
        if isinstance(event, SnapshotTaken) and not self._first.done():
            self._first.set_result(frozenset(channel.call_id for channel in event.calls))

    async def tell(
        self,
        caught_up: Callable[[], Awaitable[object]],
        left_open: Callable[[], Awaitable[list[CallVanished]]],
        post: Callable[[Event], None],
    ) -> None:
        """Post each call that is ``left_open`` and was not found; ends when that is done."""
        found = await self._first
        await caught_up()
        while True:
            try:
                vanished = [call for call in await left_open() if call.call_id not in found]
                break
            except DatabaseAway:
                await asyncio.sleep(self._retry_seconds)
        for call in vanished:
            log.warning("a call ended unseen", action="service.vanished", call_id=call.call_id, state=call.state)
            post(call)
