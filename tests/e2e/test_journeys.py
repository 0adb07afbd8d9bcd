"""What happens to a caller, from the first ring to the recording? On a real Asterisk, by what was heard and stored."""

from __future__ import annotations

import asyncio
import re

import pytest

from synthetic.phone import Answer, Refusal
from synthetic.tones import Tone, strength
from tests.e2e.centre import (
    AGENT_HZ,
    BAKU,
    CALLER_HZ,
    DIRECT,
    DOCTORS,
    EMERGENCY,
    HOTLINE,
    KAZAN,
    LiveCentre,
    agent,
    always_open,
    prompt,
    waiting,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHANGE = always_open


async def test_a_hotline_caller_chooses_in_the_menu_and_reaches_an_agent_with_the_skill(centre: LiveCentre) -> None:
    galina = await centre.seat("galina")  # approvals, no claims
    julia = await centre.seat("julia")  # claims, in English too
    caller = await centre.call(HOTLINE)
    await caller.answered()
    await caller.hears(prompt("ru", "choose-language"), within=20)
    await caller.press("2")
    await caller.hears(prompt("en", "menu-hotline"), within=30)
    await caller.press("4")
    ring = await julia.rung()
    assert ring.shown == "Hotline en Reimbursement"
    await ring.hears(prompt("ru", "lang-en"), within=8)
    await caller.hears(Tone(AGENT_HZ), within=8)
    await ring.hears(Tone(CALLER_HZ))
    [wait] = await centre.of(caller, "select * from waits where call_id = ? and result = 'answered'")
    assert wait["queue"] == "claims" and wait["agent_id"] == "julia"
    assert not galina.rings


async def test_an_emergency_caller_is_answered_while_two_others_wait_longer(centre: LiveCentre) -> None:
    others = [await centre.call(DIRECT), await centre.call(DIRECT)]
    await centre.until(lambda live: waiting(live, "direct") == 2, "two callers wait")
    emergency = await centre.call(EMERGENCY)
    await centre.until(lambda live: waiting(live, "emergency") == 1, "the emergency caller waits")
    elena = await centre.seat("elena")  # a nurse, who may take both
    await emergency.hears(Tone(AGENT_HZ), within=8)
    assert len(elena.rings) == 1
    assert all(strength(other.heard(), AGENT_HZ) < 0.05 for other in others)


async def test_a_clinic_doctor_is_known_by_number_and_pin(centre: LiveCentre) -> None:
    galina = await centre.seat("galina")
    caller = await centre.call(DOCTORS)
    await caller.answered()
    await caller.hears(prompt("ru", "enter-clinic"), within=20)
    await caller.press("1017#")
    await caller.hears(prompt("ru", "enter-pin"), within=20)
    await caller.press("2468#")
    await galina.rung(within=10)
    await caller.hears(Tone(AGENT_HZ), within=8)
    assert await centre.of(
        caller, "select * from waits where call_id = ? and agent_id = 'galina' and queue = 'doctors'"
    )
    events = str(await centre.of(caller, "select payload from events where call_id = ?"))
    assert "clinic:riverside" in events and not re.search(r"(?<!\d)(1017|2468)(?!\d)", events)


async def test_a_regional_caller_reaches_the_coordinator_of_the_region(centre: LiveCentre) -> None:
    farid = await centre.seat("farid")  # knows Baku
    leila = await centre.seat("leila")  # knows Kazan
    caller = await centre.call(KAZAN)
    await caller.hears(prompt("ru", "menu-region"), within=20)
    await caller.press("1")
    await leila.rung(within=10)
    await caller.hears(Tone(AGENT_HZ), within=8)
    assert not farid.rings
    assert await centre.of(caller, "select * from waits where call_id = ? and queue = 'kazan' and agent_id = 'leila'")


async def test_a_caller_of_baku_is_spoken_to_in_azerbaijani_first(centre: LiveCentre) -> None:
    farid = await centre.seat("farid")
    caller = await centre.call(BAKU)
    for words, key in (("greeting-region", ""), ("choose-language-az", "1"), ("menu-region", "1")):
        await caller.hears(prompt("az", words), within=20)
        if key:
            await caller.press(key)
    ring = await farid.rung(within=10)
    await ring.hears(prompt("ru", "lang-az"), within=8)
    assert await centre.of(caller, "select * from calls where call_id = ? and lang = 'az'")


async def test_an_agent_who_does_not_answer_loses_the_call_to_the_next_and_the_place_is_kept(
    centre: LiveCentre,
) -> None:
    anna = await centre.seat("anna", Refusal.BUSY)
    first = await centre.call(DIRECT)
    await anna.rung()
    second = await centre.call(DIRECT)
    await centre.until(lambda live: waiting(live, "direct") == 2, "both wait")
    boris = await centre.seat("boris")
    ring = await boris.rung()
    await first.hears(Tone(AGENT_HZ), within=8)
    assert strength(second.heard(), AGENT_HZ) < 0.05
    moments = await centre.of(
        first,
        "select json_extract(payload, '$.queued_at') as moment from events where type = 'CallerQueued' and call_id = ?",
    )
    assert len(moments) > 1 and len({row["moment"] for row in moments}) == 1, "the place is kept from ring to ring"
    await ring.hang_up()


async def test_a_caller_who_hangs_up_in_the_menu_is_stored_as_that(centre: LiveCentre) -> None:
    caller = await centre.call(HOTLINE)
    await caller.hears(prompt("ru", "greeting-hotline"), within=20)
    await caller.hang_up()
    [call] = await centre.of(caller, "select * from calls where call_id = ? and ended_state = 'menu'")
    assert call["ended_by"] == "caller" and call["outcome"] == "ended_in_menu"


async def test_a_caller_who_hangs_up_while_waiting_is_an_abandoned_wait(centre: LiveCentre) -> None:
    caller = await centre.call(DIRECT)
    await centre.until(lambda live: waiting(live, "direct") == 1, "the caller waits")
    await caller.hang_up()
    [wait] = await centre.of(caller, "select * from waits where call_id = ? and result = 'abandoned'")
    assert wait["agent_id"] is None and wait["wait_seconds"] < 5


async def test_a_caller_who_hangs_up_while_a_phone_rings_stops_it_and_frees_the_agent(centre: LiveCentre) -> None:
    anna = await centre.seat("anna", Refusal.NEVER)
    caller = await centre.call(DIRECT)
    ring = await anna.rung()
    await caller.hang_up()
    assert (await ring.ended()).status == 487
    await centre.until(
        lambda live: agent(live, "anna")["state"] == "ready",
        "anna is free again",
    )
    assert await centre.of(
        caller, "select * from calls where call_id = ? and ended_state = 'ringing' and ended_by = 'caller'"
    )


async def test_a_caller_who_hangs_up_while_the_agent_hears_the_whisper_was_not_answered(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")
    caller = await centre.call(DIRECT)
    ring = await anna.rung()
    await ring.answered()
    await caller.hang_up()
    await ring.ended()
    [call] = await centre.of(caller, "select * from calls where call_id = ? and ended_at is not null")
    assert call["ended_state"] == "ringing" and call["answered_at"] is None
    await centre.until(lambda live: agent(live, "anna")["state"] == "ready", "anna is free again")


async def test_an_agent_who_hangs_up_ends_the_call_and_is_free(centre: LiveCentre) -> None:
    nina = await centre.seat("nina")
    caller = await centre.call(DIRECT)
    ring = await nina.rung()
    await caller.hears(Tone(AGENT_HZ), within=8)
    await ring.hang_up()
    assert (await caller.ended()).by == "them"
    [call] = await centre.of(caller, "select * from calls where call_id = ? and ended_by = 'agent'")
    assert call["outcome"] == "answered"


async def test_with_nobody_logged_in_a_caller_is_offered_the_last_resort_and_is_never_dropped(
    centre: LiveCentre,
) -> None:
    mobile = centre.street.phone("+447700900900", behaviour=Answer(), voice=None)
    caller = await centre.call(EMERGENCY)
    ring = await mobile.rung(within=10)
    await ring.hears(prompt("ru", "press-one-to-accept"), within=10)
    await ring.press("1")
    ring.say(None)
    await ring.hears(Tone(CALLER_HZ), within=5)
    assert caller.ending is None
    [wait] = await centre.of(caller, "select * from waits where call_id = ? and result = 'answered'")
    assert wait["agent_id"] == "last_resort_emergency"


async def test_a_recording_holds_the_caller_left_and_the_agent_right(centre: LiveCentre) -> None:
    import soundfile

    anna = await centre.seat("anna")
    caller = await centre.call(DIRECT)
    ring = await anna.rung()
    await caller.hears(Tone(AGENT_HZ), within=8)
    await asyncio.sleep(2)  # the length of the talk
    await ring.hang_up()
    [recording] = await centre.of(caller, "select * from recordings where call_id = ?", within=15)
    sound, rate = soundfile.read(recording["path"], dtype="int16")
    assert rate == 8000 and sound.shape[1] == 2
    left, right = sound[8000:16000, 0], sound[8000:16000, 1]
    assert strength(left, CALLER_HZ) > 0.9 and strength(left, AGENT_HZ) < 0.05
    assert strength(right, AGENT_HZ) > 0.9 and strength(right, CALLER_HZ) < 0.05
