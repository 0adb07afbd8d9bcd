"""What do callers hear of their place and their wait, and does a free agent still reach them at once meanwhile?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from synthetic.dialog import Dialog
from synthetic.tones import AnySound, Tone
from tests.e2e.centre import AGENT_HZ, DIRECT, HOTLINE, LiveCentre, always_open, eventually, live_centre, prompt
from tests.e2e.outages import frozen

pytestmark = pytest.mark.asyncio(loop_scope="module")

DIRECT_AZ = "+447700900199"
LONGEST_ANNOUNCEMENT = 8.0
SPOKEN_WITHIN = 15.0
"""The first announcement is due after 4 s of waiting (tests/e2e/hasty_service)."""


def azerbaijani_too(values: dict[str, Any]) -> None:
    """The direct number has a sister for those who speak Azerbaijani, as anna does a little."""
    always_open(values)
    values["agents"]["anna"]["skills"]["lang:az"] = 3
    values["lines"]["direct-az"] = {**values["lines"]["direct"], "numbers": [DIRECT_AZ], "languages": ["az"]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveCentre]:
    async with live_centre(tmp_path_factory.mktemp("words"), change=azerbaijani_too, service=False) as centre:
        await centre.start_service("tests.e2e.hasty_service")
        yield centre


async def two_wait_for_anna(centre: LiveCentre) -> tuple[Dialog, Dialog, Dialog]:
    """The caller who talks with the only agent, the next one, and one more."""
    await centre.seat("anna")
    talking = await centre.call(DIRECT)
    await talking.hears(Tone(AGENT_HZ), within=8)
    callers = []
    for waiting, number in ((1, DIRECT), (2, DIRECT_AZ)):
        callers.append(await centre.call(number))
        await centre.until(
            lambda live, n=waiting: n == sum(c["state"] == "waiting" for c in live["calls"]), "one waits"
        )
    return talking, callers[0], callers[1]


async def test_waiting_callers_hear_place_and_wait_and_an_agent_reaches_them_in_the_middle_of_it(
    centre: LiveCentre,
) -> None:
    talking, following, last = await two_wait_for_anna(centre)
    await following.hears(prompt("ru", "position-next"), within=SPOKEN_WITHIN)
    await talking.hang_up()
    await centre.phones["anna"].rung(within=2, count=2)
    await following.hears(Tone(AGENT_HZ), within=8)
    for words in ("position-is", "num-2", "wait-is"):
        await last.hears(prompt("az", words), within=8)
    await last.hears(prompt("az", "position-next"), within=SPOKEN_WITHIN + 12)


async def test_the_language_chosen_in_the_menu_is_that_of_the_announcements(centre: LiveCentre) -> None:
    await centre.seat("anna")
    talking = await centre.call(DIRECT)
    await talking.hears(Tone(AGENT_HZ), within=8)
    caller = await centre.call(HOTLINE)
    for lang, words, key in (("ru", "choose-language", "2"), ("en", "menu-hotline", "0")):
        await caller.hears(prompt(lang, words), within=20)
        await caller.press(key)
    for words in ("position-next", "wait-is"):
        await caller.hears(prompt("en", words), within=SPOKEN_WITHIN)


async def test_a_key_pressed_into_an_announcement_leaves_the_caller_waiting_with_music(centre: LiveCentre) -> None:
    _, following, _ = await two_wait_for_anna(centre)
    await following.hears(prompt("ru", "position-next"), within=SPOKEN_WITHIN)
    for key in "5#":
        await following.press(key)
    over = asyncio.get_running_loop().time() + LONGEST_ANNOUNCEMENT
    await following.hears(AnySound(), within=LONGEST_ANNOUNCEMENT + 2, since=over)
    live = await centre.live()
    assert sorted(call["state"] for call in live["calls"]) == ["talk", "waiting", "waiting"]


async def test_a_service_that_stands_still_in_the_middle_of_an_announcement_is_found_out(centre: LiveCentre) -> None:
    _, following, _ = await two_wait_for_anna(centre)
    await following.hears(prompt("ru", "position-next"), within=SPOKEN_WITHIN)
    async with frozen(centre):

        async def both_in_app_queue() -> bool | None:
            return (await centre.cli("core show channels concise")).count("!Queue!") == 2 or None

        await eventually(both_in_app_queue, "both are in the fallback", 8)
