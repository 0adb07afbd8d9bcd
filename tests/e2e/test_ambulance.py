"""Can an agent bring the state's ambulance into the talk, and nobody else, and does it stay with the caller?"""

from __future__ import annotations

from typing import Any

import pytest

from synthetic.phone import Answer, Phone, Refusal
from synthetic.tones import Tone, tone
from tests.e2e.centre import AGENT_HZ, CALLER_HZ, LiveCentre, agent
from tests.e2e.test_duty import dial_code
from tests.e2e.test_third_party import hears_both, told
from tests.e2e.test_transfers import (
    DOCTORS_QUEUE,
    SECOND_HZ,
    hear_each_other,
    open_leg,
    read_leg,
    talking,
    talks_with,
    without_whisper,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

AMBULANCE, CODE = "103", "*70"
AMBULANCE_HZ = 2500.0


def with_ambulance(values: dict[str, Any]) -> None:
    without_whisper(values)
    values["lines"]["direct"]["ambulance"] = AMBULANCE


CHANGE = with_ambulance


def ambulance(centre: LiveCentre, behaviour: Answer | Refusal | None = None) -> Phone:
    """The far end of the trunk: whoever answers there when the house dials the ambulance's number."""
    return centre.street.phone(AMBULANCE, behaviour=behaviour or Answer(), voice=tone(AMBULANCE_HZ, 1.0))


async def test_caller_agent_and_ambulance_hear_each_other_and_two_talk_on_when_the_agent_leaves(
    centre: LiveCentre,
) -> None:
    anna = await centre.seat("anna")
    help_ = ambulance(centre)
    caller, ring = await talking(centre, anna)
    call_id = await centre.call_id(caller)
    own = await anna.dial(CODE)
    doctor = await help_.rung()
    await own.ended()
    await hears_both(doctor, CALLER_HZ, AGENT_HZ)
    await hears_both(caller, AGENT_HZ, AMBULANCE_HZ)
    await hears_both(ring, CALLER_HZ, AMBULANCE_HZ)
    file = open_leg(centre, call_id, "ambulance")
    await ring.hang_up()
    await doctor.hears(Tone(CALLER_HZ), within=8)
    await caller.hears(Tone(AMBULANCE_HZ), within=8)
    live = await centre.until(lambda live: agent(live, "anna")["state"] == "ready", "anna is free")
    assert [(call["state"], call["agent_id"]) for call in live["calls"]] == [("talk", None)]
    assert caller.ending is None and doctor.ending is None
    await doctor.hang_up()
    assert (await caller.ended()).by == "them"
    await told(centre, caller, "ThirdPartyJoined", "ThirdPartyLeft")
    [audit] = await centre.stored("select agent_id from events where type = 'AmbulanceCalled' and call_id = ?", call_id)
    assert audit["agent_id"] == "anna"
    [call] = await centre.of(caller, "select outcome from calls where call_id = ? and ended_at is not null")
    assert call["outcome"] == "answered"
    assert read_leg(file).tone_share(AMBULANCE_HZ) > 0.95


async def test_a_caller_who_puts_down_lets_the_ambulance_go(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    help_ = ambulance(centre)
    caller, ring = await talking(centre, anna)
    await anna.dial(CODE)
    doctor = await help_.rung()
    await hears_both(doctor, CALLER_HZ, AGENT_HZ)
    await caller.hang_up()
    assert (await doctor.ended()).by == "them" and (await ring.ended()).by == "them"


async def test_an_ambulance_that_leaves_first_leaves_a_talk_of_two(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    help_ = ambulance(centre)
    caller, ring = await talking(centre, anna)
    await anna.dial(CODE)
    doctor = await help_.rung()
    await hears_both(doctor, CALLER_HZ, AGENT_HZ)
    await doctor.hang_up()
    await hear_each_other(caller, ring, AGENT_HZ)
    await told(centre, caller, "ThirdPartyJoined", "ThirdPartyLeft")
    await ring.hang_up()
    assert (await caller.ended()).by == "them"


async def test_an_ambulance_that_is_engaged_leaves_the_talk_alone(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    help_ = ambulance(centre, Refusal.BUSY)
    caller, ring = await talking(centre, anna)
    own = await anna.dial(CODE)
    assert (await own.ended()).status == 486
    assert len(help_.rings) == 1
    await told(centre, caller, "ThirdPartyNotReached")
    await hear_each_other(caller, ring, AGENT_HZ)


@pytest.mark.parametrize("first", [(45000, 100), (100, 45000)], ids=["lower", "higher"])
async def test_the_ambulance_stays_with_a_caller_who_is_sent_on(centre: LiveCentre, first: tuple[int, int]) -> None:
    """A damaged Asterisk drops what seems to lie behind: the next agent's packets are numbered lower, and higher."""
    anna = await centre.seat("anna")
    galina = await centre.seat("galina", hz=SECOND_HZ)
    anna.first_sequence, galina.first_sequence = first
    help_ = ambulance(centre)
    caller, ring = await talking(centre, anna)
    await anna.dial(CODE)
    doctor = await help_.rung()
    await hears_both(doctor, CALLER_HZ, AGENT_HZ)
    assert await ring.transfer(DOCTORS_QUEUE) == 200
    second = await galina.rung()
    await hears_both(doctor, CALLER_HZ, SECOND_HZ)
    await hears_both(caller, SECOND_HZ, AMBULANCE_HZ)
    await dial_code(anna, CODE, "agent-code-wrong")
    await second.hang_up()
    await doctor.hears(Tone(CALLER_HZ), within=8)
    await caller.hears(Tone(AMBULANCE_HZ), within=8)
    await caller.hang_up()
    assert (await doctor.ended()).by == "them"


async def test_nobody_can_ring_the_ambulance_who_talks_with_no_caller(centre: LiveCentre) -> None:
    help_ = ambulance(centre)
    anna = await centre.seat("anna")
    galina = await centre.seat("galina", hz=SECOND_HZ, ready=False)
    await dial_code(galina, CODE, "agent-code-wrong")
    caller, ring = await talking(centre, anna)
    await dial_code(galina, CODE, "agent-code-wrong")
    call_id = await centre.call_id(caller)
    assert await ring.transfer(CODE) == 200
    await hear_each_other(caller, await anna.rung(count=2), AGENT_HZ)
    await centre.until(talks_with(call_id, "anna"), "anna talks again")
    await centre.duty("anna", "off")
    assert await anna.rings[-1].transfer(DOCTORS_QUEUE) == 200
    await centre.until(lambda live: live["calls"][0]["state"] == "waiting", "the caller waits for a doctor")
    await dial_code(anna, CODE, "agent-code-wrong")
    assert not help_.rings and not centre.rows(
        "select 1 from events where type = 'AmbulanceCalled' and call_id = ?", call_id
    )
