"""Does the right person get the call, soon, and never two at once? On a real Asterisk, by what was heard and stored.

Each test has a line and a queue of its own, with rules so short that nobody waits long.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from synthetic.phone import Answer, Refusal
from synthetic.tones import Tone
from tests.e2e.centre import (
    AGENT_HZ,
    DIRECT,
    EMERGENCY,
    LiveCentre,
    agent,
    eventually,
    prompt,
    waiting,
)
from tests.e2e.test_last_resort import MARATS_MOBILE, MOBILE_HZ, mobile
from tests.e2e.test_transfers import SECOND_HZ, without_whisper

pytestmark = pytest.mark.asyncio(loop_scope="module")

RELAXES, PREFERS, PAUSES, RESTS, LONG_WAIT, FULL, NIGHT = (f"+44207946070{number}" for number in range(7))

QUEUES: dict[str, tuple[str, dict[str, Any]]] = {
    "relaxes": (
        RELAXES,
        {"needs": {"desk:operator": 5}, "relaxation": [{"after_seconds": 2, "levels": {"desk:operator": 3}}]},
    ),
    "prefers": (PREFERS, {"needs": {"desk:operator": 5}, "preferred_seconds": 20}),
    "pauses": (PAUSES, {"needs": {"desk:operator": 5}, "ring_seconds": 5, "misses_before_pause": 2}),
    "rests": (RESTS, {"needs": {"desk:operator": 5}, "wrap_up_seconds": 3}),
    "long_wait": (
        LONG_WAIT,
        {
            "needs": {"desk:operator": 9},
            "overflow": [{"when": "long", "after_seconds": 2, "to": "queue", "queue": "direct"}],
        },
    ),
    "full": (
        FULL,
        {"needs": {"desk:operator": 5}, "overflow": [{"when": "full", "limit": 1, "to": "voicemail"}]},
    ),
    "night": (
        NIGHT,
        {
            "needs": {"desk:approvals": 5},
            "reserve_staff": {"wake_at": 2, "stand_down_at": 1, "stand_down_after_seconds": 1},
        },
    ),
}


def short_rules(values: dict[str, Any]) -> None:
    """The sample with these queues besides. Marat is on call, and could not serve an emergency."""
    without_whisper(values)
    values["agents"]["marat"] |= {"on_call": True, "grade": "dispatcher"}
    values["agents"]["nina"]["skills"]["desk:operator"] = 9
    for index, (name, (number, rules)) in enumerate(QUEUES.items()):
        usual = {"label": name, "extension": f"85{index}", "target_seconds": 20, "target_share": 0.8}
        values["queues"][name] = {**usual, **rules}
        line = {"label": name, "kind": "direct", "numbers": [number], "queue": name, "languages": ["ru"]}
        values["lines"][name] = line | ({"coordinator": "boris"} if name == "prefers" else {})


CHANGE = short_rules


DECISIONS = (
    "select at, json_extract(payload, '$.decision') as decision, json_extract(payload, '$.reason') as reason,"
    " agent_id as agent, json_extract(payload, '$.step') as step"
    " from events where type = 'Decided' and call_id = ?"
)


def seconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


async def test_a_caller_whom_nobody_fits_gets_who_nearly_does_when_needs_relax(centre: LiveCentre) -> None:
    elena = await centre.seat("elena")  # operator at level 3
    caller = await centre.call(RELAXES)
    await centre.until(lambda live: waiting(live, "relaxes") == 1, "the caller waits for a level that nobody has")
    assert not elena.rings
    await caller.hears(Tone(AGENT_HZ), within=8)
    [ring] = await centre.of(caller, DECISIONS)
    assert (ring["decision"], ring["agent"], ring["step"]) == ("ring", "elena", 1)
    [queued] = await centre.of(caller, "select at from events where call_id = ? and type = 'CallerQueued'")
    assert 2.0 <= seconds_between(queued["at"], ring["at"]) < 3.0


async def test_the_coordinator_is_tried_first_and_waited_for_while_somebody_else_is_free(centre: LiveCentre) -> None:
    anna = await centre.seat("anna", hz=SECOND_HZ)
    boris = await centre.seat("boris")
    first = await centre.call(PREFERS)
    talk = await boris.rung()
    await first.hears(Tone(AGENT_HZ), within=8)
    second = await centre.call(PREFERS)
    await centre.until(lambda live: waiting(live, "prefers") == 1, "the second caller waits for boris")
    await asyncio.sleep(1)  # two ticks of the engine, in any of which anna could be rung
    assert not anna.rings
    await talk.hang_up()
    await boris.rung(count=2)
    await second.hears(Tone(AGENT_HZ), within=8)
    assert not anna.rings
    for caller in (first, second):
        [ring] = await centre.of(caller, DECISIONS)
        assert (ring["agent"], ring["reason"]) == ("boris", "preferred")


async def test_who_does_not_answer_twice_is_paused_told_of_and_the_caller_goes_on_to_another(
    centre: LiveCentre,
) -> None:
    anna = await centre.seat("anna", Refusal.NEVER)
    caller = await centre.call(PAUSES)
    await anna.rung(count=2, within=14)
    await centre.until(
        lambda live: (agent(live, "anna")["state"], agent(live, "anna")["reason"]) == ("paused", "no-answer"),
        "anna is paused",
        within=8,
    )
    shown = await eventually(lambda: paused_in_app_queue(centre, "anna"), "app_queue has her so")
    assert "no-answer" in shown
    await centre.of(caller, "select * from events where type = 'AgentNotReached' and call_id = ?")
    [told] = await centre.stored("select payload from events where type = 'AgentMissedRings' and agent_id = 'anna'")
    assert '"misses": 2' in told["payload"]
    await centre.seat("boris")
    await caller.hears(Tone(AGENT_HZ), within=8)
    assert len(anna.rings) == 2 and caller.ending is None


async def paused_in_app_queue(centre: LiveCentre, agent_id: str) -> str | None:
    shown = await centre.cli("queue show al-direct")
    return next((line for line in shown.splitlines() if f"Local/{agent_id}@" in line and "paused" in line), None)


async def test_who_has_talked_is_left_alone_until_wrap_up_is_over(centre: LiveCentre) -> None:
    nina = await centre.seat("nina")
    first = await centre.call(RESTS)
    talk = await nina.rung()
    await first.hears(Tone(AGENT_HZ), within=8)
    second = await centre.call(RESTS)
    await centre.until(lambda live: waiting(live, "rests") == 1, "the second caller waits")
    await talk.hang_up()
    await centre.until(lambda live: agent(live, "nina")["state"] == "wrap-up", "nina writes up the call")
    await second.hears(Tone(AGENT_HZ), within=10)
    [rest] = await centre.stored(
        "select * from agent_states where agent_id = 'nina' and state = 'wrap-up' and until > 0"
    )
    assert 3.0 <= seconds_between(rest["since"], rest["until"]) < 4.0
    [ended] = await centre.stored("select at from events where type = 'WrapUpEnded' and agent_id = 'nina'")
    assert ended["at"] == rest["until"]


async def test_a_caller_who_has_waited_long_waits_on_in_another_queue_in_the_old_place(centre: LiveCentre) -> None:
    anna = await centre.seat("anna")  # operator at level 5, and the queue asks for 9
    caller = await centre.call(LONG_WAIT)
    ring = await anna.rung(within=8)
    assert ring.shown == "long_wait ru Direct number"
    await caller.hears(Tone(AGENT_HZ), within=8)
    waits = await centre.of(
        caller, "select queue, result from waits where call_id = ? and ended is not null order by nth"
    )
    assert [tuple(wait.values()) for wait in waits] == [("long_wait", "transferred"), ("direct", "answered")]
    placed = "select distinct json_extract(payload, '$.queued_at') from events where type = 'CallerQueued'"
    moments = await centre.of(caller, f"{placed} and call_id = ?")
    assert len(moments) == 1, "the old place"
    overflow, ring_decided = await centre.of(caller, DECISIONS)
    assert (overflow["decision"], overflow["reason"], ring_decided["agent"]) == ("queue", "waited-long", "anna")


async def test_a_caller_who_finds_the_queue_full_may_leave_a_message_or_wait_on(centre: LiveCentre) -> None:
    first = await centre.call(FULL)
    await centre.until(lambda live: waiting(live, "full") == 1, "one caller waits")
    second, third = await centre.call(FULL), await centre.call(FULL)
    for caller in (second, third):
        await caller.hears(prompt("ru", "all-agents-busy"), within=8)
        [decided] = await centre.of(caller, DECISIONS)
        assert (decided["decision"], decided["reason"]) == ("voicemail", "queue-full")
    await third.press("1")
    await third.hears(prompt("ru", "leave-message"), within=8)
    await centre.until(
        lambda live: sorted(call["state"] for call in live["calls"]) == ["voicemail", "waiting", "waiting"],
        "who pressed nothing waits on",
        within=20,
    )
    assert first.ending is None and second.ending is None


async def test_who_pressed_1_by_mistake_presses_0_and_waits_on_in_the_old_place(centre: LiveCentre) -> None:
    await centre.seat("nina", ready=False)
    await centre.duty("nina", "paused", "lunch")
    first = await centre.call(FULL)
    await centre.until(lambda live: waiting(live, "full") == 1, "one caller waits")
    mistaken = await centre.call(FULL)
    await mistaken.hears(prompt("ru", "all-agents-busy"), within=8)
    await mistaken.press("1")
    await mistaken.hears(prompt("ru", "leave-message"), within=8)
    await mistaken.hears(prompt("ru", "or-zero-to-wait"), within=8)
    call_id = await centre.call_id(mistaken)

    async def message() -> Path | None:
        legs = (centre.settings.home / "legs").glob(f"{call_id}_voicemail_*")
        return next((leg for leg in legs if leg.stat().st_size > 8000), None)

    said = await eventually(message, "what they say is on the disk", 10)
    await mistaken.press("0")
    await centre.until(lambda live: waiting(live, "full") == 2, "both wait")
    assert said.stat().st_size == 0, "what was said is nobody's to hear"
    await centre.duty("nina", "ready")
    await first.hears(Tone(AGENT_HZ), within=8)
    await first.hang_up()
    await mistaken.hears(Tone(AGENT_HZ), within=8)
    placed = "select distinct json_extract(payload, '$.queued_at') from events where type = 'CallerQueued'"
    assert len(await centre.of(mistaken, f"{placed} and call_id = ?")) == 1, "the old place"
    await mistaken.hang_up()
    [call] = await centre.of(mistaken, "select outcome from calls where call_id = ? and ended_at is not null")
    assert call["outcome"] == "answered"
    assert not [one for one in (await centre.live())["callbacks"] if one["callback_id"].startswith(call_id)]


async def test_reserve_staff_is_woken_at_home_accepts_with_1_takes_the_caller_and_is_let_go(centre: LiveCentre) -> None:
    outside = mobile(centre, MARATS_MOBILE)
    caller = await centre.call(NIGHT)
    woken = await outside.rung(within=20)
    await woken.hears(prompt("ru", "wake-reserve"), within=10)
    await woken.press("1")
    await centre.until(lambda live: agent(live, "marat")["reason"] == "woken", "marat is on duty", within=8)
    ring = await outside.rung(count=2, within=8)
    await ring.hears(prompt("ru", "press-one-to-accept"), within=10)
    await ring.press("1")
    await caller.hears(Tone(MOBILE_HZ), within=8)
    await ring.hang_up()
    await centre.until(lambda live: agent(live, "marat")["state"] == "offline", "marat may go", within=10)
    told = await centre.stored("select type from events where type like 'Reserve%' and agent_id = 'marat' order by seq")
    assert [row["type"] for row in told][:2] == ["ReserveWoken", "ReserveAccepted"]
    assert await centre.stored("select * from events where type = 'ReserveStoodDown' and agent_id = 'marat'")


async def test_an_emergency_takes_the_phone_that_rings_for_somebody_else_who_keeps_the_place(
    centre: LiveCentre,
) -> None:
    elena = await centre.seat("elena", Refusal.NEVER)
    usual = await centre.call(DIRECT)
    first = await elena.rung()
    elena.behaviour = Answer()
    emergency = await centre.call(EMERGENCY)
    assert (await first.ended()).status == 487
    second = await elena.rung(count=2)
    assert second.shown.startswith("Emergency line")
    await emergency.hears(Tone(AGENT_HZ), within=8)
    [ring] = await centre.of(emergency, DECISIONS)
    assert (ring["reason"], ring["agent"]) == ("gave-way", "elena")
    await centre.until(lambda live: waiting(live, "direct") == 1, "the other waits on")
    await second.hang_up()
    await usual.hears(Tone(AGENT_HZ), within=8)
    placed = "select distinct json_extract(payload, '$.queued_at') from events where type = 'CallerQueued'"
    assert len(await centre.of(usual, f"{placed} and call_id = ?")) == 1, "the old place"
