"""Where several phones ring together for one caller: does exactly one get the call, and do the others stop at once?

On a real Asterisk; each test has three phones at most and a queue of its own.
"""

from __future__ import annotations

import asyncio
from copy import deepcopy
from typing import Any

import pytest

from synthetic.phone import Answer, Phone, Refusal, Ring
from synthetic.tones import Tone
from tests.e2e.centre import AGENT_HZ, DIRECT, EMERGENCY, LONG, LiveCentre, agent, eventually, waiting
from tests.e2e.outages import kill, restart, told
from tests.e2e.test_routing import DECISIONS
from tests.e2e.test_transfers import without_whisper

pytestmark = pytest.mark.asyncio(loop_scope="module")

MISSED = (
    "select agent_id, json_extract(payload, '$.dial_status') as status from events"
    " where call_id = ? and type = 'AgentNotReached' and status <> 'REFUSED' order by agent_id"
)
WHISPERS = "+442079460799"
RACES = 200 if LONG else 20
AT_ONCE = 0.5
"""Seconds within which a phone stops ringing after another was picked up."""
NAMES = ("anna", "boris", "elena")
FREQUENCIES = (1000.0, 1300.0, 1700.0)


def three_at_once(values: dict[str, Any]) -> None:
    """The direct number rings three phones; whoever answers the other one hears first what it is."""
    without_whisper(values)
    direct = deepcopy(values["lines"]["direct"])
    values["queues"]["direct"] |= {"ring_at_once": 3, "ring_seconds": 5, "misses_before_pause": 2}
    values["lines"]["whispers"] = {**direct, "numbers": [WHISPERS], "whisper": "whisper-direct"}


CHANGE = three_at_once


async def seated(centre: LiveCentre, *, behaviour: Answer | Refusal = Refusal.NEVER) -> list[Phone]:
    """Three phones, each with a voice of its own."""
    return [await centre.seat(name, behaviour, hz=hz) for name, hz in zip(NAMES, FREQUENCIES, strict=True)]


async def all_ring(phones: list[Phone], count: int = 1) -> list[Ring]:
    return [await phone.rung(count=count, within=10) for phone in phones]


async def test_who_picks_up_has_the_caller_and_the_others_stop_at_once_and_are_free(centre: LiveCentre) -> None:
    phones = await seated(centre)
    caller = await centre.call(WHISPERS)
    rings = await all_ring(phones)
    await centre.until(lambda live: states(live) == ["ringing"] * 3, "all three are reserved")
    phones[1].pick_up(rings[1])
    picked_up = asyncio.get_running_loop().time()
    for ring in (rings[0], rings[2]):
        assert (await ring.ended()).status == 487 and ring.ended_at
        assert ring.ended_at - picked_up < AT_ONCE
    await centre.until(lambda live: states(live) == ["ready", "ringing", "ready"], "free, while one hears the whisper")
    await caller.hears(Tone(FREQUENCIES[1]), within=8)
    assert rings[1].ending is None
    await centre.until(lambda live: states(live) == ["ready", "talking", "ready"], "who lost is free")
    second = await centre.call(DIRECT)
    again = [await phones[0].rung(count=2), await phones[2].rung(count=2)]
    phones[2].pick_up(again[1])
    await second.hears(Tone(FREQUENCIES[2]), within=8)
    assert (await again[0].ended()).status == 487
    assert caller.ending is None and len(phones[1].rings) == 1
    told = await centre.of(caller, "select type, agent_id from events where call_id = ? and agent_id is not null")
    assert sorted(row["agent_id"] for row in told if row["type"] == "AgentRinging") == sorted(NAMES)
    assert sorted(row["agent_id"] for row in told if row["type"] == "AnsweredElsewhere") == ["anna", "elena"]
    assert not [row for row in told if row["type"] == "AgentNotReached"]


def states(live: dict[str, Any]) -> list[str]:
    return [agent(live, name)["state"] for name in NAMES]


async def test_two_who_pick_up_at_the_same_instant(centre: LiveCentre) -> None:
    """Exactly one of them talks, every time, and the other's call ends."""
    phones = await seated(centre)
    for turn in range(1, RACES + 1):
        caller = await centre.call(DIRECT, deaf=True)
        rings = await all_ring(phones, turn)
        for phone, ring in zip(phones[:2], rings, strict=False):
            phone.pick_up(ring)
        live = await centre.until(lambda live: sorted(states(live)) == ["ready", "ready", "talking"], "one alone talks")
        talks = states(live).index("talking")
        assert [await ring.ended() for ring in rings if ring is not rings[talks]] and rings[talks].ending is None
        assert len(await centre.of(caller, "select * from events where call_id = ? and type = 'AgentAnswered'")) == 1
        await rings[talks].hang_up()
        await caller.ended()
        await centre.until(lambda live: states(live) == ["ready"] * 3, "all are free again")
    assert not any(phone.doubled for phone in phones)
    assert [len(phone.rings) for phone in phones] == [RACES] * 3


