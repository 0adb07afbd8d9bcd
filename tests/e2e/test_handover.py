"""Does the agent's screen keep what the caller did in the menu, though the service dies in the talk?"""

from __future__ import annotations

import json
from typing import Any

import pytest

from synthetic.tones import Tone
from tests.e2e.centre import AGENT_HZ, HOTLINE, LiveCentre, always_open, eventually, prompt
from tests.e2e.outages import kill, restart

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHANGE = always_open


async def screen(centre: LiveCentre, call_id: str) -> Any:
    """What the agent's screen is given of the call."""
    return json.loads(await centre.get(f"/api/v1/calls/{call_id}"))


async def test_a_service_that_is_started_again_in_a_talk_shows_what_the_caller_chose(centre: LiveCentre) -> None:
    phone = await centre.seat("anna")
    caller = await centre.call(HOTLINE)
    for name, key in (("choose-language", "1"), ("menu-hotline", "1")):
        await caller.hears(prompt("ru", name), within=20)
        await caller.press(key)
    await phone.rung(within=15)
    await caller.hears(Tone(AGENT_HZ), within=15)
    call_id = await centre.call_id(caller)
    before = await screen(centre, call_id)
    assert before["handover"]["chosen"] and "menu-hotline" in before["handover"]["heard"]
    await centre.of(caller, "select 1 from events where call_id = ? and type = 'MenuHandedOver'")
    await kill(centre)
    await restart(centre)

    async def shown() -> Any:
        return (await screen(centre, call_id))["handover"] if (await centre.live())["calls"] else None

    assert await eventually(shown, "the screen is as before") == before["handover"]
    assert caller.ending is None
    await caller.hang_up()
    await centre.of(caller, "select 1 from calls where call_id = ? and ended_at is not null")
