"""When do the legs of a call become its recording? When the call has ended and nobody writes to them any more.

The folder of legs is the only memory: what ended while the service was away, what failed for want of room and what was
recorded outside a call of ours (a ring-back) is found there again. Legs are removed some seconds after the recording
was told of, when the history has it on the disk; should we die before, the same recording is told of once more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from calls.events import CallEnded, Event, RecordingReady
from recordings.join import find_legs, join, remove
from recordings.plan import Leg, Placement, plan

log = structlog.get_logger()

SETTLED_SECONDS = 1.0
"""So long after the last write Asterisk has closed the files of a call that has ended."""
QUIET_SECONDS = 60.0
"""So long without a write, and the legs of a call that nobody knows are complete."""
SWEEP_SECONDS = 15.0
KEPT_BY_HISTORY_SECONDS = 5.0
RETRY_SECONDS = 300.0
NOTABLE_LACK = 2.0
"""Seconds that may be missing from a leg before the log speaks of it."""


@dataclass(frozen=True, slots=True)
class _Told:
    """Legs that their recording has replaced, to be removed after ``due`` (monotonic seconds)."""

    legs: tuple[str, ...]
    due: float


class RecordingPipeline:
    """Joins the legs in one folder into recordings in another, one at a time.

    ``live`` answers with the ids of the calls in progress (run the pipeline once these are known); ``tell`` takes each
    RecordingReady and may raise, upon which it is told again later.
    """

    def __init__(
        self, legs: Path, kept: Path, live: Callable[[], Collection[str]], tell: Callable[[RecordingReady], None]
    ) -> None:
        self._legs = legs
        self._kept = kept
        self._live = live
        self._tell = tell
        self._ended: dict[str, datetime] = {}
        self._told: dict[str, _Told] = {}
        self._not_before: dict[str, float] = {}
        self._call_ended = asyncio.Event()

    def observe(self, event: Event) -> None:
        """Hear of the end of a call; never waits."""
        if isinstance(event, CallEnded):
            self._ended[event.call_id] = event.at
            self._call_ended.set()

    async def run(self) -> None:
        """Make recordings until cancelled."""
        while True:
            try:
                await self.sweep()
            except OSError as fault:
                log.error("legs cannot be read", action="recording.sweep", fault=type(fault).__name__)
            if self._ended or self._told:
                await asyncio.sleep(SETTLED_SECONDS)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._call_ended.wait()
            self._call_ended.clear()

    async def sweep(self) -> None:
        """Join what is complete, and remove what was told of long enough ago. Raises OSError."""
        await self._remove_told()
        found = await asyncio.to_thread(find_legs, self._legs)
        live = frozenset(self._live())
        self._ended = {call_id: at for call_id, at in self._ended.items() if call_id in found}
        for call_id, legs in found.items():
            if self._complete(call_id, legs, live):
                await self._record(call_id, legs)

    def _complete(self, call_id: str, legs: list[Leg], live: Collection[str]) -> bool:
        if call_id in self._told or self._not_before.get(call_id, 0.0) > time.monotonic():
            return False
        quiet = (datetime.now(UTC) - max(leg.written_at for leg in legs)).total_seconds()
        if call_id in self._ended:
            return quiet > SETTLED_SECONDS
        return call_id not in live and quiet > QUIET_SECONDS

    async def _record(self, call_id: str, legs: list[Leg]) -> None:
        """Make the call's recordings and tell of them; the leg of a caller whom nobody answered goes at once."""
        try:
            placements = plan(legs, self._ended.get(call_id))
            for placement in placements:
                await self._make(placement)
        except Exception as fault:
            self._not_before[call_id] = time.monotonic() + RETRY_SECONDS
            log.error("not recorded", action="recording.failed", call_id=call_id, fault=type(fault).__name__)
            return
        finally:
            self._ended.pop(call_id, None)
        self._not_before.pop(call_id, None)
        used = tuple(name for placement in placements for name in placement.legs)
        await asyncio.to_thread(remove, self._legs, [leg.name for leg in legs if leg.name not in used])
        if used:
            self._told[call_id] = _Told(used, time.monotonic() + KEPT_BY_HISTORY_SECONDS)

    async def _make(self, placement: Placement) -> None:
        path = self._kept / f"{placement.started_at:%Y-%m-%d}" / f"{placement.recording_id}.flac"
        if not path.exists():
            await asyncio.to_thread(join, self._legs, placement, path)
        if placement.short_by > NOTABLE_LACK:
            log.warning("short", action="recording.short", call_id=placement.call_id, seconds=placement.short_by)
        self._tell(
            RecordingReady(
                at=datetime.now(UTC),
                call_id=placement.call_id,
                recording_id=placement.recording_id,
                path=str(path.absolute()),
                seconds=placement.seconds,
                short_by=placement.short_by,
            )
        )

    async def _remove_told(self) -> None:
        now = time.monotonic()
        for call_id in [call_id for call_id, told in self._told.items() if told.due <= now]:
            await asyncio.to_thread(remove, self._legs, self._told.pop(call_id).legs)