async def test_when_nobody_answers_each_has_missed_and_others_are_rung(centre: LiveCentre) -> None:
    phones = await seated(centre)
    caller = await centre.call(DIRECT)
    await all_ring(phones)
    clara = await centre.seat("clara", Answer())
    await caller.hears(Tone(AGENT_HZ), within=12)
    assert [len(phone.rings) for phone in phones] == [1, 1, 1] and len(clara.rings) == 1
    missed = await centre.of(caller, MISSED)
    assert [tuple(row.values()) for row in missed] == [(name, "NOANSWER") for name in NAMES]


async def test_a_caller_who_hangs_up_leaves_all_phones_free_and_nothing_missed(centre: LiveCentre) -> None:
    phones = await seated(centre)
    caller = await centre.call(DIRECT)
    rings = await all_ring(phones)
    await caller.hang_up()
    assert [(await ring.ended()).status for ring in rings] == [487] * 3
    await centre.until(lambda live: states(live) == ["ready"] * 3, "all are free")
    await centre.of(caller, "select * from events where call_id = ? and type = 'CallEnded'")
    assert not centre.rows(MISSED, await centre.call_id(caller))


async def test_a_phone_that_is_busy_leaves_the_others_ringing(centre: LiveCentre) -> None:
    phones = await seated(centre)
    phones[0].behaviour = Refusal.BUSY
    caller = await centre.call(DIRECT)
    rings = await all_ring(phones)
    assert (await rings[0].ended()).status == 486
    [refused] = await centre.of(caller, "select * from events where call_id = ? and type = 'AgentNotReached'")
    assert (refused["agent_id"], '"BUSY"' in refused["payload"]) == ("anna", True)
    phones[2].pick_up(rings[2])
    await caller.hears(Tone(FREQUENCIES[2]), within=8)
    assert (await rings[1].ended()).status == 487


async def test_a_phone_that_asterisk_knows_to_be_gone_is_told_of_like_the_others(centre: LiveCentre) -> None:
    """It went a moment ago, and the service has not heard of it. Nobody is on duty, so that nobody else rings."""
    anna = await centre.seat("anna", Refusal.BUSY, ready=False)
    caller = await centre.call(DIRECT)
    await centre.until(lambda live: waiting(live, "direct") == 1, "the caller waits")
    [channel] = await centre.channels()
    redirect = {"Action": "Redirect", "Channel": channel, "Context": "al-together", "Exten": "boris.anna-1"}
    await told(centre, {**redirect, "Priority": "1"})
    await anna.rung()
    missed = await centre.stored(MISSED, await centre.call_id(caller), count=2)
    assert [tuple(row.values()) for row in missed] == [("anna", "BUSY"), ("boris", "CHANUNAVAIL")]
    await centre.until(lambda live: waiting(live, "direct") == 1, "the caller waits on")


async def test_an_emergency_takes_one_of_the_phones_and_the_caller_is_rung_for_anew(centre: LiveCentre) -> None:
    """By whoever's phone has stopped by then: Asterisk tells of that a moment after the caller waits again."""
    phones = await seated(centre)
    usual = await centre.call(DIRECT)
    await all_ring(phones)
    phones[2].behaviour = Answer()
    emergency = await centre.call(EMERGENCY)  # only elena is a nurse
    await emergency.hears(Tone(FREQUENCIES[2]), within=8)
    ring = await eventually(lambda: rung_again(phones[:2]), "another rings")
    [phone] = [phone for phone in phones[:2] if phone.rings[-1] is ring]
    phone.pick_up(ring)
    await usual.hears(Tone(FREQUENCIES[phones.index(phone)]), within=8)
    decided = await centre.of(usual, DECISIONS)
    assert [one["reason"] for one in decided] == ["most-endangered"] * 2
    call_id = await centre.call_id(usual)
    assert not centre.rows(MISSED, call_id)


async def rung_again(phones: list[Phone]) -> Ring | None:
    return next((phone.rings[1] for phone in phones if len(phone.rings) > 1), None)


async def test_the_service_comes_back_while_three_phones_ring(centre: LiveCentre) -> None:
    """Its first look at Asterisk shows who rings, so that none of them is rung for the next caller."""
    phones = await seated(centre)
    caller = await centre.call(DIRECT)
    rings = await all_ring(phones)
    await kill(centre)
    await restart(centre)
    await centre.until(lambda live: states(live) == ["ringing"] * 3, "all three are known to ring")
    phones[1].pick_up(rings[1])
    await caller.hears(Tone(FREQUENCIES[1]), within=8)
    await centre.until(lambda live: states(live) == ["ready", "talking", "ready"], "who lost is free")
    assert [len(phone.rings) for phone in phones] == [1, 1, 1]
