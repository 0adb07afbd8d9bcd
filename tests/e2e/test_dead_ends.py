"""What does a caller in fear hear and suffer while nobody answers, or when who answered is gone? Silence is a fault."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from synthetic.alaw import RATE
from synthetic.dialog import Dialog
from synthetic.phone import Answer, Refusal
from synthetic.tones import Tone, is_silent
from tests.e2e.centre import AGENT_HZ, EMERGENCY, LiveCentre, always_open, eventually, live_centre, prompt
from tests.e2e.outages import frozen

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOBILE = "+447700900900"
GONE_AFTER = 3
"""Seconds without sound after which Asterisk here takes a phone for gone."""


def soon_given_up(values: dict[str, Any]) -> None:
    """A phone that nobody picks up rings for 5 s, twice at most before the last resort."""
    always_open(values)
    values["queues"]["emergency"]["ring_seconds"] = 5
    values["queues"]["emergency"]["last_resort"]["after_seconds"] = 10


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveCentre]:
    async with live_centre(tmp_path_factory.mktemp("dead-ends"), change=soon_given_up) as centre:
        rendered = centre.settings.home / "asterisk/etc/pjsip.conf"
        rendered.write_text(rendered.read_text().replace("rtp_timeout = 60", f"rtp_timeout = {GONE_AFTER}"))
        await centre.cli("module reload res_pjsip.so")
        yield centre


def longest_silence(caller: Dialog) -> float:
    """Seconds of the longest stretch without a sound in all that was heard."""
    step = RATE // 10
    heard = caller.heard()
    quiet = [is_silent(heard[at : at + step]) for at in range(0, len(heard) - step, step)]
    ends = np.flatnonzero(np.diff([False, *quiet, False]))
    return float(max(ends[1::2] - ends[::2], default=0)) / 10


async def test_an_emergency_caller_hears_at_once_that_it_is_the_right_line(centre: LiveCentre) -> None:
    await centre.seat("elena", Refusal.NEVER)
    caller = await centre.call(EMERGENCY)
    for lang in ("ru", "en"):
        for words in ("connecting-emergency", "ambulance-is", "digit-3"):
            await caller.hears(prompt(lang, words), within=15)
    assert longest_silence(caller) < 1


async def test_without_the_service_too_an_emergency_caller_is_told_the_ambulance_number(centre: LiveCentre) -> None:
    await centre.seat("elena", Refusal.NEVER)
    async with frozen(centre):
        caller = await centre.call(EMERGENCY)

        async def in_app_queue() -> float | None:
            channels = await centre.cli("core show channels concise")
            return asyncio.get_running_loop().time() if "!Queue!" in channels else None

        since = await eventually(in_app_queue, "the caller is in the fallback", 10)
        await caller.hears(prompt("ru", "ambulance-is"), within=15, since=since)


async def test_nobody_answers_an_emergency_call_and_the_mobile_is_rung(centre: LiveCentre) -> None:
    mobile = centre.street.phone(MOBILE, behaviour=Answer(), voice=None)
    elena = await centre.seat("elena", Refusal.NEVER)
    caller = await centre.call(EMERGENCY)
    ring = await mobile.rung(within=30)
    await ring.hears(prompt("ru", "press-one-to-accept"), within=10)
    await ring.press("1")
    await caller.hears(prompt("ru", "connecting-emergency"))
    assert len(elena.rings) == 2


async def test_between_two_rounds_of_the_last_resort_there_is_no_silence(centre: LiveCentre) -> None:
    mobile = centre.street.phone(MOBILE, behaviour=Refusal.BUSY)
    caller = await centre.call(EMERGENCY)
    await mobile.rung(within=30, count=2)
    assert longest_silence(caller) < 1.5


async def test_a_caller_whose_agents_phone_dies_is_answered_by_the_next(centre: LiveCentre) -> None:
    elena = await centre.seat("elena")
    caller = await centre.call(EMERGENCY)
    dying = await elena.rung()
    await caller.hears(Tone(AGENT_HZ), within=8)
    farid = await centre.seat("farid", hz=700.0)
    elena.behaviour = Refusal.NEVER
    dying.say(None)
    await farid.rung(within=GONE_AFTER + 5)
    await caller.hears(Tone(700.0), within=8)
    waits = await centre.stored(
        "select agent_id from waits where call_id = ? and result = 'answered'",
        await centre.call_id(caller),
        count=2,
    )
    assert {wait["agent_id"] for wait in waits} == {"elena", "farid"}
    await asyncio.wait_for(caller.hang_up(), 5)
