"""Can an agent hand a caller on, to a colleague or a queue, and is everybody heard and recorded after it?

Just past 300 lines, since every kind of transfer is put to one running centre.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest

from synthetic.alaw import FRAME, RATE, Pcm
from synthetic.dialog import Dialog
from synthetic.phone import Phone, Refusal, Ring
from synthetic.tones import Tone, strength, tone
from tests.e2e.centre import (
    AGENT_HZ,
    CALLER_HZ,
    DIRECT,
    EMERGENCY,
    LONG,
    LiveCentre,
    agent,
    always_open,
    eventually,
    waiting,
)
from tests.e2e.outages import kill, restart

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCTORS_QUEUE, GALINA, IVAN, NOBODY = "802", "107", "108", "999"
"""Internal numbers of the sample."""
SECOND_HZ, THIRD_HZ, FOURTH_HZ, TICK_HZ = 1500.0, 2000.0, 2500.0, 3200.0


def without_whisper(values: dict[str, Any]) -> None:
    """Who answers hears the language only, so that talks begin sooner."""
    always_open(values)
    values["lines"]["direct"].pop("whisper")


CHANGE = without_whisper


async def talking(centre: LiveCentre, phone: Phone) -> tuple[Dialog, Ring]:
    """A caller on the direct line talks with the only agent who is ready."""
    caller = await centre.call(DIRECT)
    ring = await phone.rung()
    await ring.hears(Tone(CALLER_HZ), within=8)
    return caller, ring


async def hear_each_other(caller: Dialog, ring: Dialog, hz: float) -> None:
    await ring.hears(Tone(CALLER_HZ), within=8)
    await caller.hears(Tone(hz), within=8)


def talks_with(call_id: str, who: str, *free: str) -> Callable[[dict[str, Any]], bool]:
    """The live view tells that this agent has the call and the others are ready."""

    def true(live: dict[str, Any]) -> bool:
        [call] = [call for call in live["calls"] if call["call_id"] == call_id]
        talks = (call["state"], call["agent_id"], agent(live, who)["call_id"]) == ("talk", who, call_id)
        return talks and all(agent(live, other)["state"] == "ready" for other in free)

    return true


async def test_an_escalation_queues_the_caller_again_with_all_that_is_known(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    galina = await centre.seat("galina", hz=SECOND_HZ)
    caller, ring = await talking(centre, anna)
    assert await ring.transfer(DOCTORS_QUEUE) == 200
    second = await galina.rung()
    assert second.shown == "Direct mobile ru Clinic doctors" and second.number == centre.numbers[caller]
    await hear_each_other(caller, second, SECOND_HZ)
    await centre.until(talks_with(await centre.call_id(caller), "galina", "anna"), "galina talks and anna is free")
    queued = await centre.of(
        caller,
        "select json_extract(payload, '$.queue') as queue, json_extract(payload, '$.queued_at') as place,"
        " json_extract(payload, '$.lang') as lang from events where type = 'CallerQueued' and call_id = ?",
    )
    assert [row["queue"] for row in queued] == ["direct", "doctors"]
    assert len({(row["place"], row["lang"]) for row in queued}) == 1
    answered = "select queue, agent_id from waits where call_id = ? and result = 'answered' order by nth"
    waits = await centre.stored(answered, await centre.call_id(caller), count=2)
    assert [tuple(wait.values()) for wait in waits] == [("direct", "anna"), ("doctors", "galina")]


async def test_a_caller_sent_to_a_colleague_who_does_not_answer_is_queued_again(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    galina = await centre.seat("galina", Refusal.BUSY, ready=False)
    caller, ring = await talking(centre, anna)
    nina = await centre.seat("nina", hz=SECOND_HZ)
    await centre.duty("anna", "off")
    assert await ring.transfer(GALINA) == 200
    await galina.rung()
    await hear_each_other(caller, await nina.rung(), SECOND_HZ)
    assert caller.ending is None and len(galina.rings) == 1
    await centre.until(talks_with(await centre.call_id(caller), "nina"), "nina talks")


async def test_a_caller_sent_to_a_colleague_who_answers_talks_with_the_colleague(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    galina = await centre.seat("galina", hz=SECOND_HZ, ready=False)
    caller, ring = await talking(centre, anna)
    assert await ring.transfer(GALINA) == 200
    second = await galina.rung()
    await hear_each_other(caller, second, SECOND_HZ)
    await centre.until(talks_with(await centre.call_id(caller), "galina", "anna"), "galina talks and anna is free")
    await second.hang_up()
    assert (await caller.ended()).by == "them"
    [call] = await centre.of(caller, "select outcome, agent_id from calls where call_id = ? and ended_by = 'agent'")
    assert call == {"outcome": "answered", "agent_id": "galina"}


async def test_a_number_that_there_is_not_ends_no_talk(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    caller, ring = await talking(centre, anna)
    assert await ring.transfer(NOBODY) >= 400
    await hear_each_other(caller, ring, AGENT_HZ)


async def test_a_caller_cannot_send_the_agents_phone_anywhere(centre: LiveCentre) -> None:
    nina = await centre.seat("nina")
    caller, ring = await talking(centre, nina)
    assert await caller.transfer(EMERGENCY) == 603
    assert not [name for name in await centre.channels() if "nina" not in name and "trunk" not in name]
    await hear_each_other(caller, ring, AGENT_HZ)
    assert (await centre.live())["calls"][0]["state"] == "talk"


async def test_an_agent_asks_a_colleague_and_joins_the_caller_with_them(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    galina = await centre.seat("galina", hz=SECOND_HZ, ready=False)
    caller, ring = await talking(centre, anna)
    consult = await anna.dial(GALINA)
    second = await galina.rung()
    assert second.shown == "Anna Petrova" and second.number == "101"
    await second.hears(Tone(AGENT_HZ), within=8)
    assert await ring.transfer_to(consult) == 200
    await hear_each_other(caller, second, SECOND_HZ)
    call_id = await centre.call_id(caller)
    await centre.until(talks_with(call_id, "galina", "anna"), "galina talks and anna is free")
    await kill(centre)
    await restart(centre)
    await centre.until(talks_with(call_id, "galina", "anna"), "a new service learns it from Asterisk")
    await second.hang_up()
    [call] = await centre.of(caller, "select agent_id from calls where call_id = ? and ended_by = 'agent'")
    assert call["agent_id"] == "galina"


@pytest.mark.parametrize("dialled", [GALINA, f"*7{GALINA}"])
async def test_an_agent_who_hands_over_while_the_colleague_still_rings_loses_no_caller(
    centre: LiveCentre, dialled: str
) -> None:
    anna = await centre.seat("anna")
    galina = await centre.seat("galina", Refusal.NEVER, ready=False)
    caller, ring = await talking(centre, anna)
    consult = await anna.dial(dialled)
    second = await galina.rung()
    await consult.rings()
    await centre.duty("anna", "off")
    nina = await centre.seat("nina", hz=SECOND_HZ)
    assert await ring.transfer_to(consult) == 200
    second.refuse(Refusal.BUSY)
    await hear_each_other(caller, await nina.rung(), SECOND_HZ)
    await centre.until(talks_with(await centre.call_id(caller), "nina"), "nina talks")


async def test_a_colleague_who_answers_after_the_hand_over_is_known_to_talk(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    galina = await centre.seat("galina", Refusal.NEVER, ready=False, hz=SECOND_HZ)
    caller, ring = await talking(centre, anna)
    call_id = await centre.call_id(caller)
    consult = await anna.dial(GALINA)
    second = await galina.rung()
    await consult.rings()
    assert await ring.transfer_to(consult) == 200
    galina.pick_up(second)
    await hear_each_other(caller, second, SECOND_HZ)
    await centre.until(talks_with(call_id, "galina", "anna"), "galina talks and anna is free")
    await kill(centre)
    await restart(centre)
    await centre.until(talks_with(call_id, "galina", "anna"), "a new service learns it from Asterisk")
    await second.hang_up()
    [call] = await centre.of(caller, "select agent_id from calls where call_id = ? and ended_by = 'agent'")
    assert call["agent_id"] == "galina"


async def test_an_agent_asks_a_queue_and_joins_the_caller_with_who_answers(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    galina = await centre.seat("galina", hz=SECOND_HZ)
    caller, ring = await talking(centre, anna)
    consult = await anna.dial(DOCTORS_QUEUE)
    second = await galina.rung()
    assert second.shown == "Internal ru Clinic doctors" and second.number == "101"
    await second.hears(Tone(AGENT_HZ), within=8)
    assert await ring.transfer_to(consult) == 200
    await hear_each_other(caller, second, SECOND_HZ)
    await centre.until(talks_with(await centre.call_id(caller), "galina", "anna"), "galina talks and anna is free")
    assert len((await centre.live())["calls"]) == 1


async def test_an_agent_who_asks_a_queue_in_vain_leaves_the_place_to_the_caller(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    caller, ring = await talking(centre, anna)
    consult = await anna.dial(DOCTORS_QUEUE)
    await centre.until(lambda live: waiting(live, "doctors") == 1, "anna waits for a doctor")
    assert await ring.transfer_to(consult) == 200
    call_id = await centre.call_id(caller)
    await centre.until(
        lambda live: (
            [(call["call_id"], call["queue"], call["state"]) for call in live["calls"]]
            == [(call_id, "doctors", "waiting")]
        ),
        "the caller waits for a doctor in anna's stead",
    )
    galina = await centre.seat("galina", hz=SECOND_HZ)
    second = await galina.rung()
    assert second.shown == "Direct mobile ru Clinic doctors" and second.number == centre.numbers[caller]
    await hear_each_other(caller, second, SECOND_HZ)
    await centre.until(talks_with(call_id, "galina", "anna"), "galina talks and anna is free")


async def test_an_agent_asks_a_queue_without_having_a_caller(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    galina = await centre.seat("galina", hz=SECOND_HZ)
    consult = await anna.dial(DOCTORS_QUEUE)
    second = await galina.rung()
    await second.hears(Tone(AGENT_HZ), within=8)
    await consult.hears(Tone(SECOND_HZ), within=8)
    await consult.hang_up()
    await centre.until(lambda live: agent(live, "galina")["state"] == "ready", "galina is free")


@pytest.mark.parametrize("dialled", [DOCTORS_QUEUE, GALINA])
async def test_a_transfer_works_with_the_service_away(centre: LiveCentre, dialled: str) -> None:
    anna = await centre.seat("anna")
    galina = await centre.seat("galina", hz=SECOND_HZ)
    await kill(centre)
    try:
        caller, ring = await talking(centre, anna)
        assert await ring.transfer(dialled) == 200
        second = await galina.rung(within=10)
        assert second.number == centre.numbers[caller]
        await hear_each_other(caller, second, SECOND_HZ)
        assert len(anna.rings) == 1
    finally:
        await restart(centre)


@dataclass(frozen=True)
class Leg:
    """One recorded leg: its samples, and when its first one was, in seconds since 1970."""

    sound: Pcm
    began: float

    def tone_share(self, hz: float) -> float:
        """The share of packets (20 ms) that hold this tone, or the tick in its stead."""
        packets = [self.sound[at : at + FRAME] for at in range(0, len(self.sound) - FRAME, FRAME)]
        own = [strength(packet, hz) + strength(packet, TICK_HZ) > 0.5 for packet in packets]
        return sum(own) / len(own)

    def tick_at(self, nth: int) -> float:
        """When the tick of this number is heard."""
        steps = range(0, len(self.sound) - 80, 40)
        ticking = np.array([strength(self.sound[at : at + 80], TICK_HZ) > 0.5 for at in steps])
        starts = np.flatnonzero(ticking & ~np.roll(ticking, 1))
        starts = starts[np.diff(starts, prepend=-1000) > 40]
        return self.began + float(starts[nth]) * 40 / RATE


def open_leg(centre: LiveCentre, call_id: str, party: str) -> BinaryIO:
    """The file of this party's one leg. What was open stays, whoever takes the file away."""
    [path] = (centre.settings.home / "legs").glob(f"{call_id}_{party}_*.sln")
    return path.open("rb")


