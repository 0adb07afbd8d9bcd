"""Where do callers of each line of the sample come, with right keys, wrong ones and none? On a real Asterisk."""

from __future__ import annotations

import asyncio
import re
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from synthetic.tones import Tone
from tests.e2e.centre import (
    AGENT_HZ,
    CALLER_HZ,
    DOCTORS,
    HOTLINE,
    KAZAN,
    LiveCentre,
    always_open,
    prompt,
    waiting,
)
from tests.e2e.walking import walk

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOLL_FREE, LOCAL = "+448081570100", "+442079460100"
EPIDEMIC, EPIDEMIC_OVER, EPIDEMIC_TO_COME = "+442079460150", "+442079460151", "+442079460152"
KAZAN_CLOSED, DOCTORS_CLOSED = "+442079460311", "+442079460201"
DAY = timedelta(days=1)


def seasons(values: dict[str, Any]) -> None:
    """The epidemic's line is open from yesterday to tomorrow, and lines like the sample's are closed by their dates.

    Callers of the region have a second for a key, and a short question.
    """
    always_open(values)
    today, lines, hours = datetime.now(ZoneInfo(values["timezone"])).date(), values["lines"], values["hours"]
    for name, first, last in (("season", -1, 1), ("over", -30, -1), ("to-come", 1, 30)):
        days = {"first_day": today + first * DAY, "last_day": today + last * DAY}
        hours[name] = days | {"week": {"mon-sun": ["00:00-24:00"]}}
    lines["epidemic"]["hours"] = "season"
    for like, number, dates in (
        ("epidemic", EPIDEMIC_OVER, "over"),
        ("epidemic", EPIDEMIC_TO_COME, "to-come"),
        ("kazan", KAZAN_CLOSED, "over"),
        ("doctors", DOCTORS_CLOSED, "over"),
    ):
        lines[f"{like}-{dates}"] = deepcopy(lines[like]) | {"numbers": [number], "hours": dates}
    kazan = values["menus"]["kazan"] | {"tries": 2, "wait_seconds": 1}
    kazan["nodes"]["topics"]["prompts"] = ["recording-notice"]
    values["menus"]["kazan"] = kazan


CHANGE = seasons


async def test_toll_free_local_and_short_numbers_are_one_line(centre: LiveCentre) -> None:
    callers = [await centre.call(number) for number in (TOLL_FREE, LOCAL, HOTLINE)]
    for caller in callers:
        await caller.hears(prompt("ru", "greeting-hotline"), within=20)
        assert await centre.of(caller, "select 1 from calls where call_id = ? and line = 'hotline'")


async def test_a_line_for_a_season_serves_in_its_days(centre: LiveCentre) -> None:
    caller = await centre.call(EPIDEMIC)
    await walk(caller, "ru", ("greeting-hotline", ""), ("choose-language", "2"))
    await walk(caller, "en", ("menu-epidemic", "1"), ("epidemic-advice", ""))
    await caller.hang_up()
    [ended] = await centre.of(caller, "select payload from events where call_id = ? and type = 'MenuEnded'")
    assert "self-served" in ended["payload"]


async def test_who_calls_a_line_outside_its_hours_or_days_is_told_so_and_waits_for_an_operator(
    centre: LiveCentre,
) -> None:
    words = {
        EPIDEMIC_OVER: "epidemic-closed",
        EPIDEMIC_TO_COME: "epidemic-closed",
        KAZAN_CLOSED: "closed",
        DOCTORS_CLOSED: "doctors-closed",
    }
    callers = {number: await centre.call(number) for number in words}
    await asyncio.gather(
        *(walk(callers[number], "ru", ("choose-language", "1")) for number in (EPIDEMIC_OVER, EPIDEMIC_TO_COME))
    )
    for number, told in words.items():
        await callers[number].hears(prompt("ru", told), within=20)
    await centre.until(lambda live: waiting(live, "operator") == 4, "all wait for an operator", 15)


async def test_whoever_presses_nothing_or_the_wrong_keys_is_told_so_and_comes_to_a_person(centre: LiveCentre) -> None:
    silent, confused = await centre.call(KAZAN), await centre.call(KAZAN)
    await asyncio.gather(
        walk(confused, "ru", ("greeting-region", "7"), ("not-understood", "8"), ("please-wait", "")),
        walk(silent, "ru", ("greeting-region", ""), ("not-heard", ""), ("please-wait", "")),
    )
    await centre.until(lambda live: waiting(live, "operator") == 2, "both wait for an operator", 15)


async def test_one_key_leads_from_the_menu_to_a_nurse_on_the_emergency_line(centre: LiveCentre) -> None:
    elena = await centre.seat("elena")
    caller = await centre.call(HOTLINE)
    await walk(caller, "ru", ("greeting-hotline", "9"))
    ring = await elena.rung(within=10)
    assert ring.shown == "Hotline ru Emergency"
    await ring.hears(prompt("ru", "whisper-emergency"), within=8)
    await caller.hears(Tone(AGENT_HZ), within=8)
    await ring.hears(Tone(CALLER_HZ), within=8)


async def test_a_doctor_whose_pin_is_wrong_three_times_comes_to_the_desk_unverified(centre: LiveCentre) -> None:
    galina = await centre.seat("galina")
    caller = await centre.call(DOCTORS)
    since = await walk(caller, "ru", ("enter-clinic", "2044#"), ("enter-pin", "1111#"))
    for pin in ("2222#", "3333#"):
        since = await walk(caller, "ru", ("pin-wrong", "2044#"), ("enter-pin", pin), since=since)
    await walk(caller, "ru", ("pin-wrong", ""), ("pin-unverified", ""), since=since)
    await galina.rung(within=15)
    await caller.hears(Tone(AGENT_HZ), within=8)
    [queued] = await centre.of(caller, "select payload from events where call_id = ? and type = 'CallerQueued'")
    assert '"unverified"' in queued["payload"] and "northgate" not in queued["payload"]
    told = str(await centre.of(caller, "select payload from events where call_id = ?"))
    assert not re.search(r"(?<!\d)(2044|1111|2222|3333)(?!\d)", told)
