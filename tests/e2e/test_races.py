"""Two agents are freed at the same moment and one caller waits: does exactly one of them get the call, and one ring?"""

from __future__ import annotations

import asyncio

import pytest

from synthetic.dialog import Dialog
from synthetic.phone import Answer, Phone, Refusal
from tests.e2e.centre import DIRECT, LONG, LiveCentre, agent, eventually, waiting
from tests.e2e.test_transfers import without_whisper

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHANGE = without_whisper

RACES = 200 if LONG else 20
RUNG = "select call_id from events where type = 'AgentRinging' and seq > ?"


async def test_agents_whose_callers_give_up_at_the_same_moment(centre: LiveCentre) -> None:
    phones = {name: await centre.seat(name, Refusal.NEVER) for name in ("anna", "boris")}
    before = seen_so_far(centre)
    callers = [await called(centre, phones), await called(centre, phones)]
    for _ in range(RACES):
        rung = rings_of(phones)
        waits = await centre.call(DIRECT, deaf=True)
        await centre.until(lambda live: waiting(live, "direct") == 3, "one waits while both phones ring")
        await asyncio.gather(*(caller.hang_up() for caller in callers))
        await rung_until(phones, rung + 1)
        callers = [waits, await called(centre, phones)]
    await one_ring_for_each(centre, phones, 2 + 2 * RACES, before)


async def test_agents_who_end_their_talks_at_the_same_moment(centre: LiveCentre) -> None:
    phones = {name: await centre.seat(name, Answer()) for name in ("anna", "boris")}
    before = seen_so_far(centre)
    await called(centre, phones)
    for _ in range(RACES):
        await called(centre, phones)
        await centre.until(both_talk, "both talk")
        rung = rings_of(phones)
        await centre.call(DIRECT, deaf=True)
        await centre.until(lambda live: waiting(live, "direct") == 1, "one waits while both talk")
        await asyncio.gather(*(phone.rings[-1].hang_up() for phone in phones.values()))
        await rung_until(phones, rung + 1)
    await one_ring_for_each(centre, phones, 1 + 2 * RACES, before)


def both_talk(live: dict[str, object]) -> bool:
    return all(agent(live, name)["state"] == "talking" for name in ("anna", "boris"))


async def called(centre: LiveCentre, phones: dict[str, Phone]) -> Dialog:
    """Somebody calls, and one of the phones rings."""
    rung = rings_of(phones)
    caller = await centre.call(DIRECT, deaf=True)
    await rung_until(phones, rung + 1)
    return caller


def seen_so_far(centre: LiveCentre) -> int:
    """The number of the last event that is stored."""
    return int(centre.rows("select coalesce(max(seq), 0) as seq from events")[0]["seq"])


async def one_ring_for_each(centre: LiveCentre, phones: dict[str, Phone], callers: int, before: int) -> None:
    """Every caller was rung for once, by one phone, and no phone rang for two at a time."""
    assert rings_of(phones) == callers
    assert not any(phone.doubled for phone in phones.values())
    told = await centre.stored(RUNG, before, count=callers)
    assert len(told) == len({row["call_id"] for row in told}) == callers


def rings_of(phones: dict[str, Phone]) -> int:
    """How often the phones have been rung in all."""
    return sum(len(phone.rings) for phone in phones.values())


async def rung_until(phones: dict[str, Phone], count: int) -> None:
    """Wait until the phones have been rung so many times in all."""

    async def look() -> bool | None:
        return rings_of(phones) >= count or None

    await eventually(look, f"{count} rings")