def read_leg(file: BinaryIO) -> Leg:
    """The leg, once Asterisk has written it to the end."""
    began = float(Path(file.name).stem.rpartition("_")[2])
    return Leg(np.frombuffer(file.read(), dtype="<i2").astype(np.int16), began)


async def tick(*speakers: Dialog) -> None:
    """All say the same at the same moment."""
    await asyncio.gather(*(speaker.play(tone(TICK_HZ, 0.1)) for speaker in speakers))


SEQUENCES = {"both": (30000, 100, 45000, 15000)}
"""First RTP sequence numbers of four agents: a damaged Asterisk drops what seems to lie behind."""
if LONG:
    SEQUENCES |= {"lower": (45000, 30000, 15000, 100), "higher": (100, 15000, 30000, 45000)}


@pytest.mark.parametrize("first", SEQUENCES)
async def test_each_leg_is_recorded_whole_whoever_takes_over(centre: LiveCentre, first: str) -> None:
    voices = {"anna": AGENT_HZ, "galina": SECOND_HZ, "ivan": THIRD_HZ, "kirill": FOURTH_HZ}
    phones = {name: await centre.seat(name, hz=hz, ready=name in ("anna", "kirill")) for name, hz in voices.items()}
    for phone, sequence in zip(phones.values(), SEQUENCES[first], strict=True):
        phone.first_sequence = sequence
    caller, anna = await talking(centre, phones["anna"])
    await asyncio.sleep(1)  # the length of a talk
    await tick(caller, anna)
    assert await anna.transfer(GALINA) == 200
    galina = await phones["galina"].rung()
    await hear_each_other(caller, galina, SECOND_HZ)
    await asyncio.sleep(1)
    await tick(caller, galina)
    consult = await phones["galina"].dial(IVAN)
    ivan = await phones["ivan"].rung()
    await consult.hears(Tone(THIRD_HZ), within=5)
    assert await galina.transfer_to(consult) == 200
    await hear_each_other(caller, ivan, THIRD_HZ)
    await asyncio.sleep(1)
    await tick(caller, ivan)
    assert await ivan.transfer(DOCTORS_QUEUE) == 200
    kirill = await phones["kirill"].rung()
    await hear_each_other(caller, kirill, FOURTH_HZ)
    await asyncio.sleep(1)
    await tick(caller, kirill)
    call_id = await centre.call_id(caller)
    files = {party: open_leg(centre, call_id, party) for party in ("caller", *voices)}
    await caller.hang_up()
    until = time.time()
    await eventually(centre._silent, "every channel is gone")
    legs = {party: read_leg(file) for party, file in files.items()}
    for party in ("caller", "kirill"):
        assert len(legs[party].sound) / RATE == pytest.approx(until - legs[party].began, abs=0.1), party
    assert legs["caller"].tone_share(CALLER_HZ) >= 0.95
    for nth, (party, hz) in enumerate(voices.items()):
        assert legs[party].tone_share(hz) >= 0.95, party
        assert legs[party].tick_at(0) == pytest.approx(legs["caller"].tick_at(nth), abs=0.1), party
