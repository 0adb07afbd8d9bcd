"""Do coordinator, regional centre and head office serve a regional caller in turn (Q23), or head office with the
coordinator (Q25)?"""

from __future__ import annotations

from typing import Any

import pytest

from synthetic.tones import Tone
from tests.e2e.centre import AGENT_HZ, CALLER_HZ, LiveCentre, waiting
from tests.e2e.outages import kill, restart
from tests.e2e.test_third_party import HALF
from tests.e2e.test_transfers import SECOND_HZ, THIRD_HZ, hear_each_other, talks_with, without_whisper

pytestmark = pytest.mark.asyncio(loop_scope="module")

REGION, CAPITAL = "+442079460790", "+442079460791"


def a_region(values: dict[str, Any]) -> None:
    """Kazan without its menu, where the centre helps after 2 s and head office after 5 s; and a line that leads to head
    office at once, where the coordinator joins in."""
    without_whisper(values)
    queue = values["queues"]["kazan"]
    queue["relaxation"] = [{"after_seconds": 2, "levels": {"region:*": 0}}]
    queue["overflow"] = [{"when": "long", "after_seconds": 5, "to": "queue", "queue": "operator"}]
    queue["preferred_seconds"] = 2
    values["lines"]["region"] = a_line("Region", REGION, "kazan")
    joins = {"region": "kazan", "coordinator_joins": True}
    values["lines"]["capital"] = a_line("Capital", CAPITAL, "operator") | joins


CHANGE = a_region


def a_line(label: str, number: str, queue: str) -> dict[str, Any]:
    line = {"label": label, "kind": "direct", "numbers": [number], "queue": queue, "languages": ["ru"]}
    return line | {"coordinator": "leila"}


async def test_coordinator_then_regional_centre_then_head_office(centre: LiveCentre) -> None:
    await centre.seat("leila")  # the coordinator of Kazan
    await centre.seat("farid", hz=SECOND_HZ)  # a coordinator of Baku
    anna = await centre.seat("anna", hz=THIRD_HZ)  # an operator at head office
    callers = [await centre.call(REGION)]
    await callers[0].hears(Tone(AGENT_HZ), within=8)
    callers.append(await centre.call(REGION))
    await centre.until(lambda live: waiting(live, "kazan") == 1, "the second caller waits for leila")
    await callers[1].hears(Tone(SECOND_HZ), within=8)
    callers.append(await centre.call(REGION))
    await callers[2].hears(Tone(THIRD_HZ), within=12)
    assert len(anna.rings) == 1
    served = "select queue, agent_id from waits where call_id = ? and result = 'answered'"
    told = [(await centre.of(caller, served))[0] for caller in callers]
    assert [tuple(row.values()) for row in told] == [("kazan", "leila"), ("kazan", "farid"), ("operator", "anna")]


async def test_a_caller_who_has_overflowed_waits_in_the_other_queue_after_a_restart_too(centre: LiveCentre) -> None:
    caller = await centre.call(REGION)
    await centre.until(lambda live: waiting(live, "operator") == 1, "nobody is there: head office has him", 10)
    await kill(centre)
    await restart(centre)
    await centre.until(lambda live: waiting(live, "operator") == 1, "found there by the next process", 10)
    await centre.seat("anna")
    await caller.hears(Tone(AGENT_HZ), within=8)
    served = "select queue, agent_id from waits where call_id = ? and result = 'answered'"
    assert [tuple(row.values()) for row in await centre.of(caller, served)] == [("operator", "anna")]


async def test_the_coordinator_joins_a_call_that_went_through_the_capital(centre: LiveCentre) -> None:
    await centre.seat("galina")  # a doctor more, for emergencies
    leila = await centre.seat("leila", hz=SECOND_HZ)
    anna = await centre.seat("anna", hz=THIRD_HZ)
    caller = await centre.call(CAPITAL)
    ring, third = await anna.rung(), await leila.rung(within=10)
    for listener, voices in (
        (third, (CALLER_HZ, THIRD_HZ)),
        (caller, (SECOND_HZ, THIRD_HZ)),
        (ring, (CALLER_HZ, SECOND_HZ)),
    ):
        for hz in voices:
            await listener.hears(Tone(hz, share=HALF), within=8)
    await third.hang_up()
    await hear_each_other(caller, ring, THIRD_HZ)
    await centre.until(talks_with(await centre.call_id(caller), "anna", "leila"), "anna talks on, leila is free")
    served = "select agent_id from waits where call_id = ? and result = 'answered'"
    assert [row["agent_id"] for row in await centre.of(caller, served)] == ["anna"]
