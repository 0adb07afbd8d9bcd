"""What does an ordinary day sound like? Callers arrive, choose, wait or give up; agents answer, talk and hang up.

Everything random comes from one seeded `random.Random`, so that a crowd can be repeated; times are seconds.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import structlog

from synthetic.dialog import Dialog
from synthetic.errors import StillUp, SyntheticError
from synthetic.phone import Answer, Phone, Ring
from synthetic.telephones import Telephones
from synthetic.tones import dominant, strength, tone

log = structlog.get_logger()

READY_CODE = "*1"
ACCEPT_KEY = "1"
"""What a phone outside presses to take the call, so that no mailbox takes it."""
HOUR = 3600.0


@dataclass(frozen=True)
class Journey:
    """What one kind of caller does: dials `number`, then presses each of `keys` after listening for `pause` seconds."""

    number: str
    keys: tuple[str, ...] = ()
    weight: float = 1.0
    pause: float = 4.0


@dataclass(frozen=True)
class Habits:
    """How people behave, as means of exponential times, in seconds."""

    patience: float = 120.0
    talk: float = 40.0
    pick_up: float = 4.0


SAMPLE_JOURNEYS = (
    Journey("1542", ("1", "1"), 5),
    Journey("1542", ("1", "2"), 4),
    Journey("1542", ("2", "3"), 2),
    Journey("1542", ("1", "4"), 3),
    Journey("1542", ("0",), 2),
    Journey("112", (), 1),
    Journey("+442079460200", ("1017#", "2468#"), 2),
    Journey("+442079460310", ("1",), 1),
    Journey("+442079460320", ("1", "1"), 1),
    Journey("+447700900100", (), 1),
)
"""Callers of the sample configuration (config/sample/assistline.yaml), its demonstration clinic and PIN included."""


class Crowd:
    """Callers of `street` arrive by Poisson; the agents of `phones` log in and take calls, until `run` is cancelled."""

    def __init__(
        self,
        street: Telephones,
        phones: Sequence[Phone],
        *,
        seed: int,
        calls_per_minute: float,
        journeys: Sequence[Journey] = SAMPLE_JOURNEYS,
        habits: Habits | None = None,
    ) -> None:
        self._street, self._phones, self._journeys = street, phones, journeys
        self._random, self._rate, self._habits = Random(seed), calls_per_minute / 60, habits or Habits()

    async def run(self) -> None:
        """Live until cancelled; one person's mishap is logged and touches nobody else."""
        async with asyncio.TaskGroup() as people:
            for phone in self._phones:
                people.create_task(self._unharmed(self._work(phone), phone.name))
            while True:
                await asyncio.sleep(self._random.expovariate(self._rate))
                people.create_task(self._unharmed(self._call(), "caller"))

    async def _unharmed(self, life: Coroutine[Any, Any, None], who: str) -> None:
        try:
            await life
        except SyntheticError as mishap:
            log.info("a synthetic person failed", action="crowd.mishap", who=who, error=type(mishap).__name__)

    async def _work(self, phone: Phone) -> None:
        """Log in, declare ready, take calls and end each talk after a while. Without a password: no login, no code."""
        phone.voice = tone(300 + 10 * self._random.randrange(60), 1)
        if phone.password:
            await phone.register()
            code = await phone.dial(READY_CODE)
            await code.ended(within=20)
        async with asyncio.TaskGroup() as talks:
            for count in itertools.count(1):
                phone.behaviour = Answer(min(15.0, self._random.expovariate(1 / self._habits.pick_up)))
                ring = await phone.rung(within=None, count=count)
                talks.create_task(self._unharmed(self._talk(ring, outside=not phone.password), phone.name))

    async def _talk(self, ring: Ring, outside: bool) -> None:
        await ring.answered(within=60)
        if outside:
            await asyncio.sleep(self._habits.pick_up)
            await ring.press(ACCEPT_KEY)
        try:
            await ring.ended(within=self._random.expovariate(1 / self._habits.talk))
        except StillUp:
            await ring.hang_up()

    async def _call(self) -> None:
        """Choose a line, go through its menu, wait as long as patience lasts, and talk until the agent ends it."""
        journey = self._random.choices(self._journeys, [each.weight for each in self._journeys])[0]
        number = f"+4420794622{self._random.randrange(100):02d}"
        voice = tone(1000 + 10 * self._random.randrange(60), 1)
        caller = await self._street.call(journey.number, number, voice=voice)
        patience = self._random.expovariate(1 / self._habits.patience)
        await caller.answered(within=10)
        for keys in journey.keys:
            await asyncio.sleep(journey.pause)
            await caller.press(keys)
        try:
            await caller.ended(within=patience)
        except StillUp:
            await (caller.ended(within=HOUR) if self._hears_an_agent(caller) else caller.hang_up())

    def _hears_an_agent(self, caller: Dialog) -> bool:
        """Agents here speak in pure tones; hold music and prompts are none."""
        last = caller.heard(asyncio.get_running_loop().time() - 1.0)
        loudest = dominant(last)
        return loudest is not None and strength(last, loudest) > 0.5
