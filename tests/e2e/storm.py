"""What do agents and a failing service do in a storm, by a seed? Everything at once, and nobody may be lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

from synthetic.errors import NotAnswered, NotHeard
from synthetic.phone import Answer, Phone, Refusal, Ring
from synthetic.tones import Tone
from tests.e2e.centre import CALLER_HZ, LiveCentre
from tests.e2e.outages import frozen, kill, restart

MOODS = (Answer(), Answer(0.1), Answer(0.3), Answer(1.0), Refusal.BUSY, Refusal.DECLINE)


class Desks:
    """Agents who answer early, late or not at all, by their `moods`; `talks` are those in which they heard a caller."""

    def __init__(self, phones: Sequence[Phone], draw: Random) -> None:
        self.phones = phones
        self.talks: list[Ring] = []
        self.moods: Sequence[Answer | Refusal] = MOODS
        self._draw = draw

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._sit(phone)) for phone in self.phones]
        tasks.append(asyncio.create_task(self._change_moods()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(outcome, Exception):
                    raise outcome

    async def _sit(self, phone: Phone) -> None:
        nth = len(phone.rings)
        while True:
            nth += 1
            ring = await phone.rung(None, nth)
            with contextlib.suppress(NotAnswered):
                await ring.answered()
                if not await self._hears_the_caller(ring):
                    continue
                self.talks.append(ring)
                await asyncio.sleep(self._draw.uniform(0, 1))  # the length of the talk
                await ring.hang_up()

    async def _hears_the_caller(self, ring: Ring) -> bool:
        """Not if the ring was given up in the instant in which it was picked up: the caller waits on (dialplan.md)."""
        try:
            await ring.hears(Tone(CALLER_HZ), within=15)
        except NotHeard:
            if ring.ending is None:
                raise
            return False
        return True

    async def _change_moods(self) -> None:
        while True:
            for phone in self.phones:
                phone.behaviour = self._draw.choice(self.moods)
            await asyncio.sleep(1.0)  # the pace at which they change


@asynccontextmanager
async def harmed(centre: LiveCentre, draw: Random) -> AsyncIterator[None]:
    """In here the service is killed, started again, stopped and let go on; at the end it runs."""
    over = asyncio.Event()

    async def harm() -> None:
        while not over.is_set():
            if draw.random() < 0.5:
                async with frozen(centre):
                    await asyncio.sleep(draw.uniform(0.3, 4))  # frozen
            else:
                await kill(centre)
                await asyncio.sleep(draw.choice((0.0, 0.0, 2.0, 4.0)))  # away
                await restart(centre)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), draw.uniform(0.5, 3))  # peace

    task = asyncio.create_task(harm())
    try:
        yield
    finally:
        over.set()
        await task
