"""Does every caller reach a person when our service is killed, frozen, stuck, wrong or absent? On a real Asterisk.

Longer than 300 lines, since every fault is put to one running centre.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import pytest_asyncio

from synthetic.dialog import Dialog
from synthetic.phone import Answer, Refusal
from synthetic.tones import Tone
from tests.e2e.centre import (
    AGENT_HZ,
    DIRECT,
    EMERGENCY,
    HOTLINE,
    LONG,
    LiveCentre,
    always_open,
    eventually,
    live_centre,
    prompt,
    waiting,
)
from tests.e2e.conftest import Measured
from tests.e2e.outages import (
    all_served,
    arrival,
    arrive,
    booted,
    fault,
    first_of,
    first_rings,
    frozen,
    in_place,
    kill,
    now,
    numbers,
    restart,
    rung_for,
    rung_times,
    serve,
    serves,
    silent,
    spooled,
    standing,
)
from tests.e2e.storm import Desks, harmed

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

DOCTORS_ON_DUTY = ("galina", "ivan", "julia", "kirill", "leila")
"""Who may take emergency callers, and no caller of the direct line."""
DISPATCHERS = ("anna", "boris", "clara", "nina")
"""Who may take callers of the direct line, and no emergency caller."""


def brief(values: dict[str, Any]) -> None:
    """Menus and talks begin at once, so that many fit into a test."""
    always_open(values)
    for line in values["lines"].values():
        line.pop("greeting", None)
        line.pop("whisper", None)
    for menu in values["menus"].values():
        menu |= {"tries": 1, "wait_seconds": 2}


CHANGE = brief


CALLERS = 20 if LONG else 4
STORM = 100 if LONG else 12
DIALLED = (DIRECT, DIRECT, EMERGENCY, *([HOTLINE] if LONG else []))
"""In a storm; who is silent in the menu of the hotline comes out of it after half a minute."""
MORE = ["AgentAnswered", "AgentRinging", "TalkEnded", "PhoneInUse", "SnapshotTaken", "Tick"] if LONG else []
"""Handlers that are made to raise, besides the two that matter most."""
FAULTY = "tests.e2e.faulty_service"
OUTAGE = 30.0 if LONG else 5.0
"""Seconds; the long one."""


@pytest_asyncio.fixture(loop_scope="module")
async def centre(house: LiveCentre) -> AsyncIterator[LiveCentre]:
    """The centre; whatever a test does to it, no agent is ever rung twice at once."""
    yield house
    (house.settings.home / "fault").unlink(missing_ok=True)
    if not await serves(house):
        await kill(house)
        await restart(house)
    phones = list(house.phones.values())
    await house.clear()
    assert not [phone.name for phone in phones if phone.doubled], "rung twice at once"


async def test_callers_of_a_killed_service_reach_the_fallback(centre: LiveCentre, measured: Measured) -> None:
    """20 callers wait since everybody talks: 5 doctors, 4 dispatchers. At the kill all nine end their talks."""
    elena = await centre.seat("elena")  # who may take all of them, but has a break
    await centre.duty("elena", "paused", "break")
    doctors = [await centre.seat(name) for name in DOCTORS_ON_DUTY]
    dispatchers = [await centre.seat(name) for name in DISPATCHERS]
    await arrive(centre, EMERGENCY, len(doctors))
    await arrive(centre, DIRECT, len(dispatchers))
    talks = [await phone.rung(10) for phone in doctors + dispatchers]
    urgent = await arrive(centre, EMERGENCY, 5)
    others = await arrive(centre, DIRECT, 15)
    await centre.until(lambda live: waiting(live, "emergency") == 5 and waiting(live, "direct") == 15, "20 wait")
    killed = await kill(centre)
    for ring in talks:
        await ring.hang_up()
    desks = [asyncio.create_task(serve(phone, 15, 60)) for phone in dispatchers]
    for phone in doctors:
        await phone.rung(10, 2)
    delays = first_rings(doctors, killed)
    assert sorted(delays) == sorted(numbers(centre, urgent))
    measured("kill -9, 20 wait: last of 5 emergency rings", f"{max(delays.values()):.2f} s", "5 s")
    measured("kill -9, 20 wait: first of 5 emergency rings", f"{min(delays.values()):.2f} s", "5 s")
    await all_served(others, 40)
    for desk in desks:
        desk.cancel()
    served = first_rings(dispatchers, killed)
    assert sorted(served) == sorted(numbers(centre, others))
    assert all(caller.ending is None for caller in urgent)
    assert not elena.rings
    assert max(delays.values()) <= 5.0


@pytest.mark.parametrize("how", ["stopped", "killed and started again"])
async def test_the_waiting_room_keeps_its_order_over_an_outage_of_two_seconds(
    centre: LiveCentre, measured: Measured, how: str
) -> None:
    """Everybody waits for anna, who talks until the outage is over. A start takes a second or two by itself."""
    anna = await centre.seat("anna")
    await centre.call(DIRECT, deaf=True)
    busy = await anna.rung(10)
    callers = await arrive(centre, DIRECT, CALLERS)
    await centre.until(lambda live: waiting(live, "direct") == CALLERS, "everybody waits")
    if how == "stopped":
        async with frozen(centre) as began:
            await asyncio.sleep(2.0)  # the outage
        gone = now() - began
        live = await centre.live()
        assert [call["state"] for call in live["calls"]].count("waiting") == CALLERS, "nobody left the waiting room"
    else:
        began = await kill(centre)
        await asyncio.sleep(1.0 if LONG else 0.0)  # the outage, but for the start
        gone = await restart(centre) - began
    await busy.hang_up()
    served = await serve(anna, CALLERS, 5)
    in_turn = in_place(served, numbers(centre, callers))
    measured(f"service {how}, {gone:.1f} s: answered in order", f"{in_turn} of {CALLERS}", "all")
    await all_served(callers)
    assert in_turn == CALLERS


async def test_a_caller_who_presses_key_after_key_leaves_a_killed_service_all_the_same(centre: LiveCentre) -> None:
    mobile = centre.street.phone("+447700900903", behaviour=Refusal.BUSY)
    caller = await centre.call(DIRECT, hz=None)
    await centre.until(lambda live: waiting(live, "direct") == 1, "the caller waits")
    await kill(centre)

    async def press_on() -> None:
        while True:
            await caller.press("5")

    pressing = asyncio.create_task(press_on())
    try:
        await mobile.rung(within=8)
    finally:
        pressing.cancel()


async def test_app_queue_keeps_the_order_over_a_long_outage(centre: LiveCentre, measured: Measured) -> None:
    """Everybody waits for anna, who talks until the service is back."""
    anna = await centre.seat("anna")
    await centre.call(DIRECT, deaf=True)
    busy = await anna.rung(10)
    callers = await arrive(centre, DIRECT, CALLERS)
    await centre.until(lambda live: waiting(live, "direct") == CALLERS, "everybody waits")
    began = await kill(centre)

    async def all_stand() -> list[str] | None:
        stand = await standing(centre, "direct")
        return stand if len(stand) == CALLERS else None

    stand = await eventually(all_stand, "everybody stands in app_queue", 10)
    await asyncio.sleep(OUTAGE - (now() - began))  # the outage
    gone = await restart(centre) - began
    assert await standing(centre, "direct") == stand, "nobody moved when the service came back"
    stood = in_place(stand, sorted(stand, key=arrival))
    measured(f"service away for {gone:.1f} s: in place in app_queue", f"{stood} of {CALLERS}", "all")
    await busy.hang_up()
    served = await serve(anna, CALLERS, 10)
    in_turn = in_place(served, numbers(centre, callers))
    measured(f"service away for {gone:.1f} s: answered in order", f"{in_turn} of {CALLERS}", "all")
    await all_served(callers)
    assert stood == in_turn == CALLERS


@pytest.mark.parametrize("before", [0.0, 1.0, 4.0])
async def test_an_emergency_call_rings_within_two_seconds_of_a_frozen_service(
    centre: LiveCentre, measured: Measured, before: float
) -> None:
    """Three doctors are free. What the service believes when it wakes must not touch the talk that has begun."""
    doctors = [await centre.seat(name) for name in DOCTORS_ON_DUTY[:3]]
    async with frozen(centre):
        await asyncio.sleep(before)
        caller = await centre.call(EMERGENCY)
        ring = await first_of(doctors, 5)
        delay = ring.started_at - caller.started_at
        measured(f"SIGSTOP {before:.0f} s before an emergency call: it rings after", f"{delay:.2f} s", "2 s")
        await caller.hears(Tone(AGENT_HZ), within=8)
    await centre.until(lambda live: any(call["state"] == "fallback-talk" for call in live["calls"]), "it is seen")
    await caller.hears(Tone(AGENT_HZ))
    assert ring.ending is None and sum(len(phone.rings) for phone in doctors) == 1
    assert delay <= 2.0


async def test_a_hotline_caller_leaves_the_menu_of_a_frozen_service(centre: LiveCentre, measured: Measured) -> None:
    """One caller presses a key of a menu that nobody answers any more, another comes when nobody opens the menu.

    Asterisk waits for us from the key on, and from the call on. anna, boris and clara are free to take them.
    """
    agents = [await centre.seat(name) for name in DISPATCHERS[:3]]
    listener = await centre.call(HOTLINE)
    await listener.hears(prompt("ru", "choose-language"), within=20)
    async with frozen(centre):
        await listener.press("2")
        pressed = now()
        newcomer = await centre.call(HOTLINE)
        began = {centre.numbers[listener]: pressed, centre.numbers[newcomer]: newcomer.started_at}
        await eventually(lambda: rung_for(agents, began), "both ring", 10)
        delays = {number: delay - pressed for number, delay in first_rings(agents, 0).items()}
    for caller, what in ((listener, "in the menu"), (newcomer, "before the menu")):
        number = centre.numbers[caller]
        delay = pressed + delays[number] - began[number]
        measured(f"SIGSTOP, hotline caller {what}: queued and rung after", f"{delay:.2f} s", "5 s")
        assert delay <= 5.0
        await caller.hears(Tone(AGENT_HZ))


async def test_callers_of_a_stuck_consumer_reach_the_fallback(centre: LiveCentre, measured: Measured) -> None:
    """The handler of a queued caller blocks for ever. Three doctors are free; anna is, when the first caller waits."""
    await kill(centre)
    await restart(centre, FAULTY, "CallerQueued")
    doctors = [await centre.seat(name) for name in DOCTORS_ON_DUTY[:3]]
    anna = await centre.seat("anna")
    await centre.call(DIRECT, deaf=True)
    busy = await anna.rung(10)
    waits = await centre.call(DIRECT)
    await centre.until(lambda live: waiting(live, "direct") == 1, "one waits")
    fault(centre, "block")
    urgent = await centre.call(EMERGENCY)
    ring = await first_of(doctors, 5)
    delay = ring.started_at - urgent.started_at
    measured("handler blocks: the emergency call that meets it rings after", f"{delay:.2f} s", "2 s")
    await busy.hang_up()
    later = (await anna.rung(10, 2)).started_at - urgent.started_at
    measured("handler blocks: the caller who waited already rings after", f"{later:.2f} s", "5 s")
    await urgent.hears(Tone(AGENT_HZ), within=8)
    await waits.hears(Tone(AGENT_HZ), within=8)
    assert delay <= 2.0 and later <= 5.0
    await kill(centre)  # it would not even hear that it shall end


async def test_a_handler_that_raises_once_costs_a_caller_a_second_at_most(
    centre: LiveCentre, measured: Measured
) -> None:
    """One event of a caller is lost; a fresh look at Asterisk finds the caller, and the service rings as ever."""
    await kill(centre)
    await restart(centre, FAULTY, "CallerQueued")
    galina, anna = await centre.seat("galina"), await centre.seat("anna")
    fault(centre, "once")
    caller = await centre.call(DIRECT)
    delay = (await anna.rung(10)).started_at - caller.started_at
    measured("handler raises once: the caller of the direct line rings after", f"{delay:.2f} s", "3 s")
    await caller.hears(Tone(AGENT_HZ), within=8)
    live = await centre.until(lambda live: len(live["calls"]) == 1, "it is known")
    assert live["calls"][0]["state"] == "talk", "the service served this caller, not the fallback"
    fault(centre, "once")
    urgent = await centre.call(EMERGENCY)
    delay_urgent = (await galina.rung(10)).started_at - urgent.started_at
    measured("handler raises once: the emergency caller rings after", f"{delay_urgent:.2f} s", "2 s")
    await urgent.hears(Tone(AGENT_HZ), within=8)
    assert delay <= 3.0 and delay_urgent <= 2.0


@pytest.mark.parametrize("what", ["CallerQueued", "decide", *MORE])
async def test_what_raises_always_drops_nobody(centre: LiveCentre, measured: Measured, what: str) -> None:
    """One waits when it begins, for anna who talks; then come an emergency caller and another for the direct line."""
    await kill(centre)
    await restart(centre, FAULTY, what)
    galina, anna, boris = [await centre.seat(name) for name in ("galina", "anna", "boris")]
    await centre.call(DIRECT, deaf=True)
    busy = await first_of((anna, boris), 10)
    await centre.duty("boris" if busy in anna.rings else "anna", "paused")
    waits = await centre.call(DIRECT)
    await centre.until(lambda live: waiting(live, "direct") == 1, "one waits")
    fault(centre, "always")
    urgent, other = await centre.call(EMERGENCY), await centre.call(DIRECT)
    delay = (await galina.rung(10)).started_at - urgent.started_at
    measured(f"{what} raises always: the emergency caller rings after", f"{delay:.2f} s", "2 s")
    await urgent.hears(Tone(AGENT_HZ), within=8)
    began = now()
    await busy.hang_up()
    agent = anna if busy in anna.rings else boris
    served = await serve(agent, 2, 10)
    measured(f"{what} raises always: both others served within", f"{now() - began:.2f} s", "")
    await all_served([waits, other])
    assert sorted(served) == sorted(numbers(centre, [waits, other]))
    assert urgent.ending is None and delay <= 2.0


async def test_callers_are_answered_recorded_and_remembered_without_any_service(
    tmp_path: Path, measured: Measured
) -> None:
    """A house of its own, in which the service has never run: whoever is registered counts as ready."""
    async with live_centre(tmp_path, change=brief, service=False) as centre:
        await eventually(lambda: booted(centre), "Asterisk takes calls", 20)
        phones = [await centre.seat(name, ready=False) for name in ("galina", "anna", "boris")]
        callers = [await centre.call(number) for number in (EMERGENCY, HOTLINE, DIRECT)]
        for caller, line in zip(callers, ("emergency", "hotline", "direct"), strict=True):
            await caller.hears(Tone(AGENT_HZ), within=10)
            delay = first_rings(phones, caller.started_at)[centre.numbers[caller]]
            measured(f"service never there: a caller of the {line} line rings after", f"{delay:.2f} s", "")
        for phone in phones:
            await phone.rings[0].hang_up()
        await eventually(lambda: spooled(centre, 3), "each call is in the spool", 10)
        await eventually(lambda: silent(centre), "the recording has ended", 5)
        legs = list((tmp_path / "legs").glob("*.sln"))
        assert len(legs) == 6, "the caller's and the agent's voice of each"
        for leg in legs:
            os.utime(leg, (0, 0))  # the service comes much later, when nobody can be writing any more
        await restart(centre)
        answered = "select * from waits join calls using (call_id) where result = 'answered' and outcome = 'answered'"
        rows = await centre.stored(answered, count=3, within=10)
        assert {row["line"] for row in rows} == {"emergency", "hotline", "direct"}
        assert {row["agent_id"] for row in rows} == {"galina", "anna", "boris"}
        recordings = await centre.stored("select * from recordings", count=3, within=20)
        assert {row["call_id"] for row in recordings} == {row["call_id"] for row in rows}
        assert not [phone.name for phone in phones if phone.doubled], "rung twice at once"


async def test_a_storm_loses_nobody_and_rings_nobody_twice_at_once(centre: LiveCentre, measured: Measured) -> None:
    """By a seed: callers of several lines; six agents who answer early, late or not; a service that comes and goes."""
    draw = Random(7)
    desks = Desks([await centre.seat(name) for name in (*DISPATCHERS, "elena", "farid")], draw)
    callers: list[Dialog] = []
    async with desks.at_work():
        async with harmed(centre, draw):
            for _ in range(STORM):
                callers.append(await centre.call(draw.choice(DIALLED), deaf=True))
                await asyncio.sleep(draw.uniform(0.1, 1.0))  # the pace at which they come
        desks.moods = (Answer(),)
        await all_served(callers, 60)
    rings = [ring for phone in desks.phones for ring in phone.rings]
    doubled = sum(len(phone.doubled) for phone in desks.phones)
    broken = [ring for ring in desks.talks if ring.ending is None or ring.ending.by != "us"]
    measured("storm, service killed and frozen: talked to", f"{len(desks.talks)} of {STORM}", "all, once")
    measured("storm, service killed and frozen: rung twice at once", f"{doubled} of {len(rings)} rings", "0")
    assert sorted(ring.number for ring in desks.talks) == sorted(numbers(centre, callers))
    assert not doubled and not broken


@pytest.mark.parametrize("service", ["there", "away"])
async def test_an_agent_who_hangs_up_before_the_talk_costs_the_caller_nothing(centre: LiveCentre, service: str) -> None:
    """elena picks up and is gone while she is told for whom: the caller rings at farid's, or once more at hers."""
    phones = [await centre.seat(name) for name in ("elena", "farid")]
    if service == "away":
        await kill(centre)
    caller = await centre.call(EMERGENCY)
    ring = await first_of(phones, 10)
    await ring.answered()
    await ring.hang_up()
    await eventually(lambda: rung_times(phones, 2), "it rings again", 10)
    await caller.hears(Tone(AGENT_HZ), within=8)
