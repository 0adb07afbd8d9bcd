"""What becomes of callers for whom nobody in the house can be rung, and who rings back those who gave up?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, BinaryIO

import numpy as np
import pytest
import pytest_asyncio

from synthetic.dialog import Dialog
from synthetic.phone import Answer, Phone, Refusal
from synthetic.tones import AnySound, Tone, strength, tone
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
    prompt,
    waiting,
)
from tests.e2e.outages import kill, restart
from tests.e2e.test_duty import assistline, dial_code

pytestmark = pytest.mark.asyncio(loop_scope="module")

MARATS_MOBILE, RESERVE = "+447700900112", "+447700900900"
MOBILE_HZ = 1500.0


def marat_takes_direct_calls(values: dict[str, Any]) -> None:
    """Marat is off site, and rung on his mobile."""
    always_open(values)
    values["queues"]["direct"]["ring_seconds"] = 5
    values["agents"]["marat"]["skills"]["desk:operator"] = 5


CHANGE = marat_takes_direct_calls


@pytest_asyncio.fixture(loop_scope="module")
async def centre(house: LiveCentre) -> AsyncIterator[LiveCentre]:
    yield house
    await house.duty("marat", "off")
    await house.clear()
    for alarm in (await house.live())["alarms"]:
        await assistline(house, "clear", alarm["call_id"])


def mobile(centre: LiveCentre, number: str, behaviour: Answer | Refusal | None = None) -> Phone:
    """A phone outside, which speaks a tone of its own as soon as it has answered."""
    return centre.street.phone(number, behaviour=behaviour or Answer(), voice=tone(MOBILE_HZ, 1.0))


def heard_of(caller: Dialog, hz: float) -> float:
    return strength(caller.heard(), hz)


async def test_an_agent_outside_talks_after_pressing_1_and_the_caller_hears_music_until_then(
    centre: LiveCentre,
) -> None:
    outside = mobile(centre, MARATS_MOBILE)
    await centre.duty("marat", "ready")
    caller = await centre.call(DIRECT)
    ring = await outside.rung()
    await ring.hears(prompt("ru", "press-one-to-accept"), within=10)
    await caller.hears(AnySound())
    assert heard_of(caller, MOBILE_HZ) < 0.05
    await ring.press("1")
    await ring.hears(prompt("ru", "whisper-direct"), within=8)
    await ring.hears(Tone(CALLER_HZ), within=8)
    await caller.hears(Tone(MOBILE_HZ))
    await centre.until(lambda live: agent(live, "marat")["state"] == "talking", "marat talks")
    await ring.hang_up()
    assert (await caller.ended()).by == "them"
    await centre.until(lambda live: agent(live, "marat")["state"] == "ready", "marat is free")


@pytest.mark.parametrize("presses", ["5", ""] if LONG else ["5"], ids=lambda presses: presses or "a mailbox")
async def test_who_answers_outside_and_does_not_press_1_gets_no_caller(centre: LiveCentre, presses: str) -> None:
    outside = mobile(centre, MARATS_MOBILE)
    await centre.duty("marat", "ready")
    caller = await centre.call(DIRECT)
    ring = await outside.rung()
    anna = await centre.seat("anna")
    await ring.hears(prompt("ru", "press-one-to-accept"), within=10)
    if presses:
        await ring.press(presses)
    await anna.rung(within=15)
    await caller.hears(Tone(AGENT_HZ), within=8)
    assert (await ring.ended()).by == "them"
    assert heard_of(caller, MOBILE_HZ) < 0.05 and heard_of(ring, CALLER_HZ) < 0.05
    assert len(outside.rings) == 1


async def test_a_caller_whom_nobody_takes_may_leave_a_message_undisturbed_and_is_rung_back(centre: LiveCentre) -> None:
    mobile(centre, RESERVE, Refusal.BUSY)
    impatient, patient = await centre.call(EMERGENCY), await centre.call(EMERGENCY)
    for caller in (impatient, patient):
        await caller.hears(prompt("ru", "all-agents-busy"), within=10)
        await caller.press("1")
    for caller in (impatient, patient):
        await caller.hears(prompt("ru", "leave-message"), within=8)
    elena = await centre.seat("elena")
    await centre.until(
        lambda live: [call["state"] for call in live["calls"]] == ["voicemail", "voicemail"], "both leave a message"
    )
    call_id = await centre.call_id(impatient)

    async def begun() -> BinaryIO | None:
        return next((path.open("rb") for path in (centre.settings.home / "legs").glob(f"{call_id}_voicemail_*")), None)

    file = await eventually(begun, "the message is being recorded")
    await asyncio.sleep(2)  # what they have to say
    await impatient.hang_up()
    if LONG:
        patient.say(tone(0, 1.0))
        await patient.hears(prompt("ru", "voicemail-thanks"), within=12)
        assert (await patient.ended()).by == "them"
    await patient.hang_up()
    for caller in (impatient, patient):
        [call] = await centre.of(caller, "select outcome from calls where call_id = ? and ended_at is not null")
        assert call["outcome"] == "voicemail"
        assert await centre.of(caller, "select 1 from events where call_id = ? and type = 'VoicemailLeft'")
    message = np.frombuffer(file.read(), dtype="<i2").astype(np.int16)
    assert len(message) > 8000 and strength(message[4000:-4000], CALLER_HZ) > 0.9
    assert not elena.rings
    await alarms(centre, await centre.call_id(impatient), await centre.call_id(patient))


async def test_who_presses_0_at_a_message_goes_back_to_asterisks_own_queue_if_they_came_from_there(
    centre: LiveCentre,
) -> None:
    mobile(centre, RESERVE, Refusal.BUSY)
    await kill(centre)
    caller = await centre.call(EMERGENCY)
    await caller.hears(prompt("ru", "all-agents-busy"), within=20)
    await caller.press("1")
    await caller.hears(prompt("ru", "leave-message"), within=8)
    await caller.press("0")
    await caller.hears(prompt("ru", "all-agents-busy"), within=20, since=asyncio.get_running_loop().time())
    await restart(centre)
    await centre.until(lambda live: [one["state"] for one in live["calls"]] == ["fallback"], "Asterisk has the caller")
    await centre.seat("elena")
    await caller.hears(Tone(AGENT_HZ), within=20)


async def test_a_caller_who_stays_goes_round_again_until_an_agent_takes_him_out_of_the_last_resort(
    centre: LiveCentre,
) -> None:
    reserve = mobile(centre, RESERVE, Refusal.BUSY)
    caller = await centre.call(EMERGENCY)
    await reserve.rung(within=8)
    reserve.behaviour = Refusal.NEVER
    await caller.hears(prompt("ru", "all-agents-busy"), within=10)
    ring = await reserve.rung(within=15, count=2)
    live = await centre.live()
    assert waiting(live, "emergency") == 1 and live["calls"][0]["waited_s"] > 5, (
        "it is one wait, however often it goes round"
    )
    elena = await centre.seat("elena")
    await elena.rung()
    await caller.hears(Tone(AGENT_HZ), within=8)
    assert (await ring.ended()).status == 487
    assert await centre.of(caller, "select 1 from waits where call_id = ? and nth = 1 and result = 'answered'")


async def abandon(centre: LiveCentre) -> tuple[str, str]:
    """An emergency caller hangs up while nobody can be rung: the call's id and the caller's number."""
    mobile(centre, RESERVE, Refusal.NEVER)
    caller = await centre.call(EMERGENCY)
    await centre.until(lambda live: waiting(live, "emergency") == 1, "the emergency caller waits")
    call_id = await centre.call_id(caller)
    await caller.hang_up()
    await alarms(centre, call_id)
    return call_id, centre.numbers[caller]


async def alarms(centre: LiveCentre, *call_ids: str) -> None:
    """Wait until these alarms stand, or these among others."""
    await centre.until(
        lambda live: set(call_ids) <= {alarm["call_id"] for alarm in live["alarms"]}, f"the alarms {call_ids}"
    )


async def cleared(centre: LiveCentre, call_id: str) -> dict[str, Any]:
    """Wait until the alarm is gone from view and history; how and by whom."""
    await centre.until(
        lambda live: call_id not in {alarm["call_id"] for alarm in live["alarms"]}, "the alarm is cleared"
    )
    [row] = await centre.stored(
        "select how, agent_id from alarms where call_id = ? and cleared_at is not null"
        " and exists (select 1 from events where events.call_id = alarms.call_id and type = 'AlarmCleared')",
        call_id,
    )
    return row


async def test_an_abandoned_emergency_call_stays_an_alarm_until_someone_has_rung_back(centre: LiveCentre) -> None:
    anna = await centre.seat("anna", ready=False)
    await dial_code(anna, "*9", "nobody-to-ring-back")
    call_id, number = await abandon(centre)
    await kill(centre)
    await restart(centre)
    await alarms(centre, call_id)
    at_home = mobile(centre, number, Refusal.BUSY)
    await (await anna.dial("*9")).ended(within=8)
    assert len(at_home.rings) == 1
    await alarms(centre, call_id)
    at_home.behaviour = Answer()
    back = await anna.dial("*9")
    ring = await at_home.rung(count=2)
    await ring.hears(Tone(AGENT_HZ), within=8)
    await back.hears(Tone(MOBILE_HZ), within=8)
    assert await cleared(centre, call_id) == {"how": "answered", "agent_id": "anna"}
    await back.hang_up()


async def test_two_agents_ring_back_two_callers_and_one_who_gives_up_leaves_the_alarm_to_others(
    centre: LiveCentre,
) -> None:
    (first, first_number), (second, second_number) = await abandon(centre), await abandon(centre)
    anna, nina = await centre.seat("anna", ready=False), await centre.seat("nina", ready=False)
    homes = [mobile(centre, number, Refusal.NEVER) for number in (first_number, second_number)]
    annas = await anna.dial("*9")
    await homes[0].rung()
    ninas = await nina.dial("*9")
    ring = await homes[1].rung()
    assert len(homes[0].rings) == 1
    await annas.hang_up()
    await ninas.hang_up()
    await ring.ended()
    await alarms(centre, first, second)
    for home in homes:
        home.behaviour = Answer()
    for agent_phone, call_id in ((nina, first), (anna, second)):
        back = await agent_phone.dial("*9")
        await back.hears(Tone(MOBILE_HZ), within=8)
        assert (await cleared(centre, call_id))["agent_id"] == agent_phone.name
        await back.hang_up()


async def test_an_alarm_is_cleared_by_hand(centre: LiveCentre) -> None:
    call_id, _ = await abandon(centre)
    assert await assistline(centre, "clear", call_id) == f"{call_id}: cleared\n"
    assert await cleared(centre, call_id) == {"how": "by hand", "agent_id": None}
    assert await assistline(centre, "clear", call_id) == "assistline: no alarm stands for this call\n"
