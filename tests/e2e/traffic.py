"""Who calls while something breaks, and was anybody dropped? People who do as a seed says, and a verdict."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any

from synthetic.dialog import Dialog
from synthetic.errors import NotAnswered, StillUp
from synthetic.phone import Phone, Ring
from tests.e2e.centre import DIRECT, EMERGENCY, LiveCentre, eventually

LINES = (DIRECT, DIRECT, EMERGENCY)
"""In turn."""
ABANDON = 0.15
"""Share of callers who leave soon, wherever they are then."""
SOON = (0.2, 2.0)
TALK = (1.7, 3.0)
"""Seconds from picking up, from and to; who leaves in the first two has not heard the whisper to its end."""


class Traffic:
    """Calls that arrive by Poisson, are answered, and are ended by the caller or by the agent."""

    def __init__(self, centre: LiveCentre, phones: Sequence[Phone], seed: int, gap: float) -> None:
        """`gap`: mean seconds between two callers."""
        self.callers: dict[str, Dialog] = {}
        self.rings: defaultdict[str, list[Ring]] = defaultdict(list)
        self._centre, self._seed, self._gap = centre, seed, gap
        self._phones = phones
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def on(cls, centre: LiveCentre, phones: Sequence[Phone], *, seed: int, gap: float) -> AsyncIterator[Traffic]:
        """Calls come from now on; at the end nobody new comes, and everybody is served who is there."""
        traffic = cls(centre, phones, seed, gap)
        arriving = asyncio.create_task(traffic._arrive())
        desks = [asyncio.create_task(traffic._sit(phone)) for phone in phones]
        try:
            yield traffic
            arriving.cancel()
            await traffic._served()
        finally:
            for task in [arriving, *desks, *traffic._tasks]:
                task.cancel()
            await asyncio.gather(arriving, *desks, *traffic._tasks, return_exceptions=True)

    @property
    def dropped(self) -> list[str]:
        """The numbers of callers whose call ended, waiting or in a talk, while neither they nor an agent hung up."""
        return [number for number, caller in self.callers.items() if self._was_dropped(caller, self.rings[number])]

    @property
    def answered(self) -> list[str]:
        """The numbers of callers for whom an agent has picked up."""
        return [number for number, rings in self.rings.items() if any(ring.answered_at for ring in rings)]

    @staticmethod
    def _was_dropped(caller: Dialog, rings: Sequence[Ring]) -> bool:
        agent_left = any(ring.leaving for ring in rings)
        left_alone = any(
            ring.answered_at and ring.ending and not ring.leaving and not _gave_way(ring, rings) for ring in rings
        )
        return bool((caller.ending and not caller.leaving and not agent_left) or (left_alone and not caller.leaving))

    async def _served(self) -> None:
        """Wait until everybody was served or has left; as long as somebody is, the others may wait."""
        left = len(self.callers)
        while left:

            async def fewer(left: int = left) -> int | None:
                now = sum(caller.ending is None for caller in self.callers.values())
                return now + 1 if now < left or not now else None

            left = await eventually(fewer, f"one of {left} callers was served or has left", 15) - 1

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.add(asyncio.create_task(work))

    async def _arrive(self) -> None:
        random = Random(self._seed)
        for nth in range(1_000_000):
            caller = await self._centre.call(LINES[nth % len(LINES)], hz=None, deaf=True)
            number = self._centre.numbers[caller]
            self.callers[number] = caller
            if random.random() < ABANDON:
                self._spawn(self._leave(caller, random.uniform(*SOON)))
            await asyncio.sleep(random.expovariate(1 / self._gap))  # the pace at which they come

    async def _leave(self, caller: Dialog, after: float) -> None:
        await asyncio.sleep(after)  # a caller's patience
        with suppress(StillUp):
            await caller.hang_up()

    async def _sit(self, phone: Phone) -> None:
        for count in range(len(phone.rings) + 1, 1_000_000):
            ring = await phone.rung(None, count)
            self.rings[ring.number].append(ring)
            self._spawn(self._talk(ring, Random(f"{self._seed} {ring.number} {len(self.rings[ring.number])}")))

    async def _talk(self, ring: Ring, random: Random) -> None:
        with suppress(NotAnswered, StillUp):
            await ring.answered(within=10)
            await asyncio.sleep(random.uniform(*TALK))  # the length of the talk
            await (ring if random.random() < 0.5 else self.callers[ring.number]).hang_up()


def _gave_way(ring: Ring, rings: Sequence[Ring]) -> bool:
    """Whether an emergency took the agent before the whisper was over, and this caller was rung for again."""
    assert ring.answered_at and ring.ended_at
    return ring.ended_at - ring.answered_at < TALK[0] and any(other.started_at >= ring.ended_at for other in rings)
