"""Does every caller reach a person when our service is killed, frozen, stuck, wrong or absent? On a real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

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
    arrival,
    arrive,
    first_of,
    first_rings,
    frozen,
    in_place,
    kill,
    now,
    numbers,
    restart,
    rung_for,
    serve,
    standing,
)

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

DOCTORS_ON_DUTY = ("galina", "ivan", "julia", "kirill", "leila")
"""Who may take emergency callers, and no caller of the direct line."""
DISPATCHERS = ("anna", "boris", "clara", "nina")
"""Who may take callers of the direct line, and no emergency caller."""


def without_whispers(values: dict[str, Any]) -> None:
    """Talks begin at once, so that many fit into a test."""
    always_open(values)
    for line in values["lines"].values():
        line.pop("whisper", None)


CALLERS = 20 if LONG else 6
OUTAGE = 30.0 if LONG else 6.0
"""Seconds; the long one."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveCentre]:
    async with live_centre(tmp_path_factory.mktemp("faults"), change=without_whispers) as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(house: LiveCentre) -> AsyncIterator[LiveCentre]:
    """The centre; whatever a test does to it, no agent is ever rung twice at once."""
    yield house
    assert house.service
    if not house.service.alive():
        await restart(house)
    phones = list(house.phones.values())
    await house.clear()
    assert not [phone.name for phone in phones if phone.doubled], "rung twice at once"


async def test_callers_of_a_killed_service_reach_the_fallback(centre: LiveCentre, measured: Measured) -> None:
    """20 callers wait since everybody talks: 5 doctors, 4 dispatchers. At the kill all nine end their talks."""
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
    for caller in others:
        await caller.ended(40)
    for desk in desks:
        desk.cancel()
    served = first_rings(dispatchers, killed)
    assert sorted(served) == sorted(numbers(centre, others))
    assert all(caller.ending is None for caller in urgent)
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
        gone = await restart(centre) - began
    await busy.hang_up()
    served = await serve(anna, CALLERS, 5)
    in_turn = in_place(served, numbers(centre, callers))
    measured(f"service {how}, {gone:.1f} s: answered in order", f"{in_turn} of {CALLERS}", "all")
    assert in_turn == CALLERS


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
